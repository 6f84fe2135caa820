"""A link as the contract suites play on it: its own connectors and its own topic, in memory or real."""

import json
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from drctl.drivers.connect.client import ConnectClient
from drctl.drivers.connect.replication import ConnectReplication
from drctl.drivers.kafka.mappings import KafkaMappings
from drctl.drivers.store.clock import SystemClock
from drctl.errors import NotFound
from drctl.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.site import Link
from drctl.ports import Clock, Mappings, Positions, Records, Replication
from tests.contract.stage import RealStage
from tests.fakes import FakeClock, FakeMappings, FakeMirror, FakePositions, FakeRecords, FakeReplication, FakeSite


class LinkStage(Protocol):
    """A link from south to north that copies two partitions of one topic, and of which no connector exists yet."""

    @property
    def replication(self) -> Replication: ...

    @property
    def mappings(self) -> Mappings: ...

    @property
    def source_positions(self) -> Positions: ...

    @property
    def source_records(self) -> Records: ...

    @property
    def target_records(self) -> Records: ...

    @property
    def topic(self) -> str: ...

    @property
    def clock(self) -> Clock: ...

    def write(self, partition: TopicPartition, *values: bytes) -> None: ...

    def commit(self, group: str, partition: TopicPartition, position: int) -> None: ...


class FakeLinkStage:
    """The fakes."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.topic = "contract-topic"
        self.source = FakeSite("south", {self.topic: 2}, self.clock)
        self.target = FakeSite("north", {self.topic: 2}, self.clock)
        self.source.allowed.add("User:app")
        mirror = FakeMirror(self.source, self.target, [self.topic])
        self.replication, self.mappings = FakeReplication(mirror), FakeMappings(mirror)
        self.source_positions = FakePositions(self.source)
        self.source_records, self.target_records = FakeRecords(self.source), FakeRecords(self.target)

    def write(self, partition: TopicPartition, *values: bytes) -> None:
        for value in values:
            self.source.write(partition, value)

    def commit(self, group: str, partition: TopicPartition, position: int) -> None:
        self.source_positions.commit(group, {partition: Committed(position)})

    def close(self) -> None:
        pass


class RealLinkStage:
    """The lab's link home, with connectors of its own names that copy only a topic of their own."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.clock = SystemClock()
        unique = uuid4().hex
        # Not a topic of the lab's own link: with names kept, two links would copy each other's copies for ever.
        self.topic = f"contract-{unique}"
        self.source, self.target = RealStage(lab, "south"), RealStage(lab, "north")
        for site in (self.source, self.target):
            site.create(self.topic, 2)
        self.source_positions = self.source.positions
        self.source_records, self.target_records = self.source.records, self.target.records
        self.mappings = KafkaMappings(self.source.site, self.target.site)
        definitions = json.loads((lab.folder / "links" / "south-to-north.json").read_text())
        own = {"topics": self.topic, "groups": f"{unique}.*", "refresh.groups.interval.seconds": "1"}
        path = folder / "connectors.json"
        path.write_text(json.dumps({f"{unique}-{name}": {**config, **own} for name, config in definitions.items()}))
        link = Link("south-to-north", "south", "north", path, "User:mm2")
        self.replication = ConnectReplication(link, lab.site("north").connect_url, self.clock)

    def write(self, partition: TopicPartition, *values: bytes) -> None:
        self.source.write(partition, *values)

    def commit(self, group: str, partition: TopicPartition, position: int) -> None:
        self.source_positions.commit(group, {partition: Committed(position)})

    def close(self) -> None:
        client: ConnectClient = self.replication.client
        for definition in self.replication.definitions.all:
            try:
                client.delete(f"/connectors/{definition.name}")
            except NotFound:
                continue
        for each in (self.replication, self.source, self.target):
            each.close()
