"""The synced standby on two real sites: the source is lost under load, without warning."""

from collections import defaultdict
from functools import partial
from pathlib import Path

from confluent_kafka import Consumer, Producer

from drctl.config import load
from drctl.drivers.kafka.records import read
from drctl.drivers.store.clock import SystemClock
from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from drctl.model.offsets import TopicPartition
from drctl.wiring.world import open_world
from tests.applications import Application, records
from tests.lab import usage
from tests.lab.usage import QUIET, client, metric, watched

CLOCK = SystemClock()
wait = partial(usage.wait, seconds=90)
READINGS = "turbines.readings"
PARTITIONS = [TopicPartition(READINGS, number) for number in range(6)]


class Writer(Application):
    """Writes numbered records until ended."""

    def __init__(self, lab: Lab) -> None:
        super().__init__("writer")
        self.producer = Producer({**client(lab, "north", "turbines"), **QUIET})

    def work(self) -> None:
        number = 0
        while not self.ended.wait(0.005):
            self.producer.produce(READINGS, b"%d" % number, partition=number % 6)
            self.producer.poll(0)
            number += 1


class Reader(Application):
    """The only member of a group: what it has read, in order, and then committed."""

    def __init__(self, lab: Lab, group: str) -> None:
        super().__init__(group)
        settings = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        self.consumer = Consumer({**client(lab, "north", "readers"), **QUIET, **settings})
        self.processed: dict[int, list[bytes]] = defaultdict(list)

    def work(self) -> None:
        self.consumer.subscribe([READINGS])
        while not self.ended.is_set():
            batch = records(self.consumer.consume(50, 0.1))
            for message in batch:
                self.processed[message.partition() or 0].append(bytes(message.value() or b""))
            if batch and not self.ended.is_set():
                self.consumer.commit()  # waits for no answer: the site dies under it


def test_when_the_source_is_lost_under_load_the_positions_are_at_the_standby_and_skip_nothing(
    own_lab: Lab, tmp_path: Path
) -> None:
    with Writer(own_lab), Reader(own_lab, "dispatch") as reader, watched(own_lab, tmp_path / "log") as port:
        wait("commits at the standby", lambda: metric(port, "drctl_group_sync_commits_total") >= 30)
        CLOCK.sleep(3)
        FAULTS["lose-site"](own_lab, "north")
        CLOCK.sleep(2)  # for what the service does about it
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
