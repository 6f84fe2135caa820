"""The machine's clocks: the only place that reads them."""

import time
from concurrent.futures import Future, wait
from datetime import UTC, datetime
from typing import Any


class SystemClock:
    """Implements :class:`drctl.ports.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wait_for(self, result: Future[Any], until: float) -> bool:
        return bool(wait([result], max(0.0, until - self.monotonic())).done)


class UnsleepingClock(SystemClock):
    """A monotonic clock that goes on while the machine is suspended: what others count does, too."""

    def monotonic(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME)
