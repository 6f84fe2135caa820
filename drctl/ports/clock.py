"""Time, so that everything that waits can be tested without waiting."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall clock for what people read, monotonic clock for durations and deadlines."""

    def now(self) -> datetime:
        """The wall clock, in UTC, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let that time pass."""
        ...
