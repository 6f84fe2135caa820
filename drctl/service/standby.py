"""The standby's positions, from the tail that the service follows anyway."""

from collections.abc import Collection
from contextlib import suppress
from threading import Lock

from drctl.errors import DrctlError
from drctl.model.offsets import Committed, TopicPartition
from drctl.monitors import Sessions, follow
from drctl.plans.standby import Held, Positions
from drctl.ports import Clock, SitePorts

CATCH_UP = 0.2
"""Seconds in which the tail may come to its end before the brokers are asked instead."""
KEEPING_UP = 0.01
"""Seconds in which the tail is not looked at again while commits are under way."""
READ_BACK = 0.5
"""Seconds in which a commit shows in the tail; what does not is asked for."""


class TailedStandby:
    """Reads back what was written to the log itself, many groups at once; falls back to asking.

    ``lock`` guards the tail and its sessions.
    """

    def __init__(self, site: SitePorts, sessions: Sessions, lock: Lock, clock: Clock) -> None:
        self._site, self._sessions, self._lock, self._clock = site, sessions, lock, clock
        self._polled = False
        self._kept_up: float | None = None

    def held(self, groups: Collection[str]) -> Held:
        """Return what the tail tells, if its end is reached soon."""
        with self._lock:
            if self._follow(0.0) == 0 or self._follow(CATCH_UP) == 0:
                self._sessions.record(groups)
                return {group: self._known(group) for group in groups}
            self._sessions.record(())  # what the tail brings may be older than what the brokers are asked for
        return self._site.positions.committed(groups)

    def keep_up(self) -> None:
        """Let what is committed be read back while the brokers are at work on the rest."""
        now = self._clock.monotonic()
        if self._kept_up is not None and now - self._kept_up < KEEPING_UP:
            return
        self._kept_up = now
        with self._lock, suppress(DrctlError):  # whoever reads back asks again, and tells
            self._follow(0.0)

    def read_back(self, committed: Held) -> Held:
        """Groups whose positions do not show in time are asked for, so that what is reported as wrong is."""
        deadline = self._clock.monotonic() + READ_BACK
        missing, found = set(committed), dict[str, Positions]()
        while missing and not self._polled and self._clock.monotonic() < deadline:
            with self._lock:
                self._follow(READ_BACK / 10)
                found |= {group: self._known(group) for group in missing if self._shows(group, committed[group])}
            missing -= found.keys()
        return {**found, **self._site.positions.committed(missing)}

    def covered(self, group: str, committed: Positions) -> Positions:
        """Tell it by the log; what follows ours there is told by reading back."""
        found: dict[TopicPartition, Committed] = {}
        with self._lock:
            recorded = tuple(self._sessions.recorded(group))
        left = dict(committed)
        for partition, each in recorded:
            if left.get(partition) == each:
                del left[partition]
            elif partition in left:
                found[partition] = each
        return {partition: each for partition, each in found.items() if partition not in left}

    def _follow(self, seconds: float) -> int | None:
        """Take in what is at hand; returns how much is still to read, None where the tail does not tell in time."""
        if self._polled:
            return None
        followed = follow(self._site.tail, self._sessions, self._clock, seconds)
        self._polled = followed.polled is not None
        return None if self._polled else followed.behind

    def _known(self, group: str) -> Positions:
        return {partition: held.committed for partition, held in self._sessions.positions(group).items()}

    def _shows(self, group: str, committed: Positions) -> bool:
        known = self._sessions.positions(group)
        return all(partition in known and known[partition].committed == c for partition, c in committed.items())
