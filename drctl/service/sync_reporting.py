"""Write down how the standby is kept, so that who begins a planned move later knows it, also where no service runs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from drctl.model.group_sync import GroupSyncState, GroupSyncStatus
from drctl.model.sync_report import FailingGroup, SyncReport
from drctl.plans.group_sync import GroupSync
from drctl.plans.standby import Held, Positions
from drctl.ports import World

NOTED = timedelta(seconds=5)
"""The most between two reports of the same: a sixth of the time after which a position counts as stale, and ten times
a second would wear the disk."""
UNSTAMPED = 20_000
"""Positions without a stamp that are noted at most, 2 MB; of groups beyond that an undo is not certain, and says so."""
LEFT_ALONE = frozenset(
    {GroupSyncState.USED, GroupSyncState.CONTESTED, GroupSyncState.ACTIVE, GroupSyncState.HANDED_OVER}
)
"""States in which nobody means to keep the positions; rules of their own tell of them where they stand in the way.

Refused and hidden ones are not among them: a healthy group is in either state for moments at any time.
"""


class SyncReporter:
    """Takes in every cycle, and notes what changed at once, all else from time to time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._last: SyncReport | None = None

    def take(self, sync: GroupSync, seen: Mapping[str, GroupSyncStatus]) -> None:
        """Take in a cycle that has ended, with the groups it had to do with. JournalBroken or Locked if not noted."""
        now, about = self._world.clock.now(), (sync.source, sync.target, sync.epoch)
        last = self._last if self._last is not None and self._last.is_about(*about) else None
        # A clock that was set back must not silence it until the old time has come again.
        if last is not None and timedelta(0) <= now - last.at < NOTED and not _is_news(last, seen):
            return
        # An earlier process knew since when a group fails.
        before = last or self._world.sync_reports.last(sync.target)
        statuses = sync.shown()
        failing = _failing(before.failing if before is not None and before.is_about(*about) else {}, statuses, now)
        left = frozenset(group for group, each in statuses.items() if each.state in LEFT_ALONE)
        self._note(SyncReport(*about, now, failing, left, _some(sync.unstamped())))

    def end(self, sync: GroupSync) -> None:
        """Note what a sync that a newer epoch ended has left last: who raised it may be about to undo that."""
        last = self._last
        if last is not None and last.is_about(sync.source, sync.target, sync.epoch):
            self._note(replace(last, unstamped=_some(sync.unstamped())))

    def _note(self, report: SyncReport) -> None:
        self._world.sync_reports.note(report)
        self._last = report


def _some(unstamped: Held) -> Held:
    """As many of the groups, whole, as are noted."""
    found: dict[str, Positions] = {}
    count = 0
    for group, positions in sorted(unstamped.items()):
        count += len(positions)
        if count > UNSTAMPED:
            break
        found[group] = positions
    return found


def _is_news(last: SyncReport, seen: Mapping[str, GroupSyncStatus]) -> bool:
    """Whether one of these groups stands otherwise than was noted last."""
    return any(
        (each.state is GroupSyncState.FAILED) != (group in last.failing)
        or (each.state in LEFT_ALONE) != (group in last.left_alone)
        for group, each in seen.items()
    )


def _failing(
    before: Mapping[str, FailingGroup], statuses: Mapping[str, GroupSyncStatus], now: datetime
) -> Mapping[str, FailingGroup]:
    """Return the groups that fail, each since it was first seen to; of what is not known yet the last word stands."""
    found = {group: each for group, each in before.items() if group not in statuses}
    for group, status in statuses.items():
        if status.state is GroupSyncState.FAILED:
            since = before[group].since if group in before else now
            found[group] = FailingGroup(since, status.why)
    return found
