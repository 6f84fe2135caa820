"""The warm standby on two real sites: the source is lost under load, without warning."""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from urllib.error import URLError
from urllib.request import urlopen

from confluent_kafka import Consumer, Producer

from drctl.config import load
from drctl.drivers.kafka import properties
from drctl.drivers.kafka.provision import create_topics
from drctl.drivers.kafka.records import read
from drctl.drivers.store.clock import SystemClock
from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.site import Workload
from drctl.plans.warming import Warm
from drctl.wiring import open_world

CLOCK = SystemClock()
READINGS = "turbines.readings"
PARTITIONS = [TopicPartition(READINGS, number) for number in range(6)]


def client(lab: Lab, site: str, user: str) -> dict[str, str]:
    there = lab.site(site)
    return {**properties.load(there.client_properties(user)), "bootstrap.servers": there.bootstrap_servers}


class Writer(Thread):
    """Writes numbered records until ended."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(daemon=True)
        self.producer, self.ended = Producer(client(lab, "north", "turbines")), Event()

    def run(self) -> None:
        number = 0
        while not self.ended.wait(0.005):
            self.producer.produce(READINGS, b"%d" % number, partition=number % 6)
            self.producer.poll(0)
            number += 1


class Reader(Thread):
    """The only member of a group: what it has read, in order, and then committed."""

    def __init__(self, lab: Lab, group: str) -> None:
        super().__init__(daemon=True)
        settings = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        self.consumer, self.ended = Consumer({**client(lab, "north", "readers"), **settings}), Event()
        self.processed: dict[int, list[bytes]] = defaultdict(list)

    def run(self) -> None:
        self.consumer.subscribe([READINGS])
        while not self.ended.is_set():
            batch = [m for m in self.consumer.consume(50, 0.1) if m.error() is None]
            for message in batch:
                self.processed[message.partition() or 0].append(bytes(message.value() or b""))
            if batch and not self.ended.is_set():
                self.consumer.commit(asynchronous=False)


def metric(port: int, name: str) -> float:
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)
    except URLError:
        return 0.0
    return float(found[1]) if found else 0.0


def wait(what: str, done: Callable[[], object]) -> None:
    deadline = CLOCK.monotonic() + 90
    while not done():
        assert CLOCK.monotonic() < deadline, f"waited in vain until {what}"
        CLOCK.sleep(0.2)


def test_when_the_source_is_lost_under_load_the_positions_are_at_the_standby_and_skip_nothing(
    own_lab: Lab, tmp_path: Path
) -> None:
    writer, reader = Writer(own_lab), Reader(own_lab, "dispatch")
    writer.start()
    reader.start()
    command = [sys.executable, "-m", "drctl", "-v", "-f", str(own_lab.plan_file), "service", "run", "--warm"]
    with (tmp_path / "log").open("w+") as log:
        service = subprocess.Popen([*command, "--listen", "127.0.0.1:0", "--every", "5s"], stderr=log)
    wait("it serves", lambda: re.search(r'"port": (\d+)', (tmp_path / "log").read_text()))
    found = re.search(r'"port": (\d+)', (tmp_path / "log").read_text())
    assert found is not None
    port = int(found[1])
    wait("commits at the standby", lambda: metric(port, "drctl_warm_commits_total") >= 30)
    CLOCK.sleep(3)
    FAULTS["lose-site"](own_lab, "north")
    writer.ended.set()
    reader.ended.set()
    CLOCK.sleep(2)
    service.terminate()
    assert service.wait(30) == 0
    south = own_lab.site("south").kafka("drctl")
    with open_world(load(own_lab.plan_file)) as world:
        held = world.sites["south"].positions.committed(["dispatch"])["dispatch"]
        assert set(held) == set(PARTITIONS)
    for partition, position in held.items():
        # What lies before the position at the standby is what the group had read, from its beginning on.
        there = [bytes(m.value() or b"") for m in read(south, partition, 0) if (m.offset() or 0) < position.offset]
        assert there
        assert there == reader.processed[partition.partition][: len(there)]
    south.close()


def test_positions_in_a_recreated_topic_never_skip_a_new_record(lab: Lab) -> None:
    topic, group = "dr.again", "dr-again"
    partition = TopicPartition(topic, 0)
    plan = replace(load(lab.plan_file), workloads=(Workload("again", (topic,), (group,)),))
    north, south = lab.site("north").kafka("admin"), lab.site("south").kafka("admin")

    def write(*values: bytes) -> None:
        producer = Producer(north.config)
        for value in values:
            producer.produce(topic, value, partition=0)
        assert producer.flush(30) == 0

    def copied() -> list[bytes]:
        return [bytes(m.value() or b"") for m in read(south, partition, 0)]

    with open_world(plan) as world:
        create_topics(north, {topic: (1, 1, {})})
        write(*(b"old %d" % n for n in range(100)))
        wait("the old records are copied", lambda: topic in world.sites["south"].brokers.topics([topic]) and copied())
        wait("all of them", lambda: len(copied()) == 100)
        there, here = world.sites["south"].positions, world.sites["north"].positions
        here.commit(group, {partition: Committed(60)})
        keeper = Warm(world, "north", "south")
        keeper.note(here.committed([group]))
        keeper.cycle()
        assert there.committed([group])[group][partition].offset == 60

        north.admin().delete_topics([topic])[topic].result(30)
        wait("it is gone", lambda: not world.sites["north"].brokers.topics([topic]))
        create_topics(north, {topic: (1, 1, {})})
        write(*(b"new %d" % n for n in range(50)))
        here.commit(group, {partition: Committed(20)})
        CLOCK.sleep(8)
        for _ in range(3):
            keeper = Warm(world, "north", "south")
            keeper.note(here.committed([group]))
            keeper.cycle()
        position = there.committed([group])[group][partition].offset
        unread = {b"new %d" % n for n in range(20, 50)}
        before = {bytes(m.value() or b"") for m in read(south, partition, 0) if (m.offset() or 0) < position}
        assert not unread & before
    north.close()
    south.close()
