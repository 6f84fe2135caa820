"""When Strimzi's operator is woken: a few times, each time later."""

from drctl.ports import Clock

FIRST = 3.0
"""Seconds until an operator is woken for the first time. Measured, Connect stops a link within two; clients wait."""
MOST = 4
"""Times that it is woken for one thing: after 3, 9, 21 and 45 seconds. Who is not up by then has other troubles."""


class WakeSchedule:
    """The moments at which it is time to wake an operator, counted from when the schedule was made."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.times = clock, 0
        self._next = clock.monotonic() + FIRST

    def due(self) -> bool:
        """Whether it is time now; then the next moment is due, also if the operator could not be woken at this one."""
        now = self.clock.monotonic()
        if self.times >= MOST or now < self._next:
            return False
        self.times += 1
        # From now on, not from when it was due: who was not asked for a while is not to wake it twice at once.
        self._next = now + FIRST * 2**self.times
        return True
