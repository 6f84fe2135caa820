"""A worker with room for a sink connector, as the contract suite plays on it: in memory or real."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from drctl.drivers.connect.connectors import ConnectConnectors
from drctl.drivers.connect.worker import path
from drctl.drivers.kafka.provision import Right, allow
from drctl.drivers.store.clock import SystemClock
from drctl.errors import NotFound
from drctl.lab import Lab
from drctl.lab.rights import SINK
from drctl.lab.sinks import file_sink
from drctl.model.offsets import TopicPartition
from drctl.ports import Clock, Connectors, ConsumerGroups
from tests.contract.real_site import RealHarness, withdraw
from tests.contract.waiting import until
from tests.fakes import FakeClock, FakeConnectors, FakePositions, FakeSite


class SinkHarness(Protocol):
    """A topic of one partition, a configuration for a sink that reads it, and no connector yet."""

    @property
    def connectors(self) -> Connectors: ...

    @property
    def positions(self) -> ConsumerGroups: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def name(self) -> str: ...

    @property
    def config(self) -> Mapping[str, str]: ...

    @property
    def partition(self) -> TopicPartition: ...

    def write(self, *values: bytes) -> None: ...

    def delivered(self) -> list[bytes]: ...

    def fail(self) -> None: ...


class FakeSinkHarness:
    """The fakes."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.name = "contract-sink"
        self.partition = TopicPartition("contract-topic", 0)
        self.site = FakeSite("north", {self.partition.topic: 1}, self.clock)
        self.site.allowed.add("User:app")
        self.connectors, self.positions = FakeConnectors(self.site), FakePositions(self.site)
        self.config = {"connector.class": "FileStreamSink", "topics": self.partition.topic}

    def write(self, *values: bytes) -> None:
        for value in values:
            self.site.write(self.partition, value)

    def delivered(self) -> list[bytes]:
        return list(self.connectors.database.get(self.partition, []))

    def fail(self) -> None:
        self.connectors.broken[self.name] = "ConnectException: the disk is full"


class RealSinkHarness:
    """The lab's worker at north and Kafka's own file sink."""

    def __init__(self, lab: Lab, north: RealHarness, folder: Path) -> None:
        self.clock = SystemClock()
        self.site = north
        self.positions = self.site.positions
        self.name = f"contract sink {uuid4().hex}"
        self.partition = TopicPartition(self.site.topic(), 0)
        self.file = folder / "sink.txt"
        self.config = file_sink(self.partition.topic, self.file)
        self.right: Right = (SINK, "READ", "TOPIC", self.partition.topic)
        allow(self.site.admin, [self.right])
        # The controller answers before every broker knows the rule, and a sink that is refused fails for good.
        until(self.clock, "its sinks may read it", lambda: self._readers() == {SINK})
        self.connectors = ConnectConnectors(lab.site("north").connect_url, self.clock)

    def _readers(self) -> set[str]:
        return {rule.principal for rule in self.site.access.rules() if rule.name == self.partition.topic}

    def write(self, *values: bytes) -> None:
        self.site.write(self.partition, *values)

    def delivered(self) -> list[bytes]:
        return self.file.read_bytes().splitlines() if self.file.exists() else []

    def fail(self) -> None:
        self.file.mkdir()

    def close(self) -> None:
        try:
            self.connectors.stop(self.name)
            self.connectors.worker.settled("DELETE", path(self.name))
        except NotFound:
            pass
        withdraw(self.site.admin, self.right)
        self.connectors.close()
