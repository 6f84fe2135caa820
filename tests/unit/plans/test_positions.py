"""Positions of groups at the other site, through the ports."""

from dataclasses import replace
from itertools import pairwise

import pytest

from drctl.errors import NotFound
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.translation import Exact, Unproven, UnprovenReason
from drctl.plans.positions import mirrormaker_repeats, translate_groups
from tests.fakes.world import GROUPS, FakeWorld, fake_world

ORDERS = TopicPartition("shop.orders", 0)
READINGS = TopicPartition("turbines.readings", 0)


@pytest.fixture
def world() -> FakeWorld:
    """Everything written, copied and read; groups are put where a test wants them."""
    world = fake_world()
    world.come_to_rest()
    return world


def put(world: FakeWorld, group: str, partition: TopicPartition, offset: int, site: str = "north") -> None:
    world.sites[site].group(group).committed[partition] = Committed(offset)


@pytest.mark.parametrize("partition", [ORDERS, READINGS])
def test_every_position_reads_on_exactly_where_it_would_have_at_home(
    world: FakeWorld, partition: TopicPartition
) -> None:
    ports = world.ports()
    end = world.north.logs[partition].bounds.stable
    for position in range(end + 1):
        put(world, "dispatch", partition, position)
        answer = translate_groups(ports, "north", "south", ["dispatch"])["dispatch"][partition]
        assert isinstance(answer, Exact), answer
        rest_here = [payload for _, payload in world.north.logs[partition].data(position)]
        rest_there = [payload for _, payload in world.south.logs[partition].data(answer.offset)]
        assert rest_here == rest_there


def test_all_groups_are_answered_at_once(world: FakeWorld) -> None:
    answers = translate_groups(world.ports(), "north", "south", tuple(GROUPS))
    assert set(answers) == set(GROUPS)
    assert all(isinstance(a, Exact) for found in answers.values() for a in found.values())


def test_a_partition_never_committed_is_not_translated(world: FakeWorld) -> None:
    world.north.groups["dispatch"].committed.clear()
    put(world, "dispatch", ORDERS, 1)
    assert set(translate_groups(world.ports(), "north", "south", ["dispatch"])["dispatch"]) == {ORDERS}


def test_a_position_that_only_the_target_has_is_refused(world: FakeWorld) -> None:
    world.north.groups["dispatch"].committed.clear()
    put(world, "dispatch", ORDERS, 3, "south")
    answer = translate_groups(world.ports(), "north", "south", ["dispatch"])["dispatch"][ORDERS]
    assert isinstance(answer, Unproven)
    assert answer.why is UnprovenReason.STALE_AT_TARGET


def test_a_partition_missing_at_the_target_is_refused(world: FakeWorld) -> None:
    extra = TopicPartition("shop.orders", 2)
    world.north.logs[extra] = type(world.north.logs[ORDERS])()
    put(world, "dispatch", extra, 0)
    answer = translate_groups(world.ports(), "north", "south", ["dispatch"])["dispatch"][extra]
    assert isinstance(answer, Unproven)
    assert answer.why is UnprovenReason.NO_PARTITION


def test_topics_that_are_not_in_the_plan_are_left_alone(world: FakeWorld) -> None:
    put(world, "dispatch", TopicPartition("canary", 0), 0)
    answers = translate_groups(world.ports(), "north", "south", ["dispatch"])["dispatch"]
    assert {p.topic for p in answers} <= set(world.ports().plan.topics)


def test_a_missing_offset_syncs_topic_is_told(world: FakeWorld) -> None:
    world.mirrors["north", "south"].topic_missing = "mm2-offset-syncs.north.internal"
    with pytest.raises(NotFound, match="mm2-offset-syncs"):
        translate_groups(world.ports(), "north", "south", ["dispatch"])


def test_a_reverse_link_that_never_ran_or_is_not_planned_is_no_hindrance(world: FakeWorld) -> None:
    world.mirrors["south", "north"].topic_missing = "mm2-offset-syncs.south.internal"
    ports = world.ports()
    forward_only = replace(ports, links={("north", "south"): ports.links["north", "south"]})
    for each in (ports, forward_only):
        found = translate_groups(each, "north", "south", ["dispatch"])["dispatch"]
        assert all(isinstance(answer, Exact) for answer in found.values())


def test_what_mirrormaker_alone_would_repeat_is_counted_in_records(world: FakeWorld) -> None:
    ports = world.ports()
    world.mirrors["north", "south"].batch = 50
    for n in range(30):
        world.north.write(READINGS, b"burst %d" % n, "User:turbines")
    world.settle()
    syncs = ports.links["north", "south"].mappings.syncs([READINGS])[READINGS]
    between = next(a.upstream for a, b in pairwise(syncs) if b.upstream - a.upstream > 3) + 3
    world.north.groups["dispatch"].committed.clear()
    put(world, "dispatch", READINGS, between)
    answer = translate_groups(ports, "north", "south", ["dispatch"])["dispatch"][READINGS]
    assert isinstance(answer, Exact)
    repeats = mirrormaker_repeats(ports, "north", "south", {"dispatch": {READINGS: answer}})
    assert repeats == {"dispatch": 2}


def test_without_a_checkpoint_everything_would_be_repeated(world: FakeWorld) -> None:
    ports = world.ports()
    end = world.north.logs[READINGS].bounds.stable
    put(world, "dispatch", READINGS, end)
    answer = translate_groups(ports, "north", "south", ["dispatch"])["dispatch"][READINGS]
    assert isinstance(answer, Exact)
    repeats = mirrormaker_repeats(ports, "north", "south", {"nobody": {READINGS: answer}})
    assert repeats == {"nobody": len(world.south.payloads(READINGS))}
