"""What the cycles of the group-offset sync have in common: their order, and what they need not read again."""

from dataclasses import replace

import pytest

from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed
from tests.fakes import fake_world
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
