"""Waiting for an effect, with a deadline."""

from collections.abc import Callable
from operator import itemgetter

from drctl.errors import DrctlError
from drctl.ports import Clock, Replication


def until(clock: Clock, what: str, reached: Callable[[], bool], seconds: float = 60) -> None:
    """Return once it is so; AssertionError naming it if it does not come about. A passing error is not yet so."""
    settled(clock, what, reached, bool, seconds)


def settled[T](clock: Clock, what: str, look: Callable[[], T], wanted: Callable[[T], bool], seconds: float = 60) -> T:
    """Look again until what is seen is as wanted, and return it; AssertionError with the last look if it never is.

    For everything that others still change: what one look shows there depends on how fast the machine is. A passing
    error is a look that shows nothing.
    """
    deadline = clock.monotonic() + seconds
    while True:
        try:
            seen = look()
            if wanted(seen):
                return seen
            said = repr(seen)
        except DrctlError as error:
            if not error.transient:
                raise
            said = str(error)
        assert clock.monotonic() < deadline, f"timed out waiting until {what}: {said}"
        clock.sleep(0.1)


def works(clock: Clock, replication: Replication, seconds: float = 60) -> None:
    """Wait until all of a link's connectors and tasks run; AssertionError with what Connect told last of each."""

    def look() -> tuple[bool, list[tuple[object, ...]]]:
        seen = replication.status()
        return seen.working, [(each.name, each.state, each.tasks) for each in seen.connectors]

    settled(clock, "the link works", look, itemgetter(0), seconds)
