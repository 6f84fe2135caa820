"""Write down how the standby is kept, so that who begins a planned move later knows it, also where no service runs."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from drctl.model.group_sync import GroupSyncState, GroupSyncStatus
from drctl.model.sync_report import FailingGroup, SyncReport
from drctl.plans.group_sync import GroupSync
from drctl.ports import World

NOTED = timedelta(seconds=5)
"""The most between two reports of the same: a sixth of the time after which a position counts as stale, and ten times
a second would wear the disk."""
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

    def take(self, sync: GroupSync) -> None:
        """Take in a cycle that has ended. JournalBroken or Locked where it cannot be noted."""
        now, before = self._world.clock.now(), self._before(sync)
        statuses = sync.shown()
        failing = _failing(before.failing if before else {}, statuses, now)
        left = frozenset(group for group, each in statuses.items() if each.state in LEFT_ALONE)
        report = SyncReport(sync.source, sync.target, sync.epoch, now, failing, left)
        if before is None or before is not self._last or _is_news(before, report):
            self._world.sync_reports.note(report)
            self._last = report

    def _before(self, sync: GroupSync) -> SyncReport | None:
        """Return the last report about what it keeps; one of an earlier process tells since when a group fails."""
        last, about = self._last, (sync.source, sync.target, sync.epoch)
        if last is None or not last.is_about(*about):
            last = self._world.sync_reports.last(sync.target)
        return last if last is not None and last.is_about(*about) else None


def _is_news(before: SyncReport, report: SyncReport) -> bool:
    same = before.failing.keys() == report.failing.keys() and before.left_alone == report.left_alone
    # A clock that was set back must not silence it until the old time has come again.
    return not (same and timedelta(0) <= report.at - before.at < NOTED)


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
