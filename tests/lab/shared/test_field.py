"""What people who do this job have met, on real Kafka: none of it keeps the other groups of a plan from moving."""

import ctypes
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import confluent_kafka
import pytest
from confluent_kafka import Producer

from drctl.config import load
from drctl.decide.readiness import GateCategory
from drctl.drivers.kafka.provision import create_topics
from drctl.drivers.kafka.records import read
from drctl.drivers.kafka.site import KafkaSite
from drctl.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.translation import Exact, Translation, Unproven, UnprovenReason
from drctl.model.workloads import Workload
from drctl.plans.positions import translate_groups
from drctl.ports import World
from drctl.wiring.world import open_world
from tests.lab.usage import wait

UNTIMED, HEADER, SMALL, TWO = (TopicPartition(f"dr.{name}", 0) for name in ("untimed", "header", "small", "two"))
NEVER = TopicPartition("dr.two", 1)
"""Nothing was ever written here, and the group never committed in it."""
APART = TopicPartition("payments.events", 0)
"""No link copies it; it is there at both sites."""
BRACKETED = ("billing[/prod]", "audit[red]", "Scheduler`1[[Acme.Jobs.Sync, Acme.Jobs, Version=1.0]]")
PLACES = {
    "field-untimed": {UNTIMED: 10},
    "field-header": {HEADER: 0},
    "field-two": {TWO: 5},
    "field-apart": {APART: 0},
    **{name: {SMALL: 4} for name in BRACKETED},
}
GROUPS = tuple(PLACES)


@pytest.fixture(scope="module")
def world(lab: Lab) -> Iterator[World]:
    """North has all of it, and what the link copies has arrived at south."""
    copied = {UNTIMED: 20, HEADER: 1, SMALL: 10, TWO: 10}
    names = tuple(sorted(p.topic for p in (*copied, APART)))
    plan = replace(load(lab.plan_file), workloads=(Workload("field", names, GROUPS),))
    north, south = lab.site("north").kafka("admin"), lab.site("south").kafka("admin")
    create_topics(north, {name: (2 if name == TWO.topic else 1, 1, {}) for name in names})
    create_topics(south, {APART.topic: (1, 1, {})})
    producer = Producer({**north.config})
    for partition, count in ((UNTIMED, 20), (SMALL, 10), (TWO, 10), (APART, 10)):
        at = -1 if partition is UNTIMED else 0  # none, and now
        for number in range(count):
            producer.produce(partition.topic, b"%d" % number, partition=0, timestamp=at)
    assert producer.flush(30) == 0
    _write_with_header(north, HEADER.topic, b"caf\xe9")
    with open_world(plan) as world:
        there, here, positions = world.sites["south"].brokers, world.sites["north"], world.sites["south"].positions
        wait("the topics are at south", lambda: set(there.topics(names)) == set(names))
        for partition, count in copied.items():
            wait(f"{partition} is copied", partial(_holds, south, partition, count))
        for group, places in PLACES.items():
            here.positions.commit(group, {p: Committed(offset) for p, offset in places.items()})
        yield world
        for group in GROUPS:
            here.positions.forget(group)
            positions.forget(group)
    north.close()
    south.close()


def _holds(site: KafkaSite, partition: TopicPartition, count: int) -> bool:
    return len(list(read(site, partition, 0))) == count


def _write_with_header(site: KafkaSite, topic: str, name: bytes) -> None:
    """One record whose header has this name: Python's client takes no bytes for it, the library below it does."""
    (library,) = (Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs").glob("librdkafka*")
    lib = ctypes.CDLL(str(library))
    for function in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_headers_new"):
        getattr(lib, function).restype = ctypes.c_void_p
    conf, error = ctypes.c_void_p(lib.rd_kafka_conf_new()), ctypes.create_string_buffer(512)
    for key, value in site.config.items():
        lib.rd_kafka_conf_set(conf, str(key).encode(), str(value).encode(), error, 512)
    client = ctypes.c_void_p(lib.rd_kafka_new(0, conf, error, 512))
    headers = ctypes.c_void_p(lib.rd_kafka_headers_new(ctypes.c_size_t(1)))
    lib.rd_kafka_header_add(headers, name, ctypes.c_ssize_t(len(name)), b"x", ctypes.c_ssize_t(1))
    to_topic, value, with_headers, end = 1, 4, 10, 0
    lib.rd_kafka_producev(
        client, to_topic, ctypes.c_char_p(topic.encode()), value, ctypes.c_char_p(b"v"), ctypes.c_size_t(1),
        with_headers, headers, end,
    )  # fmt: skip
    assert lib.rd_kafka_flush(client, 15000) == 0
    lib.rd_kafka_destroy(client)


def answer(world: World, group: str, partition: TopicPartition) -> Translation:
    return translate_groups(world, "north", "south", [group])[group][partition]


def ran(folder: Path, *words: str, topics: str = "", groups: str = "") -> "subprocess.CompletedProcess[str]":
    """A drctl command with a plan that names these topics and groups."""
    plan = folder / "plan.yaml"
    for key, names in (("topics", topics), ("groups", groups)):
        if names:
            plan.write_text(re.sub(rf"{key}: .*", f"{key}: {json.dumps([names])}", plan.read_text()))
    plan.write_text(re.sub(r"stepTimeout: [^\s,}]+", "stepTimeout: 5s", plan.read_text()))
    command = [sys.executable, "-m", "drctl", "-f", str(plan), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stderr
    assert "this is a bug" not in done.stderr
    return done


def test_a_topic_that_the_link_leaves_out_stands_in_the_way_before_anything_is_fenced(
    world: World, folder: Path
) -> None:
    done = ran(folder, "switchover", "--to", "south", "--yes", topics=APART.topic, groups="field-apart")
    assert f"{APART.topic} is not copied" in done.stderr
    assert GateCategory(done.returncode)
    assert world.sites["north"].fence.standing() == frozenset()


def test_positions_among_records_without_a_timestamp_are_proven(world: World) -> None:
    found = answer(world, "field-untimed", UNTIMED)
    assert isinstance(found, Exact)
    assert found.offset == 10


def test_a_header_name_that_is_not_utf_8_is_told_and_concerns_its_group_only(world: World) -> None:
    found = answer(world, "field-header", HEADER)
    assert isinstance(found, Unproven)
    assert found.why is UnprovenReason.UNREADABLE_RECORD
    assert isinstance(answer(world, "field-two", TWO), Exact)


@pytest.mark.parametrize("name", BRACKETED)
def test_groups_with_brackets_are_shown_as_they_are_and_can_be_moved(world: World, folder: Path, name: str) -> None:
    assert isinstance(answer(world, name, SMALL), Exact)
    shown = ran(folder, "groups", "list", "-o", "json", topics=SMALL.topic, groups=name)
    assert shown.returncode == 0
    assert name in [each["name"] for each in json.loads(shown.stdout)["groups"]]
    assert name in ran(folder, "groups", "list").stdout


def test_what_no_rule_decides_is_told_and_an_empty_partition_gets_its_end(world: World, folder: Path) -> None:
    here, there = (world.sites[site].positions for site in ("north", "south"))
    there.commit("field-two", {TWO: Committed(2)})  # somebody used the group at the standby in between
    told = ran(folder, "plan", "switchover", "--to", "south", "-o", "json", topics=TWO.topic, groups="field-two")
    document = json.loads(told.stdout)
    assert document["neverCommitted"] == [f"field-two: {NEVER}: empty, so its end is handed over"]
    assert [each.partition(": neither")[0] for each in document["replaced"]] == [
        f"field-two: {TWO} stands at 2 and will be set to 5"
    ]
    done = ran(folder, "groups", "handover", "--group", "field-two", "--to", "south", "--yes")
    assert f"replaced: field-two: {TWO} stood at 2 and was set to 5" in done.stderr
    held = {p: c.offset for p, c in there.committed(["field-two"])["field-two"].items()}
    assert held == {TWO: 5, NEVER: 0}
    assert NEVER not in here.committed(["field-two"])["field-two"]
