"""Waiting for an effect, with a deadline."""

from collections.abc import Callable

from drctl.ports import Clock


def until(clock: Clock, what: str, reached: Callable[[], bool], seconds: float = 60) -> None:
    """Return once it is so; AssertionError naming it if it does not come about."""
    deadline = clock.monotonic() + seconds
    while not reached():
        assert clock.monotonic() < deadline, f"in vain: {what}"
        clock.sleep(0.1)
