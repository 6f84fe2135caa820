"""The service's other job: the standby's positions follow those of the site that serves."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from threading import Lock
from typing import Any

import structlog

from drctl.errors import DrctlError, Superseded
from drctl.model.group_sync import GroupSyncState, GroupSyncStatus
from drctl.model.offsets import Committed, TopicPartition
from drctl.monitors import Sessions, follow
from drctl.plans.group_sync import GroupSync
from drctl.ports import World
from drctl.redaction import describe
from drctl.service.metrics import Metrics
from drctl.service.standby import TailedStandby
from drctl.service.sync_reporting import SyncReporter
from drctl.service.telling import Telling, Trouble

FOLLOWING = 0.03
"""Seconds in which one cycle takes in what the tail brings: under load there is always more."""
BEGINNING = 0.3
"""The same until the beginning is read: nothing can be done before that."""

PAUSE = 0.1
"""Seconds between two cycles if the first had nothing to do."""

WATCHING = 5.0
"""Seconds between two looks for elections: for so long a position may be late that was proven by a log cut since."""

LOOKING = 3600.0
"""Seconds between two looks for positions that the standby would forget."""


class GroupSyncLoop:
    """Begins again whenever another site serves, a newer decision was made or it comes to lead.

    ``lock`` guards tails and sessions.
    """

    def __init__(
        self,
        world: World,
        sessions: Mapping[str, Sessions],
        lock: Lock,
        metrics: Metrics,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self.world, self.sessions, self.lock, self.metrics, self.leads = world, sessions, lock, metrics, leads
        self.group_sync: GroupSync | None = None
        self.before: GroupSync | None = None
        self.refresh_at = self.watch_at = 0.0
        self.again: frozenset[TopicPartition] = frozenset()
        self.following = BEGINNING
        self.reporter = SyncReporter(world)
        self.trouble = Trouble("group-sync-failed", usual=PAUSE)
        self.groups, self.anew = Telling(), Telling()
        self.known = frozenset[str]()
        self.kept_at: float | None = None
        metrics.group_sync_age.set_function(self.age)
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)

    @property
    def pause(self) -> float:
        """Seconds until the next cycle, where this one had nothing to do or failed."""
        return self.trouble.pause

    def age(self) -> float:
        """Seconds since what is shown of the groups was certainly so; not a number before the first time."""
        return float("nan") if self.kept_at is None else self.world.clock.monotonic() - self.kept_at

    def cycle_or_tell(self) -> bool:
        """One cycle; what fails is counted, told when it changes, and stays due for the next one.

        Returns whether there was something to do: then more may have come meanwhile. While nothing is kept, and while
        nobody knows whether it is, nothing is shown of the groups but the age of what was known.
        """
        try:
            busy = self.cycle()
        except Superseded as newer:
            self._end(self.group_sync)
            self.before, self.group_sync = self.group_sync, None
            self.metrics.hide_group_sync()
            if self.anew.changed("why", str(newer)):
                self.log.info("group-sync-restarted", why=str(newer))
        except DrctlError as error:
            self._failed(self.log.warning, str(error), {"remedy": error.remedy})
        except Exception as error:  # noqa: BLE001 - it is logged with its traceback
            self._failed(self.log.exception, describe(error), {})
        else:
            self.trouble.over(self.log)
            self.anew.changed("why", None)
            return busy
        return False

    def _end(self, ended: GroupSync | None) -> None:
        """Note what it left last, unless another service leads by now, which notes its own."""
        if ended is not None and self.leads():
            with suppress(DrctlError):  # what was noted last stands, and an undo is certain of less
                self.reporter.end(ended)

    def _failed(self, tell: Callable[..., Any], why: str, more: Mapping[str, object]) -> None:
        self.metrics.group_sync_failed.inc()
        self.metrics.hide_group_sync()
        self.trouble.met(tell, why, more)

    def cycle(self) -> bool:
        """Take in what moved at the site that serves, and bring it to the other; returns whether there was anything."""
        if not self.leads():
            return self._keep_nothing()
        source = self.world.client_routing.site()
        target = next((there for here, there in self.world.links if here == source), None)
        if source is None or target is None:
            return self._keep_nothing()
        sessions, groups = self.sessions[source], frozenset(self.world.plan.groups)
        if self.group_sync is not None and self.group_sync.source == source:
            self._watch(self.group_sync)
        with self.lock:
            followed = follow(self.world.sites[source].tail, sessions, self.world.clock, self.following)
            self.following = BEGINNING if followed.behind is None else FOLLOWING
            moved: Mapping[str, Iterable[TopicPartition]] = sessions.take_moved()
            if self.group_sync is None or self.group_sync.source != source:
                site = self.world.sites[target]
                standby = TailedStandby(site, self.sessions[target], self.lock, self.world.clock)
                self.group_sync = GroupSync(self.world, source, target, standby, leads=self.leads, before=self.before)
                # Not before it is made, which reads the journal: where that is silent for a moment, what this process
                # knows would be lost, and a position that somebody set back be taken for nobody's.
                self.before = None
                self.known, self.again = frozenset(), frozenset()
            # All positions of a sink's group that has become known: they moved while nobody knew that it is one.
            moved = {**moved, **{group: tuple(sessions.positions(group)) for group in groups - self.known}}
            self.known |= groups
            if self.again:
                kept = {group: self.again & sessions.positions(group).keys() for group in groups}
                moved = {group: {*moved.get(group, ()), *kept.get(group, ())} for group in moved.keys() | kept.keys()}
                self.again = frozenset()
            self.group_sync.forget(sessions.take_forgotten())
            self.group_sync.note(
                {group: _committed(sessions, group, partitions) for group, partitions in moved.items()}
            )
        if followed.behind is None:
            # The topic keeps a position until it is compacted, so that the beginning tells many old ones of
            # each group in a row.
            return False  # the beginning is not read yet: old positions would be carried over one by one
        self.group_sync.undecided = sessions.undecided
        seen = self.group_sync.cycle()
        if self.group_sync.blocked_by_run:
            self.metrics.hide_group_sync()
            return False
        self._show(self.group_sync, seen)
        self.reporter.take(self.group_sync, seen)
        self._refresh(self.group_sync)
        return bool(seen) or self.group_sync.more

    def _keep_nothing(self) -> bool:
        self.before = self.group_sync = None
        self.metrics.hide_group_sync()
        return False

    def _show(self, group_sync: GroupSync, seen: Mapping[str, GroupSyncStatus]) -> None:
        """As metrics; and as a line for each group that cannot be kept, when that begins, changes or ends."""
        self.kept_at = self.world.clock.monotonic()
        self.metrics.show_group_sync(group_sync.shown(), seen)
        for group, each in seen.items():
            troubled = each.state in (GroupSyncState.FAILED, GroupSyncState.CONTESTED)
            if troubled:
                self.metrics.group_sync_failed.inc()
            if self.groups.changed(group, (each.state, each.why) if troubled else None):
                if troubled:
                    self.log.warning("group-not-kept", group=group, state=each.state.value, why=each.why)
                else:
                    self.log.info("group-kept-again", group=group)

    def _watch(self, group_sync: GroupSync) -> None:
        """From time to time look for elections: what was committed by a log that has lost its end may be late."""
        if self.world.clock.monotonic() >= self.watch_at:
            self.watch_at = self.world.clock.monotonic() + WATCHING
            self.again |= group_sync.reelected()

    def _refresh(self, group_sync: GroupSync) -> None:
        """From time to time look for groups whose positions at the standby are half as old as they may get there."""
        if self.world.clock.monotonic() < self.refresh_at:
            return
        self.refresh_at = self.world.clock.monotonic() + LOOKING
        retention = self.world.sites[group_sync.target].brokers.cluster().offsets_retention
        if retention is None:
            self.log.warning("retention-unknown", site=group_sync.target)
            return
        self.refresh_at = self.world.clock.monotonic() + min(LOOKING, retention.total_seconds() / 10)
        oldest = (self.world.clock.now() - retention / 2).timestamp() * 1000
        sessions = self.sessions[group_sync.target]
        with self.lock:
            kept = [(group, each) for group in self.world.plan.groups for each in sessions.positions(group).values()]
            old = list(dict.fromkeys(group for group, each in kept if each.milliseconds < oldest))
        if old:
            self.log.info("positions-refreshed", site=group_sync.target, groups=group_sync.refresh(old))


def _committed(
    sessions: Sessions, group: str, partitions: Iterable[TopicPartition]
) -> Mapping[TopicPartition, Committed]:
    held = sessions.positions(group)
    return {partition: held[partition].committed for partition in partitions if partition in held}
