"""One partition of the workload as its brokers hold it: who leads it, who is in sync, and which records are in it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.records import KafkaRecords, delete_below, read
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.topics import KafkaTopics
from drctl.drivers.kafka.traffic import Incoming, incoming
from drctl.errors import LabError
from drctl.lab.lab import Lab
from drctl.ledger.record import HEADER, decode
from drctl.model.cluster import Partition
from drctl.model.offsets import LogBounds, TopicPartition


class NamedRecord(NamedTuple):
    """Name a record by what it carries: its run, its producer, its sequence."""

    run: UUID
    producer: int
    sequence: int


class LogTail(NamedTuple):
    """Hold the records from ``begin`` on to the end that a log had."""

    begin: int
    records: frozenset[NamedRecord]


@dataclass(frozen=True, slots=True)
class ReplicatedLog:
    """A partition at a site of a lab. Every question is asked by a connection of its own, which sees no old answer.

    Errors are the drivers': while nobody leads, or a broker is about to go, there is no answer.
    """

    lab: Lab
    site: str
    place: TopicPartition

    def process(self, broker: int) -> str:
        """Return the name of a broker's process."""
        return self.lab.layout[self.site].broker(broker)

    def leader(self) -> int:
        """Return who leads. LabError if nobody does."""
        if (found := self._partition().leader) < 0:
            raise LabError(f"{self.place} at {self.site} has no leader", remedy="wait until the site is whole again")
        return found

    def followers(self) -> list[int]:
        """Return the other replicas. LabError unless the lab has three brokers: fewer cannot lose a tail alone."""
        found = self._partition()
        others = sorted(set(found.replicas) - {found.leader})
        if len(others) < 2:
            raise LabError(f"{self.place} at {self.site} has too few replicas", remedy="use a lab of three brokers")
        return others

    def in_sync(self) -> Collection[int]:
        """Return the replicas in sync."""
        return set(self._partition().in_sync)

    def bounds(self) -> LogBounds:
        """Return where the log begins and ends."""
        return self._asked(lambda kafka: KafkaRecords(kafka).bounds([self.place])[self.place])

    def tail(self, begin: int) -> LogTail:
        """Return the workload's records from an offset on."""

        def records(kafka: KafkaSite) -> frozenset[NamedRecord]:
            return frozenset(filter(None, map(_numbered, map(incoming, read(kafka, self.place, begin)))))

        return LogTail(begin, self._asked(records))

    def change(self, settings: Mapping[str, str | None]) -> None:
        """Change settings of its topic; None takes one back."""
        self._asked(lambda kafka: KafkaTopics(kafka).change({self.place.topic: settings}))

    def delete_below(self, offset: int) -> None:
        """Delete its records below an offset, as an administrator can."""
        kafka = self.lab.site(self.site).kafka("admin")
        try:
            delete_below(kafka, self.place, offset)
        finally:
            kafka.close()

    def _partition(self) -> Partition:
        found = self._asked(lambda kafka: KafkaBrokers(kafka).partition(self.place))
        if found is None:
            raise LabError(f"{self.site} has no partition {self.place}", remedy="name one of the workload's")
        return found

    def _asked[Answer](self, question: Callable[[KafkaSite], Answer]) -> Answer:
        kafka = self.lab.site(self.site).kafka("drctl")
        try:
            return question(kafka)
        finally:
            kafka.close()


def _numbered(record: Incoming) -> NamedRecord | None:
    number = decode(record.headers.get(HEADER), record.key, record.value)
    return None if number is None else NamedRecord(number.run, number.producer, number.sequence)
