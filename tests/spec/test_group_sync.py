"""The standby is group_sync: sentences about what its positions are, whatever happens in between."""

from dataclasses import dataclass, replace
from threading import Lock
from typing import ClassVar

import pytest

from drctl.errors import DrctlError, Superseded
from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Run
from drctl.model.session import Member
from drctl.model.translation import UnprovenReason
from drctl.monitors import Sessions
from drctl.plans.due import AT_MOST, RETRY
from drctl.plans.group_sync import GroupSync
from drctl.plans.stamp import Stamp
from drctl.ports import World
from drctl.service.standby import TailedStandby
from tests.fakes import FakeTail, FakeWorld, Killed, fake_world
from tests.spec.harness import require_nothing_lost_or_repeated, switch

READINGS = TopicPartition("turbines.readings", 0)
SOMEBODY = (Member("m", "a-laptop", "/10.0.0.9"),)


@dataclass
class Keeper:
    """A drctl process that keeps south in sync."""

    earth: FakeWorld
    world: World
    tailed: ClassVar[bool] = False

    def __init__(self, earth: FakeWorld, world: World | None = None) -> None:
        self.earth, self.world = earth, world or earth.ports()
        south = self.world.sites["south"]
        standby = TailedStandby(south, Sessions(), Lock(), earth.clock) if self.tailed else None
        self.group_sync = GroupSync(self.world, "north", "south", standby)
        self.tail, self.sessions = FakeTail(earth.north), Sessions()

    def look(self) -> None:
        """One cycle."""
        self.sessions.apply(self.tail.poll(0.1).changes)
        self.group_sync.note(
            {
                group: {p: self.sessions.positions(group)[p].committed for p in partitions}
                for group, partitions in self.sessions.take_moved().items()
            }
        )
        self.group_sync.cycle()

    def keep(self, seconds: float) -> None:
        """A cycle every fifth of a second."""
        for _ in range(int(seconds * 5)):
            self.look()
            self.earth.clock.sleep(0.2)


@pytest.fixture(autouse=True, params=[False, True], ids=["asked", "tailed"])
def _standby(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of looking at the standby."""
    monkeypatch.setattr(Keeper, "tailed", request.param)


def read_before(earth: FakeWorld, site: str, group: str, partition: TopicPartition) -> list[bytes]:
    """The records before the group's position at that site."""
    found = earth.sites[site].groups[group].committed.get(partition)
    return [] if found is None else [payload for _, payload in earth.sites[site].logs[partition].data(0, found.offset)]


def require_exact(earth: FakeWorld) -> None:
    for group in earth.consumers:
        for partition in earth.north.groups[group].committed:
            assert read_before(earth, "south", group, partition) == read_before(earth, "north", group, partition)


def require_nothing_skipped(earth: FakeWorld) -> None:
    for group, held in earth.south.groups.items():
        for partition in held.committed:
            there, here = (read_before(earth, site, group, partition) for site in ("south", "north"))
            assert there == here[: len(there)], (group, partition)


def test_every_position_is_at_the_standby_exact_and_proven_when_all_is_quiet() -> None:
    earth = fake_world()
    keeper = Keeper(earth)
    earth.come_to_rest()
    keeper.keep(2)
    require_exact(earth)
    assert {w.state for w in keeper.group_sync.statuses.values()} == {GroupSyncState.PROVEN}


def test_under_load_no_position_at_the_standby_ever_skips_a_record_and_all_go_on() -> None:
    earth = fake_world()
    keeper, reached = Keeper(earth), list[int]()
    for _ in range(30):
        keeper.keep(0.8)
        require_nothing_skipped(earth)
        held = earth.south.groups["dispatch"].committed
        reached.append(sum(len(read_before(earth, "south", "dispatch", p)) for p in held))
    assert reached == sorted(set(reached))


def _behind(earth: FakeWorld) -> Keeper:
    """The groups have read records that the link does not copy yet, and the keeper has seen it once."""
    earth.come_to_rest()
    keeper = Keeper(earth)
    keeper.keep(1)
    earth.mirrors["north", "south"].holds = True
    earth.producers[0].running = True
    earth.settle(1)
    earth.come_to_rest()
    earth.effects.names.clear()
    keeper.look()
    return keeper


def test_what_the_link_copies_within_a_moment_is_committed_once() -> None:
    earth = fake_world()
    keeper = _behind(earth)
    assert not earth.effects.names
    earth.mirrors["north", "south"].holds = False
    earth.clock.sleep(0.3)
    keeper.keep(1)
    assert sorted(earth.effects.names) == ["commit billing at south", "commit dispatch at south"]
    require_exact(earth)


def test_what_the_link_does_not_copy_in_time_is_committed_as_far_as_it_is_copied() -> None:
    earth = fake_world()
    keeper = _behind(earth)
    keeper.keep(1)
    assert _state(keeper) is GroupSyncState.BEHIND
    require_nothing_skipped(earth)


def test_for_a_group_at_rest_the_end_of_a_link_that_lags_is_committed_rarely() -> None:
    earth = fake_world()
    keeper = _behind(earth)
    earth.producers[0].running = True
    earth.settle(60)
    earth.producers[0].running = False
    for consumer in earth.consumers.values():
        consumer.running = False
    mirror = earth.mirrors["north", "south"]
    mirror.batch, mirror.holds = 1, False
    earth.effects.names.clear()
    keeper.keep(10)
    assert _state(keeper) is GroupSyncState.BEHIND
    require_nothing_skipped(earth)
    commits = earth.effects.names.count("commit dispatch at south")
    assert 0 < commits <= 4, "in each of fifty cycles the end had grown"
    mirror.batch = 100
    keeper.keep(AT_MOST + 1)
    require_exact(earth)
    assert _state(keeper) is GroupSyncState.PROVEN


def test_a_group_counts_as_behind_until_its_last_position_is_proven() -> None:
    """Also in the cycles in which only positions are looked at that the link has copied."""
    earth = fake_world()
    keeper = _behind(earth)
    keeper.keep(4)
    keeper.group_sync.note({"dispatch": {READINGS: Committed(1)}})
    keeper.group_sync.cycle()
    assert len(read_before(earth, "south", "dispatch", READINGS)) == 1
    assert _state(keeper) is GroupSyncState.BEHIND


def _state(keeper: Keeper) -> GroupSyncState:
    return keeper.group_sync.statuses["dispatch"].state


def test_a_source_that_is_lost_leaves_positions_of_a_moment_ago() -> None:
    earth = fake_world()
    keeper = Keeper(earth)
    keeper.keep(4)
    earth.mirrors["north", "south"].holds = True
    keeper.keep(0.4)
    earth.north.down = True
    with pytest.raises(DrctlError):
        keeper.look()
    require_nothing_skipped(earth)
    for partition in earth.north.groups["dispatch"].committed:
        read = len(read_before(earth, "north", "dispatch", partition))
        there = len(read_before(earth, "south", "dispatch", partition))
        assert there == min(read, len(earth.south.payloads(partition)))


def test_a_rewind_at_the_source_is_carried_over() -> None:
    earth = fake_world()
    earth.come_to_rest()
    keeper = Keeper(earth)
    keeper.keep(1)
    earth.north.groups["dispatch"].committed[READINGS] = Committed(3)
    earth.consumers["dispatch"].running = False
    keeper.keep(1)
    assert len(read_before(earth, "south", "dispatch", READINGS)) == 3


def test_a_group_with_members_at_the_standby_is_left_alone_until_they_leave() -> None:
    earth = fake_world()
    earth.come_to_rest()
    earth.south.group("dispatch").members = SOMEBODY
    keeper = Keeper(earth)
    keeper.keep(1)
    assert keeper.group_sync.statuses["dispatch"].state is GroupSyncState.ACTIVE
    assert not earth.south.groups["dispatch"].committed
    earth.south.groups["dispatch"].members = ()
    keeper.keep(RETRY + 1)
    require_exact(earth)


def test_a_group_that_somebody_used_at_the_standby_is_left_as_they_left_it() -> None:
    earth = fake_world()
    earth.come_to_rest()
    keeper = Keeper(earth)
    keeper.keep(1)
    earth.south.groups["dispatch"].committed[READINGS] = Committed(1)
    earth.north.groups["dispatch"].committed[READINGS] = Committed(2)
    keeper.keep(1)
    assert keeper.group_sync.statuses["dispatch"].state is GroupSyncState.USED
    assert earth.south.groups["dispatch"].committed[READINGS] == Committed(1)


def test_a_groups_own_metadata_goes_along_and_where_there_is_none_the_stamp() -> None:
    earth = fake_world()
    earth.consumers["dispatch"].metadata = "their own"
    keeper = Keeper(earth)
    earth.settle()
    earth.come_to_rest()
    keeper.keep(1)
    assert earth.south.groups["dispatch"].committed[READINGS].metadata == "their own"
    assert Stamp.read(earth.south.groups["billing"].committed[READINGS].metadata) == Stamp("fake", "group-sync", 0)


def test_a_newer_decision_at_the_standby_is_never_overwritten() -> None:
    earth = fake_world()
    earth.come_to_rest()
    keeper = Keeper(earth)
    newer = Committed(1, str(Stamp("fake", "another", 7)))
    earth.south.group("dispatch").committed[READINGS] = newer
    keeper.keep(1)
    assert earth.south.groups["dispatch"].committed == {READINGS: newer}
    told = keeper.group_sync.statuses["dispatch"]
    assert (told.state, told.why) == (
        GroupSyncState.CONTESTED,
        "south: turbines.readings-0 has epoch 7, and 0 is the latest",
    )


def test_nothing_is_committed_once_a_run_has_raised_the_epoch() -> None:
    earth = fake_world()
    keeper = Keeper(earth)
    keeper.look()
    switch(earth.ports())
    effects = len(earth.effects.names)
    earth.settle(1)
    with pytest.raises(Superseded):
        keeper.look()
    assert len(earth.effects.names) == effects


def test_while_a_run_is_unfinished_nothing_is_committed() -> None:
    earth = fake_world()
    keeper = Keeper(earth)
    earth.journal.begin(Run("r", "switchover", "fake", "0" * 64, "north", "south", 1))
    keeper.keep(1)
    assert earth.effects.names == ["journal begins run"]
    assert keeper.group_sync.waiting


def test_a_switchover_from_a_synced_standby_loses_and_repeats_nothing() -> None:
    earth = fake_world()
    Keeper(earth).keep(2)
    switch(earth.ports())
    require_nothing_lost_or_repeated(earth, "south")


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("effect", range(6))
def test_killed_at_any_commit_a_new_process_ends_as_if_undisturbed(effect: int, before: bool) -> None:
    earth = fake_world()
    earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        Keeper(earth).keep(3)
    require_nothing_skipped(earth)
    world = earth.new_process()
    earth.come_to_rest()
    Keeper(earth, world).keep(1)
    require_exact(earth)


def test_what_cannot_be_proven_is_left_as_it_was_and_named() -> None:
    earth = fake_world()
    earth.come_to_rest()
    gone = TopicPartition("turbines.readings", 1)
    earth.north.logs[gone].start = 20
    earth.north.groups["dispatch"].committed[gone] = Committed(5)
    earth.consumers["dispatch"].running = False
    keeper = Keeper(earth)
    keeper.keep(1)
    told = keeper.group_sync.statuses["dispatch"]
    assert (told.state, told.refused) == (GroupSyncState.REFUSED, {gone: UnprovenReason.BEFORE_LOG_START})
    assert gone not in earth.south.groups["dispatch"].committed
    assert READINGS in earth.south.groups["dispatch"].committed


def test_of_ten_thousand_groups_only_those_that_moved_are_worked_on() -> None:
    earth = fake_world()
    earth.come_to_rest()
    names = tuple(f"group-{number}" for number in range(10_000))
    world = earth.ports()
    (workload,) = world.plan.workloads
    world = replace(world, plan=replace(world.plan, workloads=(replace(workload, groups=names),)))
    for name in names:
        earth.north.group(name).committed[READINGS] = Committed(4)
    keeper = Keeper(earth, world)
    keeper.look()
    while keeper.group_sync.more:
        keeper.look()
    done = len(earth.effects.names)
    assert sum(name.startswith("commit") for name in earth.effects.names) == len(names)
    for name in names[:10]:
        earth.north.group(name).committed[READINGS] = Committed(6)
    keeper.look()
    keeper.look()
    assert sorted(earth.effects.names[done:]) == sorted(f"commit {name} at south" for name in names[:10])
