"""What the cycles of the group-offset sync pass on to each other: who waits, what was read, and who commits there."""

from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed
from drctl.monitors import status
from drctl.plans.due import AT_MOST, RETRY
from drctl.service.group_sync import GroupSyncLoop
from drctl.service.watch import Watch
from tests.fakes import FakeWorld, fake_world
from tests.spec.handing_over import hand_over, stop
from tests.spec.harness import switch
from tests.spec.syncing import state
from tests.spec.test_group_sync import READINGS, Keeper, require_exact
from tests.spec.test_read_once import Announced, NotedReading


@pytest.mark.parametrize("order", [("billing", "dispatch"), ("dispatch", "billing")], ids="-".join)
def test_of_two_groups_that_are_due_the_one_that_has_waited_longer_is_committed_first(order: tuple[str, str]) -> None:
    earth = fake_world()
    earth.come_to_rest()
    keeper = Keeper(earth)
    keeper.keep(2)
    earth.effects.names.clear()
    for group in order:
        keeper.group_sync.note({group: {READINGS: Committed(1)}})
        earth.clock.sleep(0.1)
    keeper.group_sync.cycle()
    assert [name for name in earth.effects.names if name.startswith("commit")] == [
        f"commit {group} at south" for group in order
    ]


def test_a_cycle_reads_only_what_came_since_the_one_before() -> None:
    earth, announced = fake_world(), Announced()
    earth.settle(20)
    world = earth.ports()
    noted = {name: NotedReading(site, announced) for name, site in earth.sites.items()}
    keeper = Keeper(
        earth, replace(world, sites={name: replace(site, records=noted[name]) for name, site in world.sites.items()})
    )
    announced.step = "first"
    keeper.look()
    announced.step = "later"
    for _ in range(5):
        earth.settle(1)
        keeper.look()
    for name, records in noted.items():
        again = records.again("later", "first")
        assert again, f"nothing is read at {name}, so that this shows nothing"
        assert max(again) <= 2, "the last record, and a marker behind it"
    earth.come_to_rest()
    keeper.keep(2)
    require_exact(earth)
    assert state(keeper) is GroupSyncState.PROVEN


def test_a_position_that_waits_for_the_link_is_neither_read_nor_committed_in_the_cycles_between() -> None:
    earth, announced = fake_world(), Announced()
    earth.come_to_rest()
    world = earth.ports()
    noted = {name: NotedReading(site, announced) for name, site in earth.sites.items()}
    keeper = Keeper(
        earth, replace(world, sites={name: replace(site, records=noted[name]) for name, site in world.sites.items()})
    )
    keeper.keep(1)
    earth.mirrors["north", "south"].holds = True
    earth.producers[0].running = True
    earth.settle(1)
    earth.come_to_rest()
    keeper.keep(8 * AT_MOST)
    assert state(keeper) is GroupSyncState.BEHIND
    earth.effects.names.clear()
    for number in range(int(10 * AT_MOST)):  # cycles of a fifth of a second
        announced.step = f"cycle {number}"
        keeper.look()
        earth.clock.sleep(0.2)
    read_in = {step for records in noted.values() for step, *_ in records.read if step.startswith("cycle ")}
    assert len(read_in) <= 3, "it is tried every five seconds, and no more often"
    assert not earth.effects.names
    earth.mirrors["north", "south"].holds = False
    keeper.keep(AT_MOST + 1)
    require_exact(earth)


def served(earth: FakeWorld) -> GroupSyncLoop:
    """The part of a service that keeps the standby in sync, after its first cycle."""
    keeper = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True).keeper
    assert keeper is not None
    keeper.cycle_or_tell()
    return keeper


def go_on(earth: FakeWorld, keeper: GroupSyncLoop) -> dict[str, GroupSyncState]:
    for _ in range(3):
        keeper.cycle_or_tell()
        earth.clock.sleep(RETRY)
    assert keeper.group_sync is not None
    return {group: status.state for group, status in keeper.group_sync.statuses.items()}


def test_what_somebody_uses_at_the_standby_stays_theirs_when_another_group_is_handed_over() -> None:
    earth = fake_world()
    earth.come_to_rest()
    for group in ("billing", "dispatch"):
        stop(earth, group)
    keeper, theirs = served(earth), Committed(1, "theirs")
    assert earth.south.groups["dispatch"].committed[READINGS].offset > theirs.offset
    earth.south.groups["dispatch"].committed[READINGS] = theirs
    epoch = earth.epochs.current()
    hand_over(earth.ports(), "billing")
    assert earth.epochs.current() > epoch
    assert go_on(earth, keeper) == {"billing": GroupSyncState.HANDED_OVER, "dispatch": GroupSyncState.USED}
    assert earth.south.groups["dispatch"].committed[READINGS] == theirs


def test_once_the_work_has_moved_there_and_home_what_was_left_there_before_says_nothing() -> None:
    earth = fake_world()
    keeper = served(earth)
    switch(earth.ports())
    kept = dict(earth.south.groups["dispatch"].committed)
    earth.settle(5)
    assert earth.south.groups["dispatch"].committed != kept
    switch(earth.ports(), "south", "north")
    earth.come_to_rest()
    assert set(go_on(earth, keeper).values()) == {GroupSyncState.PROVEN}
    require_exact(earth)
