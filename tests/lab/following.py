"""A group at work at the source, told by its own log, and whoever watches that the standby is never ahead of it."""

import re
from collections.abc import Callable
from itertools import islice
from typing import override

from confluent_kafka import Message, Producer

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.kafka.records import read
from drctl.drivers.store.clock import SystemClock
from drctl.errors import DrctlError
from drctl.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from tests.applications import Application
from tests.lab import usage
from tests.lab.usage import QUIET

CLOCK = SystemClock()
REWOUND = 5
"""Records by which the group goes back every now and then."""


def only(lab: Lab, topics: str, groups: str) -> None:
    """Let the lab's plan file move these and nothing else."""
    text = re.sub(r"groups: \[.*\]", f"groups: [{groups}]", lab.plan_file.read_text())
    lab.plan_file.write_text(re.sub(r"topics: \[.*\]", f"topics: [{topics}]", text))


def value(message: Message) -> bytes:
    """What is in a record."""
    return bytes(message.value() or b"")


class Group:
    """A topic that is written to and a group that reads it, goes back, and writes down what it has processed.

    What it processed is written down before its position is committed.
    """

    def __init__(self, lab: Lab, topic: str) -> None:
        self.lab, self.partition, self.name = lab, TopicPartition(topic, 0), f"{topic}.group"
        self.north, self.south = lab.site("north").kafka("admin"), lab.site("south").kafka("admin")
        self.here, self.there = KafkaPositions(self.north), KafkaPositions(self.south)
        self.producer = Producer({**self.north.config, **QUIET, "linger.ms": 0})
        self.position = self.written = self.steps = 0
        self.processed: set[bytes] = set()

    def close(self) -> None:
        """Close its clients."""
        self.north.close()
        self.south.close()

    def write(self, count: int) -> None:
        """Write so many records, each with a number of its own."""
        for _ in range(count):
            self.producer.produce(self.partition.topic, b"%d" % self.written, partition=0)
            self.written += 1
        assert self.producer.flush(30) == 0

    def read_on(self, count: int) -> None:
        """Process the next records, at most so many, and commit."""
        for message in islice(read(self.north, self.partition, self.position), count):
            self.processed.add(value(message))
            self.position = (message.offset() or 0) + 1
        self.commit()

    def go_back(self, count: int) -> None:
        """Commit a position that many records earlier."""
        self.position = max(0, self.position - count)
        self.commit()

    def commit(self) -> None:
        """Commit where it stands."""
        self.here.commit(self.name, {self.partition: Committed(self.position)})

    def step(self) -> None:
        """Work a little: it writes more than it reads, and sometimes goes back."""
        self.steps += 1
        self.write(3)
        self.read_on(2)
        if self.steps % 7 == 0:
            self.go_back(REWOUND)

    def work_until(self, what: str, done: Callable[[], object], *, steps: int = 1) -> None:
        """Work on until it is so, for so many steps at least."""

        def stepped() -> bool:
            self.step()
            return self.steps >= least and bool(done())

        least = self.steps + steps
        usage.wait(what, stepped, seconds=240)

    def at_north(self) -> list[tuple[int, bytes]]:
        """Offsets and values of what is at the source."""
        return [(m.offset() or 0, value(m)) for m in read(self.north, self.partition, 0)]

    def at_south(self) -> list[tuple[int, bytes]]:
        """The same at the standby."""
        return [(m.offset() or 0, value(m)) for m in read(self.south, self.partition, 0)]

    def standby(self) -> int | None:
        """The group's position at the standby, if it has one."""
        held = self.there.committed([self.name])[self.name].get(self.partition)
        return held.offset if held else None

    def is_copied(self, number: int) -> bool:
        """Whether the record of that number is at the standby."""
        return b"%d" % number in {each for _, each in self.at_south()}

    def all_copied(self) -> bool:
        """Whether the last record that was written is there."""
        return self.is_copied(self.written - 1)

    def ahead(self, unread: set[bytes]) -> set[bytes]:
        """Which of these records are at the standby and would never be read there from the group's position on."""
        position = self.standby()
        if position is None:
            return set()
        there = self.at_south()
        return (unread & {each for _, each in there}) - {each for offset, each in there if offset >= position}

    def unread(self) -> set[bytes]:
        """What is at the source and was never processed."""
        return {each for _, each in self.at_north()} - self.processed

    def to_come(self) -> set[bytes]:
        """What lies at the source from the group's position on, whether it was processed before or not."""
        return {each for offset, each in self.at_north() if offset >= self.position}


class Watcher(Application):
    """Looks over and over whether the standby is ahead. ``positions``: all that it has seen there."""

    def __init__(self, group: Group) -> None:
        super().__init__(f"watcher of {group.name}")
        self.group = Group(group.lab, group.partition.topic)
        self.group.processed = group.processed
        self.brokers = KafkaBrokers(self.group.south)
        self.positions: list[int] = []

    @override
    def work(self) -> None:
        try:
            while not self.ended.wait(0.1):
                try:
                    self.look()
                except DrctlError:  # a topic is just being recreated, or a coordinator moves
                    self.group.south.renew()
                    self.group.north.renew()
        finally:
            self.group.close()

    def look(self) -> None:
        """One look; what it saw counts if the position and the topic were the same at its end as at its beginning.

        What is at the source is read before what was processed: that only grows.
        """
        before = self._standing()
        there = {each for _, each in self.group.at_north()}
        ahead = self.group.ahead(there)
        if ahead and before == self._standing():
            skipped = ahead - self.group.processed
            assert not skipped, f"at {before[0]} of {before[1]} these are skipped: {sorted(skipped)}"
        if before[0] is not None and before[0] not in self.positions[-1:]:
            self.positions.append(before[0])

    def _standing(self) -> tuple[int | None, str]:
        topic = self.group.partition.topic
        found = self.brokers.topics([topic])
        return self.group.standby(), found[topic].topic_id if topic in found else "none"
