"""Time that passes only in ``sleep``, and lets the rest of the world act while it does."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_DAWN = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    """``actors`` are called once per ``tick`` of slept seconds."""

    def __init__(self, tick: float = 0.1) -> None:
        self.actors: list[Callable[[], None]] = []
        self._tick = tick
        self._elapsed = 0.0
        self._set = timedelta(0)

    def now(self) -> datetime:
        return _DAWN + timedelta(seconds=self._elapsed) + self._set

    def monotonic(self) -> float:
        return self._elapsed

    def jump(self, span: timedelta) -> None:
        """Let time pass in which nobody acts."""
        self._elapsed += span.total_seconds()

    def set(self, by: timedelta) -> None:
        """Set the wall clock on, or back; no time passes."""
        self._set += by

    def sleep(self, seconds: float) -> None:
        ticks = max(1, math.ceil(round(seconds / self._tick, 6)))
        for _ in range(ticks):
            self._elapsed += seconds / ticks
            for act in tuple(self.actors):
                act()
