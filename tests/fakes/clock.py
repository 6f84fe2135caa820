"""Time that passes only in ``sleep``, and lets the rest of the world act while it does."""

import math
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from datetime import UTC, datetime, timedelta
from typing import Any

_DAWN = datetime(2026, 1, 1, tzinfo=UTC)
_BUSY = 120.0
"""Seconds of the machine's own in which anything but :class:`StandsStill` comes to its end."""


class StandsStill(BaseException):
    """Raised by a fake that would not answer before anybody's deadline: no error that a caller could take for one."""


def never_answers(*_: object, **_more: object) -> Any:
    """Be asked, and not answer."""
    raise StandsStill


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


class FakeClock:
    """``actors`` are called once per ``tick`` of slept seconds.

    Who waits for something that stands still has waited until the deadline. That is so for the main thread alone: the
    others work beside it, at their own pace.
    """

    def __init__(self, tick: float = 0.1) -> None:
        self.actors: list[Callable[[], None]] = []
        self._tick = tick
        self._elapsed = 0.0
        self._set = timedelta(0)
        self._waited = 0.0

    def now(self) -> datetime:
        return _DAWN + timedelta(seconds=self.monotonic()) + self._set

    def monotonic(self) -> float:
        # Most worlds never waited, and the specs ask a million times.
        return self._elapsed + (self._waited if self._waited and _is_main() else 0.0)

    def jump(self, span: timedelta) -> None:
        """Let time pass in which nobody acts."""
        self._elapsed += span.total_seconds()

    def set(self, by: timedelta) -> None:
        """Set the wall clock on, or back; no time passes."""
        self._set += by

    def wait_for(self, result: Future[Any], until: float) -> bool:
        assert wait([result], _BUSY).done, "it was waited for, and neither ended nor stood still"
        if not isinstance(result.exception(), StandsStill):
            return True
        if _is_main():
            self._waited += max(0.0, until - self.monotonic())
        return False

    def sleep(self, seconds: float) -> None:
        ticks = max(1, math.ceil(round(seconds / self._tick, 6)))
        for _ in range(ticks):
            self._elapsed += seconds / ticks
            for act in tuple(self.actors):
                act()
