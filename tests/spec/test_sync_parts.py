"""Cycles of the group-offset sync in parts: bounded, in order, each with its own look at whether it may act."""

from datetime import timedelta

import pytest

from drctl.errors import Superseded
from drctl.model.offsets import Committed, TopicPartition
from drctl.monitors import status
from drctl.plans import group_sync
from drctl.plans.due import RETRY
from drctl.service.watch import Watch
from tests.fakes import FakeWorld, fake_world
from tests.spec.syncing import at_rest
from tests.spec.test_group_sync import READINGS, Keeper, require_exact

OTHER = TopicPartition("turbines.readings", 1)


@pytest.fixture(autouse=True)
def _one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_sync, "PART", 1)


def commits(earth: FakeWorld) -> list[str]:
    return [name.split()[1] for name in earth.effects.names if name.startswith("commit")]


def test_a_cycle_takes_one_part_and_says_that_more_is_due() -> None:
    earth = at_rest()
    keeper = Keeper(earth)
    keeper.look()
    assert len(commits(earth)) == 1
    assert keeper.group_sync.more
    keeper.look()
    assert sorted(commits(earth)) == ["billing", "dispatch"]
    assert not keeper.group_sync.more


def test_in_parts_everything_is_kept_as_in_one() -> None:
    earth = fake_world()
    keeper = Keeper(earth)
    earth.settle(10)
    earth.come_to_rest()
    keeper.keep(4)
    require_exact(earth)


def test_a_group_that_is_refused_again_and_again_keeps_no_other_one_out() -> None:
    """Though its position moved first, and is ripe again in every cycle that it moves."""
    earth = at_rest()
    keeper = Keeper(earth)
    keeper.keep(1)
    earth.north.logs[OTHER].start = 5
    earth.north.groups["billing"].committed[OTHER] = Committed(1)
    keeper.look()
    earth.effects.names.clear()
    for number in range(3):
        earth.north.groups["dispatch"].committed[READINGS] = Committed(number)
        earth.clock.sleep(RETRY)
        keeper.look()
        keeper.look()
    assert commits(earth) == ["dispatch"] * 3


def test_one_that_waits_for_the_copy_keeps_no_other_one_out() -> None:
    earth = at_rest()
    keeper = Keeper(earth)
    keeper.keep(1)
    earth.mirrors["north", "south"].holds = True
    earth.north.allowed.add("User:app")
    end = earth.north.write(READINGS, b"later") + 1
    earth.effects.names.clear()
    keeper.group_sync.note({"billing": {READINGS: Committed(end)}})
    earth.clock.sleep(0.05)
    keeper.group_sync.note({"dispatch": {READINGS: Committed(1)}})
    for _ in range(2):
        earth.clock.sleep(0.05)
        keeper.group_sync.cycle()
    assert commits(earth) == ["dispatch"]


def test_authority_is_asked_for_each_part() -> None:
    earth = at_rest()
    keeper = Keeper(earth)
    keeper.look()
    earth.routing.route_to("south")
    with pytest.raises(Superseded):
        keeper.look()
    assert len(commits(earth)) == 1


def test_the_service_goes_on_at_once_while_more_is_due() -> None:
    earth = at_rest()
    loop = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True).keeper
    assert loop is not None
    assert [loop.cycle_or_tell() for _ in range(2)] == [True, True]
    assert sorted(commits(earth)) == ["billing", "dispatch"]


def test_what_is_left_at_the_standby_is_refreshed_in_parts_too() -> None:
    earth = at_rest()
    keeper = Keeper(earth)
    keeper.keep(1)
    earth.effects.names.clear()
    assert keeper.group_sync.refresh(["billing", "dispatch"]) == 2
    assert sorted(commits(earth)) == ["billing", "dispatch"]
