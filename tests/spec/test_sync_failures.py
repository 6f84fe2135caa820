"""One group's trouble is no other group's: what cannot be read is told, and tried again less and less often."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.errors import DrctlError, Forbidden, Unreachable
from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed, RecordId, TopicPartition
from drctl.plans.due import AGAIN
from tests.fakes import FakeRecords
from tests.spec.syncing import at_rest, state, troubled
from tests.spec.test_group_sync import READINGS, Keeper, require_exact


@pytest.mark.parametrize("error", [Forbidden("south: group dispatch"), Unreachable("south: dispatch's coordinator")])
def test_a_group_whose_positions_cannot_be_read_is_told_and_the_others_go_on(error: DrctlError) -> None:
    earth = at_rest()
    keeper, trouble = troubled(earth)
    trouble.unread["dispatch"] = error
    keeper.keep(1)
    assert (state(keeper), state(keeper, "billing")) == (GroupSyncState.FAILED, GroupSyncState.PROVEN)
    assert keeper.group_sync.statuses["dispatch"].why == str(error)
    trouble.unread.clear()
    keeper.keep(2 * AGAIN + 1)
    require_exact(earth)
    assert state(keeper) is GroupSyncState.PROVEN


def test_the_more_often_a_group_fails_the_less_often_it_is_tried() -> None:
    earth = at_rest()
    keeper, trouble = troubled(earth)
    keeper.keep(1)
    trouble.unread["dispatch"] = Forbidden("south: group dispatch")
    earth.north.groups["dispatch"].committed[READINGS] = Committed(2)
    keeper.keep(130)
    before = trouble.reads
    keeper.keep(120)
    assert trouble.reads - before <= 4


def test_a_group_that_cannot_be_read_keeps_no_other_from_being_committed_before_it_expires() -> None:
    earth = at_rest()
    keeper, trouble = troubled(earth)
    keeper.keep(1)
    trouble.unread["billing"] = Forbidden("south: group billing")
    before = len(earth.effects.names)
    with pytest.raises(Forbidden):
        keeper.group_sync.refresh(["billing", "dispatch"])
    assert earth.effects.names[before:] == ["commit dispatch at south"]


class OneUnreadable(FakeRecords):
    """One topic may not be read."""

    def identities_all(
        self, spans: Mapping[TopicPartition, tuple[int, int]]
    ) -> Mapping[TopicPartition, tuple[RecordId, ...]]:
        if any(partition.topic == "shop.orders" for partition in spans):
            raise Forbidden("south: topic shop.orders may not be read")
        return super().identities_all(spans)


def test_a_topic_that_may_not_be_read_stops_only_the_groups_that_read_it() -> None:
    earth = at_rest()
    for partition in [p for p in earth.north.groups["billing"].committed if p.topic == "shop.orders"]:
        del earth.north.groups["billing"].committed[partition]
    world = earth.ports()
    sites = {**world.sites, "south": replace(world.sites["south"], records=OneUnreadable(earth.south))}
    keeper = Keeper(earth, replace(world, sites=sites))
    keeper.keep(1)
    assert (state(keeper), state(keeper, "billing")) == (GroupSyncState.FAILED, GroupSyncState.PROVEN)


def test_a_silent_standby_is_no_groups_failure_and_is_not_asked_for_each_group() -> None:
    earth = at_rest()
    names = tuple(f"group-{number}" for number in range(1000))
    keeper, trouble = troubled(earth)
    (workload,) = earth.plan.workloads
    plan = replace(earth.plan, workloads=(replace(workload, groups=names),))
    keeper.world = replace(keeper.world, plan=plan)
    keeper = Keeper(earth, keeper.world)
    for name in names:
        earth.north.group(name).committed[READINGS] = Committed(4)
        trouble.unread[name] = Unreachable("site south: no broker answers")

    keeper.look()
    assert trouble.reads == 3
    assert {each.state for each in keeper.group_sync.statuses.values()} == {GroupSyncState.FAILED}
    earth.south.down = True
    earth.clock.jump(timedelta(minutes=1))
    with pytest.raises(Unreachable, match="no broker answers"):
        keeper.look()
