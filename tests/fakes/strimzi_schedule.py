"""When a stand-in for a Strimzi operator acts: as the operator does, once it is woken, and in its interval."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from tests.fakes.clock import FakeClock
from tests.fakes.kubernetes import FakeApi

INTERVAL = 120.0
"""Seconds between Strimzi's periodic reconciliations, by default."""


@dataclass(eq=False)
class OperatorSchedule:
    """Let ``reconcile`` run after every change of a resource of these ``plurals``, of its metadata and status, too.

    So what it writes down itself wakes it as well. It acts ``delay`` seconds after the change, and ``times`` in a row.
    Every ``interval`` seconds it acts in any case. An operator that is ``away`` acts once it is back.
    """

    api: FakeApi
    clock: FakeClock
    reconcile: Callable[[], None]
    plurals: Collection[str]
    delay: float = 0.0
    times: int = 1
    interval: float = INTERVAL
    away: bool = False
    rounds: int = 0
    """How often it has acted."""
    _seen: int = 0
    _due: list[float] = field(default_factory=list)
    _next: float = 0.0

    def __post_init__(self) -> None:
        self._next = self.clock.monotonic() + self.interval
        self.clock.actors.append(self.tick)

    def tick(self) -> None:
        """Act if it is time."""
        now = self.clock.monotonic()
        if self._changed():
            self._due.append(now + self.delay)
        if self.away or not ((self._due and self._due[0] <= now) or self._next <= now):
            return
        self._due = [due for due in self._due if due > now]
        self._next = now + self.interval
        for _ in range(self.times):
            self.act()

    def act(self) -> None:
        """Act now, whether anything has changed or not."""
        self.rounds += 1
        self.reconcile()

    def _changed(self) -> bool:
        fresh, self._seen = self.api.log[self._seen :], len(self.api.log)
        return any(key[0] in self.plurals for _, key, _ in fresh)
