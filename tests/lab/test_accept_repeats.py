"""A position that nothing can prove moves only where repeats are accepted, and then nothing is skipped."""

import json
import re

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Place

from drctl.config import load
from drctl.decide.readiness import GateCategory
from drctl.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from drctl.wiring.world import open_world
from tests.lab.usage import client, drctl, numbers, wait

READINGS = TopicPartition("turbines.readings", 0)
WRITTEN, READ, TRIMMED_TO = 300, 100, 200


@pytest.fixture(scope="module")
def trimmed(own_lab: Lab) -> Lab:
    """A lab in which dispatch has still to read records that north has deleted by now, and that south holds."""
    producer = Producer(client(own_lab, "north", "turbines"))
    for number in range(WRITTEN):
        producer.produce(READINGS.topic, str(number), partition=READINGS.partition)
    assert producer.flush(30) == 0
    own_lab.plan_file.write_text(re.sub(r"stepTimeout: [^\s,]+", "stepTimeout: 25s", own_lab.plan_file.read_text()))
    with open_world(load(own_lab.plan_file)) as world:
        for group in world.plan.groups:
            at = READ if group == "dispatch" else TRIMMED_TO + 50
            world.sites["north"].positions.commit(group, {READINGS: Committed(at)})
        records = world.sites["south"].records
        wait("the records are at south", lambda: records.bounds([READINGS])[READINGS].stable >= WRITTEN, 90)
    north = own_lab.site("north").kafka("admin")
    for done in north.admin().delete_records([Place(*READINGS, TRIMMED_TO)]).values():
        done.result(30)
    north.close()
    return own_lab


def test_a_position_that_cannot_be_proven_moves_only_with_repeats_accepted_and_skips_nothing(trimmed: Lab) -> None:
    move = ["switchover", "--to", "south", "--yes"]
    refused = drctl(trimmed, *move)
    assert refused.returncode == GateCategory.POSITIONS, refused.stderr
    assert "the position is below the source's log start" in refused.stderr
    assert "--accept-repeats takes an earlier position" in refused.stderr
    with open_world(load(trimmed.plan_file)) as world:
        assert world.client_routing.site() == "north"
        assert world.sites["north"].fence.standing() == frozenset()

    done = drctl(trimmed, *move, "--accept-repeats", "-o", "json")
    assert done.returncode == 0, done.stderr
    groups = json.loads(done.stdout)["evidence"]["hand-over-positions"]["groups"]
    taken = groups["dispatch"]["positions"][str(READINGS)]
    assert (taken["here"], taken["proof"]) == (READ, "repeats-accepted")
    assert taken["repeats"] >= WRITTEN - READ
    assert all(
        line["proof"] != "repeats-accepted"
        for group, found in groups.items()
        for line in found["positions"].values()
        if group != "dispatch"
    )

    settings = {"group.id": "dispatch", "auto.offset.reset": "latest", "enable.auto.commit": False}
    consumer = Consumer({**client(trimmed, "south", "readers"), **settings})
    consumer.subscribe([READINGS.topic])
    try:
        found = numbers(consumer, 1)
        assert found[0] <= READ, "a record was skipped"
        found += numbers(consumer, WRITTEN - 1 - found[0])
    finally:
        consumer.close()
    assert found == list(range(found[0], WRITTEN))
