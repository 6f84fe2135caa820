"""Somebody sets the link's offsets by hand while the standby is kept: no position there passes over a record."""

import pytest

from drctl.model.group_sync import GroupSyncState
from tests.fakes import FakeWorld, fake_world
from tests.spec.test_group_sync import READINGS, Keeper

WORKS = 6.0
"""Seconds in which the link copies some dozens of records."""


def passed_over(earth: FakeWorld) -> dict[str, set[bytes]]:
    """Records that a group has still to read, that are at the standby, and only in front of its position there."""
    found = {}
    for group, held in earth.south.groups.items():
        for partition, committed in held.committed.items():
            position = earth.north.groups[group].committed[partition].offset
            there = list(earth.south.logs[partition].data(0))
            to_come = {payload for _, payload in earth.north.logs[partition].data(position)}
            reached = {payload for offset, payload in there if offset >= committed.offset}
            if passed := (to_come & {payload for _, payload in there}) - reached:
                found[f"{group} {partition}"] = passed
    return found


def keep(keeper: Keeper, seconds: float) -> None:
    """Keep the standby, and look at it after every cycle."""
    for _ in range(int(seconds * 5)):
        keeper.keep(0.2)
        assert passed_over(keeper.earth) == {}


def set_to(earth: FakeWorld, offset: int) -> None:
    """As an operator does: stop the connector, set the offset of one partition, resume."""
    mirror = earth.mirrors["north", "south"]
    mirror.prepare({READINGS: offset})
    mirror.start()


@pytest.mark.parametrize("rests", [0.2, 2, 5])
@pytest.mark.parametrize("forth", [False, True])
def test_no_position_at_the_standby_passes_over_what_a_link_copies_again_or_leaves_out(
    rests: float, forth: bool
) -> None:
    """The groups have rested for a while, and so lie in front of what is left out, or in it."""
    earth = fake_world()
    keeper, mirror = Keeper(earth), earth.mirrors["north", "south"]
    keep(keeper, WORKS)
    for consumer in earth.consumers.values():
        consumer.running = False
    keep(keeper, rests)
    reached = mirror.stored[READINGS] + 1
    set_to(earth, max(0, reached - 30))
    keep(keeper, 1)
    if forth:
        set_to(earth, reached)
    keep(keeper, WORKS)
    for consumer in earth.consumers.values():
        consumer.running = True
    keep(keeper, WORKS)
    earth.come_to_rest()
    keep(keeper, 15)
    assert {status.state for status in keeper.group_sync.statuses.values()} == {GroupSyncState.PROVEN}
