"""Keep what drctl calls the cause while something is wrong: a site looked at again and again."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from drctl.decide.health import diagnose
from drctl.decide.response import proposed, response
from drctl.errors import DrctlError, NotFound
from drctl.model.cause import Cause, CauseScope, Response, SiteHealth
from drctl.model.sight import Sight
from drctl.monitors import SiteObservers, status
from drctl.ports import Clock, World

BREATH = 0.5
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class HealthLook:
    """One look at a site: between which seconds of the monotonic clock, and what it came to."""

    began: float
    ended: float
    found: SiteHealth

    def cause_of(self, broker: int) -> Cause | None:
        """The cause that explains a broker; None where none does."""
        return next((each for each in self.found.causes if broker in each.brokers), None)

    @property
    def proposes_failover(self) -> bool:
        """Whether anybody who reads it is told to fail over."""
        told = [proposed(self.found), *map(response, self.found.causes)]
        return any(each is not None and each.do is Response.FAILOVER for each in told)


def named(looks: Iterable[HealthLook], broker: int) -> Counter[CauseScope]:
    """By how many looks the cause that explains a broker was called how."""
    found = (look.cause_of(broker) for look in looks)
    return Counter(each.scope for each in found if each is not None)


def sight_of(world: World, observers: SiteObservers, site: str) -> Sight:
    """All that one look of ``drctl status`` sees of a site. NotFound for one that the plan file does not name."""
    for each in status(world, observers).sites:
        if each.facts.name == site:
            return each.sight
    raise NotFound(f"the plan file has no site {site}", remedy="name one of its sites")


def health_of(world: World, observers: SiteObservers, site: str) -> SiteHealth:
    """Diagnose what one look at a site sees."""
    seen = sight_of(world, observers, site)
    return diagnose(seen, seen.seen_at)


class CauseWatch:
    """Looks at a site in a thread, until its end. A look that fails counts as none: what it would show is unknown."""

    def __init__(self, look: Callable[[], SiteHealth], clock: Clock) -> None:
        self._look, self._clock = look, clock
        self._looks: list[HealthLook] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="cause-watch", daemon=True)

    def begin(self) -> None:
        """Begin to look."""
        self._thread.start()

    def end(self) -> None:
        """End once the look that is under way has ended."""
        self._ended.set()
        self._thread.join()

    def since(self, moment: float) -> tuple[HealthLook, ...]:
        """The looks that began at that moment of the monotonic clock or later, and have ended."""
        return tuple(look for look in tuple(self._looks) if look.began >= moment)

    def _go_on(self) -> None:
        while not self._ended.is_set():
            began = self._clock.monotonic()
            try:
                found = self._look()
            except DrctlError:
                pass
            else:
                self._looks.append(HealthLook(began, self._clock.monotonic(), found))
            self._ended.wait(BREATH)


@contextmanager
def watching(look: Callable[[], SiteHealth], clock: Clock) -> Iterator[CauseWatch]:
    """A watch that ends with the block."""
    watch = CauseWatch(look, clock)
    watch.begin()
    try:
        yield watch
    finally:
        watch.end()
