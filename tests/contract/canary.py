"""The canary's topic at a site, as its contract suite plays on it: in memory or real."""

from typing import Protocol

from drctl.drivers.kafka.canary_topic import KafkaCanarySite
from drctl.drivers.kafka.properties import load
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.clock import SystemClock
from drctl.lab import Lab
from drctl.ledger.record import HEADER
from drctl.model.canary import CANARY_RECORDS
from drctl.model.offsets import TopicPartition
from drctl.ports import CanarySite, Clock
from tests.contract.harness import FakeHarness
from tests.contract.real_site import RealHarness
from tests.fakes import FakeCanarySite, FakeSite
from tests.fakes.site import Log

PARTITIONS = 3


class CanaryTopicHarness(Protocol):
    """A site that has the topic, with ``PARTITIONS`` of them; ``prefix`` is what stands before names of copies there.

    ``clock`` is what its clients wait by.
    """

    prefix: str

    @property
    def clock(self) -> Clock: ...

    def canary(self, *copies: str) -> CanarySite:
        """The topic as the canary's user sees it."""
        ...

    def stranger(self) -> CanarySite:
        """The topic as somebody sees it who has no right to."""
        ...

    def silent(self) -> CanarySite:
        """The topic at a site of which no broker answers."""
        ...

    def make_copy(self) -> TopicPartition:
        """Make the topic that copies from the other site go to, if there is none; return its only partition."""
        ...

    def close(self) -> None: ...


class FakeCanaryTopicHarness:
    """The fakes."""

    prefix = "south."

    def __init__(self, harness: FakeHarness) -> None:
        self.site, self.clock = harness.site, harness.site.clock
        self.site.logs |= {TopicPartition(CANARY_RECORDS, number): Log() for number in range(PARTITIONS)}

    def canary(self, *copies: str) -> CanarySite:
        return FakeCanarySite(self.site, copies)

    def stranger(self) -> CanarySite:
        return FakeCanarySite(FakeSite("north", {}, self.clock))

    def silent(self) -> CanarySite:
        site = FakeSite("north", {CANARY_RECORDS: PARTITIONS}, self.clock)
        site.down = True
        return FakeCanarySite(site)

    def make_copy(self) -> TopicPartition:
        place = TopicPartition(self.prefix + CANARY_RECORDS, 0)
        self.site.logs.setdefault(place, Log())
        return place

    def close(self) -> None:
        pass


class RealCanaryTopicHarness:
    """One site of the lab, with connections of its own."""

    def __init__(self, lab: Lab, harness: RealHarness) -> None:
        self.clock = SystemClock()
        self.harness, self.there = harness, lab.site(harness.site.name)
        self.prefix = "south." if self.there.name == "north" else "north."
        self._opened: list[KafkaSite] = []

    def canary(self, *copies: str) -> CanarySite:
        return self._as("canary", self.there.bootstrap_servers, copies)

    def stranger(self) -> CanarySite:
        return self._as("turbines", self.there.bootstrap_servers)

    def silent(self) -> CanarySite:
        return self._as("canary", "localhost:1")

    def make_copy(self) -> TopicPartition:
        place = TopicPartition(self.prefix + CANARY_RECORDS, 0)
        self.harness.create(place.topic, 1)
        return place

    def close(self) -> None:
        for each in self._opened:
            each.close()

    def _as(self, user: str, servers: str, copies: tuple[str, ...] = ()) -> CanarySite:
        config = {**load(self.there.client_properties(user)), "bootstrap.servers": servers}
        site = KafkaSite(self.there.name, config, doubted=True)
        self._opened.append(site)
        return KafkaCanarySite(site, HEADER, copies)
