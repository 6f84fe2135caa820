"""One time for a whole run: a step of the wall clock moves nothing that its verdict compares."""

from dataclasses import dataclass

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
