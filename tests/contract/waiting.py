"""Waiting for an effect, with a deadline."""

from collections.abc import Callable

from drctl.errors import DrctlError
from drctl.ports import Clock


def until(clock: Clock, what: str, reached: Callable[[], bool], seconds: float = 60) -> None:
    """Return once it is so; AssertionError naming it if it does not come about. A passing error is not yet so."""
    deadline = clock.monotonic() + seconds
    said = ""
    while True:
        try:
            if reached():
                return
        except DrctlError as error:
            if not error.transient:
                raise
            said = str(error)
        assert clock.monotonic() < deadline, f"timed out waiting until {what}: {said}"
        clock.sleep(0.1)
