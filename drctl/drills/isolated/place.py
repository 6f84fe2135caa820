"""One site as an isolated drill may change it: its own topic and its own groups, and nothing else.

No name comes from outside, so nothing of the workload can be meant; and every change asks first whether the drill may
still act.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from drctl.errors import NotProven
from drctl.ledger.record import HEADER, Number, decode, encode
from drctl.model.canaries import CanaryNames
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.salvage import Content, Fate
from drctl.ports import SitePorts
from drctl.ports.permit import Permit

PARTITIONS = 2
"""Two show that a position is one per partition."""
REPLICAS = 3
"""As many as the site has brokers, at most this."""
SETTINGS = {"cleanup.policy": "delete", "retention.ms": "86400000"}
"""Settings of a drill's topic: one that nobody takes away is empty after a day."""
PRODUCER = 1
"""The only writer."""


@dataclass(frozen=True, slots=True)
class CanaryPlace:
    """The drill's topic, by the name ``topic`` that it has at this site, and its groups there."""

    ports: SitePorts
    names: CanaryNames
    topic: str
    permit: Permit

    @property
    def name(self) -> str:
        """The site's name."""
        return self.ports.name

    @property
    def partitions(self) -> tuple[TopicPartition, ...]:
        """The partitions of the topic."""
        return tuple(TopicPartition(self.topic, number) for number in range(PARTITIONS))

    def make_topic(self) -> None:
        """Have the topic, with as many replicas as the site can carry up to three. Forbidden, Conflict."""
        replicas = min(REPLICAS, len(self.ports.brokers.cluster().brokers))
        self.permit()
        self.ports.topics.create(self.topic, PARTITIONS, replicas, SETTINGS)

    def missing(self) -> list[str]:
        """Return the partitions that cannot be used yet; a broker may show a new topic somewhat later."""
        found = self.ports.brokers.topics([self.topic]).get(self.topic)
        led = [each.leader >= 0 for each in found.partitions] if found else []
        return [str(p) for p in self.partitions if p.partition >= len(led) or not led[p.partition]]

    def count(self) -> int:
        """Return how many committed records the topic holds here."""
        bounds = self.ports.records.bounds(self.partitions)
        found = self.ports.records.identities_all({p: (0, each.stable) for p, each in bounds.items()})
        return sum(map(len, found.values()))

    def write(self, partition: TopicPartition, numbers: Sequence[Number], milliseconds: int) -> None:
        """Write these records in one transaction, whole or not at all."""
        records = [_record(partition, number, milliseconds) for number in numbers]
        self.permit()
        with self.ports.contents.replay(self.names.writer, partition) as replay:
            replay.write(records, numbers[-1].sequence)

    def read(self, partition: TopicPartition, start: int) -> Iterator[tuple[int, Number | None]]:
        """Return every committed record from ``start`` on, in order: its offset, and its number if it has one."""
        stable = self.ports.records.bounds([partition])[partition].stable
        for each in self.ports.contents.read(partition, start, stable):
            if each.fate is Fate.COMMITTED:
                yield each.offset, decode(dict(each.headers).get(HEADER), each.key, each.value)

    def positions(self) -> Mapping[TopicPartition, Committed]:
        """Return the positions of the drill's group here, as committed."""
        return self.ports.positions.committed([self.names.group])[self.names.group]

    def commit(self, wanted: Mapping[TopicPartition, Committed]) -> None:
        """Commit positions of the drill's group, and read them back. NotProven where others are read, or asked for."""
        if foreign := [str(p) for p in wanted if p.topic != self.topic]:
            raise NotProven(f"{self.name}: {', '.join(foreign)}: is not the drill's")
        self.permit()
        self.ports.positions.commit(self.names.group, wanted)
        held = self.positions()
        if wrong := [str(p) for p, each in wanted.items() if held.get(p) != each]:
            raise NotProven(
                f"{self.name}: positions read back differ from those committed: {', '.join(wrong)}",
                remedy="find who else commits for this group: MirrorMaker's sync.group.offsets?",
            )


def _record(partition: TopicPartition, number: Number, milliseconds: int) -> Content:
    key = f"{number.partition}-{number.sequence % 7}".encode()
    value = f"drill {number.run}, record {number.sequence}".encode()
    return Content(partition, 0, key, value, ((HEADER, encode(number, key, value)),), milliseconds)
