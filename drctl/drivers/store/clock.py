"""The machine's clocks: the only place that reads them."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Implements :class:`drctl.ports.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class UnsleepingClock(SystemClock):
    """A monotonic clock that goes on while the machine is suspended: what others count does, too."""

    def monotonic(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)
