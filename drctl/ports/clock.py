"""Time, so that everything that waits can be tested without waiting."""

from concurrent.futures import Future
from datetime import datetime
from typing import Any, Protocol


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

    def wait_for(self, result: "Future[Any]", until: float) -> bool:
        """Wait for what another thread brings, at the latest until then by :meth:`monotonic`; whether it came."""
        ...
