"""Partitions in which a group never committed: an empty one is handed over at its end, the others are named."""

import pytest

from drctl.cli.undecided import never_committed
from drctl.errors import RolledBack
from drctl.model.offsets import Committed, TopicPartition
from drctl.monitors import observe
from drctl.plans import handover, runner
from drctl.plans.selection import narrowed
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import RecordingObserver, require_served_by, switch

GROUP, FULL, EMPTY = "dispatch", TopicPartition("shop.orders", 0), TopicPartition("shop.orders", 1)


def with_an_empty_partition(*, markers: int = 0) -> FakeWorld:
    """The group has read all there is, and nothing was ever written to one partition but markers."""
    earth = fake_world()
    earth.come_to_rest()
    for site in earth.sites.values():
        site.logs[EMPTY].entries.clear()
        for group in site.groups.values():
            group.committed.pop(EMPTY, None)
    mirror = earth.mirrors["north", "south"]
    mirror.stored.pop(EMPTY, None)
    mirror.syncs.pop(EMPTY, None)
    for number in range(markers):
        transaction = earth.north.begin("User:shop")
        transaction.write(EMPTY, b"aborted %d" % number)
        transaction.abort()
    return earth


@pytest.mark.parametrize("markers", [0, 2])
def test_the_end_of_an_empty_partition_is_handed_over_so_that_latest_skips_nothing(markers: int) -> None:
    earth = with_an_empty_partition(markers=markers)
    ports = earth.ports()
    assert f"{GROUP}: {EMPTY}: empty, so its end is handed over" in never_committed(ports, "north", "south")
    result = switch(ports)
    require_served_by(earth, "south")
    assert earth.south.groups[GROUP].committed[EMPTY].offset == earth.south.logs[EMPTY].bounds.stable == 0
    line = result.evidence["hand-over-positions"]["groups"][GROUP]["positions"][str(EMPTY)]
    assert line["proof"] == "empty"
    assert EMPTY not in earth.north.groups[GROUP].committed, "nothing was committed for it at the source"


def test_a_group_that_is_handed_over_alone_gets_it_too() -> None:
    earth = with_an_empty_partition()
    earth.consumers[GROUP].routing = type(earth.routing)(None)
    earth.settle(1)
    plan = handover.ordered("north", "south", observe=observe)
    runner.run(plan, narrowed(earth.ports(), groups=[GROUP]), RecordingObserver())
    assert earth.south.groups[GROUP].committed[EMPTY].offset == 0


def never_committed_in_one() -> FakeWorld:
    """The groups have positions in all partitions but one that holds records, and nobody reads any more."""
    earth = fake_world()
    earth.come_to_rest()
    earth.consumers.clear()
    for site in earth.sites.values():
        for group in site.groups.values():
            group.members = ()
            group.committed.pop(EMPTY, None)
    earth.clock.actors[:] = [each for each in earth.clock.actors if "Consumer" not in str(each)]
    return earth


def test_a_partition_with_records_is_named_and_no_place_is_guessed() -> None:
    earth = never_committed_in_one()
    (line, *_) = [each for each in never_committed(earth.ports(), "north", "south") if each.startswith(GROUP)]
    assert f"{GROUP}: {EMPTY}: at most" in line
    assert "no position is handed over" in line
    result = switch(earth.ports())
    assert EMPTY not in earth.south.groups[GROUP].committed
    assert line in result.evidence["hand-over-positions"]["never committed"]


def test_a_first_commit_at_the_source_while_the_work_moves_turns_the_run_back() -> None:
    """A consumer came back, read what was there, and left: it would be read twice."""
    earth = never_committed_in_one()

    def read_on(effect: str) -> None:
        if effect == f"commit {GROUP} at south":
            earth.north.groups[GROUP].committed[EMPTY] = Committed(1)

    earth.effects.watchers.append(read_on)
    with pytest.raises(RolledBack, match=rf"after their handover: {GROUP} {EMPTY} from no position to 1"):
        switch(earth.ports())
    require_served_by(earth, "north")


def test_an_empty_partition_that_cannot_be_proven_holds_nothing_up() -> None:
    earth = with_an_empty_partition()
    earth.south.write(EMPTY, b"only here", "User:mm2")
    done = switch(earth.ports()).evidence["hand-over-positions"]
    assert str(EMPTY) not in done["groups"][GROUP]["positions"]
    assert any(str(EMPTY) in line and "no position is handed over" in line for line in done["never committed"])


def test_a_topic_that_a_group_never_committed_in_is_none_of_its() -> None:
    earth = fake_world()
    earth.come_to_rest()
    earth.north.groups[GROUP].committed = {TopicPartition("turbines.readings", 0): Committed(1)}
    lines = [each for each in never_committed(earth.ports(), "north", "south") if each.startswith(GROUP)]
    assert len(lines) == 1
    assert "turbines.readings-1" in lines[0]
    assert "shop.orders" not in lines[0]
