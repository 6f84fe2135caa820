"""Causes over time: what stays is confirmed and worth a page, what comes and goes is said to flap."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from drctl.decide.freshness import Limits
from drctl.model.cause import Cause, Course, Phase, SiteHealth

type Courses = Mapping[str, Course]
"""By :attr:`drctl.model.cause.Cause.key`."""

STANDING = (Phase.CONFIRMED, Phase.CLEARING)


def follow(before: Courses, look: SiteHealth, now: datetime, limits: Limits | None = None) -> Courses:
    """The courses of one site's causes after one more look.

    In a look that was partly blind a cause that was not found may still be there: it stays as it was.
    """
    limits = limits or Limits()
    seen = {cause.key: cause for cause in look.causes}
    after = {key: Course(cause, Phase.SUSPECTED, True, now, (now,)) for key, cause in seen.items() if key not in before}
    for key, was in before.items():
        # Unknown is not healthy: a cause must not clear because the API server stopped answering.
        if key not in seen and look.blind:
            after[key] = was
            continue
        course = _turned(was, seen.get(key), now, limits)
        phase = _phase(was, course, now, limits)
        if course.turns or course.present:
            after[key] = replace(course, phase=phase, paged=course.paged and phase is not Phase.OVER)
    return after


def pages(courses: Courses) -> Iterator[Course]:
    """Courses that somebody must be told of and has not been: call :func:`told` once that is done.

    Those that flap are shown and page nobody.
    """
    return (each for _, each in sorted(courses.items()) if each.phase is Phase.CONFIRMED and not each.paged)


def told(courses: Courses, paged: Iterable[Course]) -> Courses:
    """The same courses with these marked as told."""
    keys = {each.cause.key for each in paged}
    return {key: replace(each, paged=True) if key in keys else each for key, each in courses.items()}


def _turned(was: Course, cause: Cause | None, now: datetime, limits: Limits) -> Course:
    present = cause is not None
    turned = present != was.present
    turns = tuple(turn for turn in (*was.turns, *((now,) if turned else ())) if now - turn <= limits.memory)
    return Course(cause or was.cause, was.phase, present, now if turned else was.since, turns, was.paged)


def _phase(was: Course, course: Course, now: datetime, limits: Limits) -> Phase:
    stood = now - course.since
    # Flapping pages nobody: who is woken four times in a quarter of an hour stops reading pages. It is
    # shown, and pages once it has stood long enough.
    if len(course.turns) >= limits.flaps and stood < limits.clear:
        return Phase.FLAPPING
    if not course.present:
        if stood >= limits.clear:
            return Phase.OVER
        return Phase.CLEARING if was.phase in STANDING else Phase.SUSPECTED
    return Phase.CONFIRMED if stood >= limits.confirm or was.phase in STANDING else Phase.SUSPECTED
