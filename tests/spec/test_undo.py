"""Undo of what group-offset sync has committed: continued wherever it was cut off, and taken back by nobody."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from drctl.errors import PartlyRefused, Refused
from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunResult, RunState
from drctl.monitors import status
from drctl.plans import runner, undo
from drctl.plans.due import RETRY
from drctl.plans.selection import UNDO, narrowed
from drctl.plans.stamp import Stamp
from drctl.plans.unfinished import unfinished
from drctl.ports import World
from drctl.service.sync_reporting import SyncReporter
from drctl.service.watch import Watch
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.handing_over import hand_over, stop, take_back
from tests.spec.harness import RecordingObserver, go_on, killed_at, switch
from tests.spec.syncing import state
from tests.spec.test_group_sync import READINGS, Keeper, require_exact

GROUP = "dispatch"
type Positions = dict[TopicPartition, Committed]


def synced_over(own: str = "") -> tuple[FakeWorld, Positions]:
    """A standby at which somebody had positions of the group, and that was kept in sync over them; and those.

    ``own`` is the metadata with which the group commits.
    """
    earth = fake_world()
    earth.come_to_rest()
    here = earth.north.groups[GROUP].committed
    here.update({p: Committed(each.offset, own) for p, each in here.items()})
    had = {p: Committed(1, "theirs") for p in earth.north.groups[GROUP].committed}
    earth.south.group(GROUP).committed.update(had)
    keeper = Keeper(earth)
    keeper.keep(2)
    SyncReporter(keeper.world).take(keeper.group_sync, keeper.group_sync.statuses)
    require_exact(earth)
    earth.effects.names.clear()
    return earth, had


def take_back_synced(world: World) -> RunResult:
    """As 'drctl groups undo --synced' does."""
    run, kept = undo.synced(world, "south", ())
    plan = undo.ordered(run.source, run.target, kept, run.id)
    return runner.run(plan, narrowed(world, groups=sorted(kept)), RecordingObserver())


def from_the_journal(world: World) -> RunResult:
    """As 'drctl runs resume' does, if there is something to resume."""
    return go_on(world) if unfinished(world) else take_back_synced(world)


@pytest.mark.parametrize("again", [take_back_synced, from_the_journal])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("effect", range(10))
def test_killed_anywhere_it_is_continued(effect: int, before: bool, again: Callable[[World], RunResult]) -> None:
    earth, had = synced_over()
    earth.effects.cut_off(effect, before=before)
    with suppress(Killed):
        take_back_synced(earth.ports())
    world = earth.new_process()
    if earth.journal.runs()[-1][0].kind != UNDO or earth.journal.runs()[-1][1] is not RunState.DONE:
        again(world)
    run, ended = earth.journal.runs()[-1]
    assert (run.kind, ended) == (UNDO, RunState.DONE)
    assert earth.south.groups[GROUP].committed == had


def test_cut_off_behind_the_epoch_it_is_finished_as_the_refusal_says_and_holds_up_no_move() -> None:
    earth, had = synced_over()
    with killed_at(earth, f"commit {GROUP} at south"):
        take_back_synced(earth.ports())
    with pytest.raises(Refused) as caught:
        switch(earth.new_process())
    assert caught.value.remedy.startswith(f"finish it first: 'drctl runs resume {earth.journal.runs()[-1][0].id}'")
    go_on(earth.new_process())
    assert earth.south.groups[GROUP].committed == had
    assert switch(earth.new_process()).state is RunState.DONE


def test_the_service_leaves_alone_what_was_given_back_until_it_moves_there() -> None:
    earth, had = synced_over()
    take_back_synced(earth.ports())
    keeper = Keeper(earth)
    keeper.keep(RETRY + 1)
    assert earth.south.groups[GROUP].committed == had
    assert (state(keeper, GROUP), state(keeper, "billing")) == (GroupSyncState.USED, GroupSyncState.PROVEN)
    for partition in had:
        del earth.south.groups[GROUP].committed[partition]
    keeper.keep(RETRY + 1)
    require_exact(earth)
    assert state(keeper, GROUP) is GroupSyncState.PROVEN


def test_of_one_that_is_refused_in_the_middle_the_service_leaves_alone_what_was_given_back() -> None:
    earth = fake_world()
    earth.come_to_rest()
    had = {
        group: {p: Committed(1, "theirs") for p in earth.north.groups[group].committed} for group in ("billing", GROUP)
    }
    for group, positions in had.items():
        earth.south.group(group).committed.update(positions)
    Keeper(earth).keep(2)
    moved = {p: Committed(2, "theirs") for p in had[GROUP]}

    def read_on(effect: str) -> None:
        if "billing" in effect:
            earth.south.groups[GROUP].committed.update(moved)

    earth.effects.watchers.append(read_on)
    with pytest.raises(PartlyRefused, match=f"not undone: {GROUP} has moved on at .*; undone: billing$"):
        take_back_synced(earth.ports())
    earth.effects.watchers.remove(read_on)
    assert earth.south.groups[GROUP].committed == moved
    Keeper(earth).keep(2)
    assert earth.south.groups["billing"].committed == had["billing"]


def test_once_the_work_has_moved_there_and_home_what_was_given_back_is_followed_over() -> None:
    earth, had = synced_over()
    take_back_synced(earth.ports())
    switch(earth.ports())
    earth.come_to_rest()
    switch(earth.ports(), "south", "north")
    earth.come_to_rest()
    earth.south.groups[GROUP].committed.update(had)
    keeper = Keeper(earth)
    keeper.keep(RETRY + 1)
    require_exact(earth)


def test_what_was_synced_is_undone_though_the_group_has_metadata_of_its_own_and_no_stamp_tells() -> None:
    earth, had = synced_over("their own")
    assert {each.metadata for each in earth.south.groups[GROUP].committed.values()} == {"their own"}
    take_back_synced(earth.ports())
    assert earth.south.groups[GROUP].committed == had


@pytest.mark.parametrize("theirs", [Committed(1_000, "their own"), Committed(2, "another"), Committed(2)], ids=repr)
def test_what_somebody_has_committed_since_over_what_was_synced_is_not_undone(theirs: Committed) -> None:
    earth, _ = synced_over("their own")
    earth.south.groups[GROUP].committed[READINGS] = theirs
    with pytest.raises(Refused, match=f"{GROUP} has moved on at {READINGS}$"):
        take_back_synced(earth.ports())
    assert earth.south.groups[GROUP].committed[READINGS] == theirs


def test_a_position_that_the_group_took_itself_at_the_standby_is_named_and_left_though_it_looks_like_the_syncs() -> (
    None
):
    """It has the metadata that the group has at the source, and is not ahead of it."""
    earth, _ = synced_over("their own")
    kept = earth.south.groups[GROUP].committed[READINGS]
    taken = Committed(kept.offset - 1, "their own")
    earth.south.groups[GROUP].committed[READINGS] = taken
    with pytest.raises(Refused, match=f"not undone: {GROUP} has moved on at {READINGS}$"):
        take_back_synced(earth.ports())
    assert earth.south.groups[GROUP].committed[READINGS] == taken


def test_without_a_note_of_the_service_what_has_no_stamp_is_named_and_left() -> None:
    earth, _ = synced_over("their own")
    earth.sync_reports.known.clear()
    kept = dict(earth.south.groups[GROUP].committed)
    with pytest.raises(Refused, match=f"not undone: {GROUP} has moved on at"):
        take_back_synced(earth.ports())
    assert earth.south.groups[GROUP].committed == kept


def test_what_another_run_of_the_plan_file_has_committed_is_not_the_syncs() -> None:
    earth, _ = synced_over()
    handed = Committed(2, str(Stamp("fake", "handover-1", 0)))
    earth.south.groups[GROUP].committed[READINGS] = handed
    with pytest.raises(Refused, match=f"{GROUP} has moved on at {READINGS}$"):
        take_back_synced(earth.ports())
    assert earth.south.groups[GROUP].committed[READINGS] == handed


def test_what_the_service_commits_until_the_undo_raises_the_epoch_is_noted_and_undone() -> None:
    """The group has metadata of its own, and moves on at the source right before."""
    earth, had = synced_over("their own")
    for consumer in earth.consumers.values():
        consumer.running = False
    loop = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True).keeper
    assert loop is not None
    for _ in range(3):
        loop.cycle_or_tell()
        earth.clock.sleep(0.2)
    earth.north.groups[GROUP].committed[READINGS] = Committed(5, "their own")
    loop.cycle_or_tell()
    before = earth.epochs.current()

    def serve(_: str) -> None:
        """The service's next cycle, once the epoch is raised."""
        if earth.epochs.current() > before:
            earth.effects.watchers.remove(serve)
            loop.cycle_or_tell()

    earth.effects.watchers.append(serve)
    take_back_synced(earth.ports())
    assert earth.south.groups[GROUP].committed == had


@pytest.mark.parametrize("own", ["", "their own"])
def test_a_handover_is_undone_whether_or_not_the_group_has_metadata_of_its_own(own: str) -> None:
    earth = fake_world()
    earth.consumers[GROUP].metadata = own
    earth.settle()
    had = Committed(1, "theirs")
    earth.south.group(GROUP).committed[READINGS] = had
    stop(earth, GROUP)
    hand_over(earth.ports(), GROUP)
    handed = earth.south.groups[GROUP].committed[READINGS]
    assert (handed.metadata == own) is bool(own)
    take_back(earth.ports())
    assert earth.south.groups[GROUP].committed[READINGS] == had
