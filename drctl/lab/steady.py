"""One time for a whole run: a step of the wall clock moves nothing that its verdict compares."""

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from drctl.ports import Clock


@dataclass(frozen=True, slots=True)
class SteadyTime:
    """Seconds since 1970, counted on by the monotonic clock from one reading of the wall clock.

    Processes of one machine that share ``offset`` agree on it, for Linux has one monotonic clock for all of them.
    """

    clock: Clock
    offset: float

    @staticmethod
    def begun(clock: Clock) -> "SteadyTime":
        """Return the time that begins with what the wall clock says now."""
        return SteadyTime(clock, clock.now().timestamp() - clock.monotonic())

    def now(self) -> float:
        """Return the seconds since 1970; never less than before."""
        return self.at(self.clock.monotonic())

    def at(self, monotonic: float) -> float:
        """Return the seconds since 1970 of a moment by the monotonic clock."""
        return monotonic + self.offset


@dataclass(frozen=True, slots=True)
class SteadyClock:
    """Implements :class:`drctl.ports.Clock`, with a run's time in place of the wall clock."""

    time: SteadyTime

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time.now(), UTC)

    def monotonic(self) -> float:
        return self.time.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self.time.clock.sleep(seconds)

    def wait_for(self, result: Future[Any], until: float) -> bool:
        return self.time.clock.wait_for(result, until)
