"""A cycle that is cut short by a newer epoch, and a journal that is silent when the next one begins."""

from datetime import timedelta
from typing import override

import pytest

from drctl.errors import JournalBroken
from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed
from drctl.model.run import Run, RunState
from drctl.monitors import status
from drctl.plans.due import RETRY
from drctl.service.group_sync import GroupSyncLoop
from drctl.service.watch import Watch
from tests.fakes import FakeJournal, FakeWorld
from tests.spec.syncing import at_rest, reached
from tests.spec.test_group_sync import READINGS


class SilentJournal(FakeJournal):
    """Cannot be read while it is ``silent``, as when the disk does not answer for a moment."""

    silent = False

    @override
    def runs(self) -> tuple[tuple[Run, RunState], ...]:
        if self.silent:
            raise JournalBroken("the journal cannot be read")
        return super().runs()


@pytest.fixture
def earth() -> FakeWorld:
    earth = at_rest()
    earth.journal = SilentJournal(earth.clock, earth.effects)
    return earth


@pytest.fixture
def loop(earth: FakeWorld) -> GroupSyncLoop:
    """The part of a service that keeps the standby in sync, with every group kept, billing with metadata of its own."""
    earth.north.groups["billing"].committed[READINGS] = Committed(3, "one")
    loop = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True).keeper
    assert loop is not None
    go_on(earth, loop)
    assert stands(loop) is GroupSyncState.PROVEN
    return loop


def go_on(earth: FakeWorld, loop: GroupSyncLoop, times: int = 5) -> None:
    for _ in range(times):
        loop.cycle_or_tell()
        earth.clock.sleep(0.2)


def stands(loop: GroupSyncLoop) -> GroupSyncState:
    assert loop.group_sync is not None
    return loop.group_sync.statuses["billing"].state


def raise_epoch(earth: FakeWorld) -> None:
    now = earth.epochs.current()
    earth.epochs.raise_to(now + 1, expected=now)


def test_a_commit_cut_short_by_a_newer_epoch_is_ours_though_the_groups_metadata_changes_meanwhile(
    earth: FakeWorld, loop: GroupSyncLoop
) -> None:
    def raise_it(effect: str) -> None:
        if effect == "commit billing at south":
            earth.effects.watchers.remove(raise_it)
            raise_epoch(earth)

    earth.effects.watchers.append(raise_it)
    earth.north.groups["billing"].committed[READINGS] = Committed(5, "two")
    earth.north.groups["dispatch"].committed[READINGS] = Committed(5)
    go_on(earth, loop, 1)
    assert (reached(earth, "billing"), reached(earth)) != (5, 5), "it was cut short between the two"
    assert reached(earth, "billing") == 5, "it was applied, and not read back"
    earth.north.groups["billing"].committed[READINGS] = Committed(7, "three")
    go_on(earth, loop)
    assert (stands(loop), reached(earth, "billing")) == (GroupSyncState.PROVEN, 7)


def test_a_journal_that_is_silent_for_a_moment_does_not_let_the_sync_go_over_what_somebody_set_back(
    earth: FakeWorld, loop: GroupSyncLoop
) -> None:
    raise_epoch(earth)
    set_back = Committed(1, "theirs")
    earth.south.groups["billing"].committed[READINGS] = set_back
    go_on(earth, loop, 1)
    assert isinstance(earth.journal, SilentJournal)
    earth.journal.silent = True
    go_on(earth, loop, 2)
    earth.journal.silent = False
    earth.north.groups["billing"].committed[READINGS] = Committed(5, "two")
    go_on(earth, loop)
    earth.clock.sleep(RETRY)
    go_on(earth, loop)
    assert stands(loop) is GroupSyncState.USED
    assert earth.south.groups["billing"].committed[READINGS] == set_back
