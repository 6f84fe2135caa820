"""Causes over time: hysteresis, flapping, and whom to wake."""

from datetime import timedelta

import pytest

from drctl.decide.course import Courses, follow, pages, told
from drctl.model.cause import Cause, CauseScope, SiteHealth
from tests.unit.decide.sights import NOW

CAUSE = Cause(CauseScope.NODE, "node-1", ("it fell silent",))
EVERY = 10
"""Seconds between looks."""


class Watcher:
    """Looks every ten seconds: ``#`` the cause is there, ``.`` it is not, ``?`` nothing could be seen."""

    def __init__(self) -> None:
        self.courses: Courses = {}
        self.seconds = 0
        self.pages: list[int] = []

    def see(self, looks: str) -> str:
        for look in looks:
            now = NOW + timedelta(seconds=self.seconds)
            seen = SiteHealth("north", (CAUSE,) if look == "#" else (), ("blind",) if look == "?" else ())
            self.courses = follow(self.courses, seen, now)
            due = list(pages(self.courses))
            self.pages += [self.seconds for _ in due]
            self.courses = told(self.courses, due)
            self.seconds += EVERY
        course = self.courses.get(CAUSE.key)
        return course.phase.value if course else "none"


@pytest.mark.parametrize(
    ("looks", "phase", "paged"),
    [
        ("#", "suspected", 0),
        ("##", "suspected", 0),
        ("###", "confirmed", 1),
        ("##########", "confirmed", 1),
        ("#.", "suspected", 0),
        ("###.", "clearing", 1),
        ("###.#", "confirmed", 1),
        ("###.......", "over", 1),
        ("#.#.#.#.#.#.#.#.#.#.", "flapping", 0),
        ("#.#.#.########", "confirmed", 1),
        ("###???????????", "confirmed", 1),
        ("#?", "suspected", 0),
        ("." * 10, "none", 0),
    ],
)
def test_a_cause_runs_its_course(looks: str, phase: str, paged: int) -> None:
    watcher = Watcher()
    assert watcher.see(looks) == phase
    assert len(watcher.pages) == paged


def test_a_cause_that_was_over_and_comes_again_pages_again() -> None:
    watcher = Watcher()
    watcher.see("###" + "." * 100 + "###")
    assert len(watcher.pages) == 2


def test_one_that_comes_and_goes_slowly_pages_until_it_flaps() -> None:
    watcher = Watcher()
    assert watcher.see(("###" + "." * 8) * 6 + "###") == "flapping"
    assert len(watcher.pages) == 2


def test_what_was_over_long_ago_is_forgotten() -> None:
    watcher = Watcher()
    assert watcher.see("###" + "." * 100) == "none"
