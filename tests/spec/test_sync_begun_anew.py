"""A service that has just begun: what it leaves alone at the standby, and what it takes for its own."""

from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed
from tests.fakes import fake_world
from tests.spec.handing_over import READINGS, synced
from tests.spec.harness import switch


def test_a_group_that_is_ahead_at_the_standby_is_left_alone_by_a_service_that_has_just_begun() -> None:
    earth = fake_world()
    ahead = Committed(10_000, "theirs")
    earth.south.group("dispatch").committed[READINGS] = ahead
    assert synced(earth).statuses["dispatch"].state is GroupSyncState.USED
    assert earth.south.groups["dispatch"].committed[READINGS] == ahead


def test_after_a_move_home_the_old_positions_at_the_new_standby_are_nobodys_even_if_the_group_was_reset() -> None:
    earth = fake_world()
    switch(earth.ports())
    earth.settle(3)
    switch(earth.ports(), "south", "north")
    earth.consumers["dispatch"].running = False
    earth.come_to_rest()
    earth.north.groups["dispatch"].committed[READINGS] = Committed(2)
    assert synced(earth).statuses["dispatch"].state is GroupSyncState.PROVEN
    here, there = (earth.sites[site].logs[READINGS].data(0) for site in ("north", "south"))
    held = earth.south.groups["dispatch"].committed[READINGS].offset
    assert [payload for offset, payload in there if offset < held] == [
        payload for offset, payload in here if offset < 2
    ]
