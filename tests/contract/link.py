"""A link as the contract suites play on it: its own connectors and its own topic, in memory or real."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from drctl.drivers.connect.client import ConnectClient
from drctl.drivers.connect.link_tasks import ConnectLinkTasks
from drctl.drivers.connect.replication import ConnectReplication
from drctl.drivers.connect.worker import path
from drctl.drivers.kafka.mappings import KafkaMappings
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.strimzi.connector_replication import KafkaConnectorReplication
from drctl.drivers.strimzi.connectors import CLUSTER, USED, ConnectorResources
from drctl.drivers.strimzi.link_tasks import ConnectorLinkTasks, MirrorLinkTasks
from drctl.drivers.strimzi.replication import StrimziReplication
from drctl.errors import NotFound, Unreachable
from drctl.lab import Lab
from drctl.lab.rights import LINKS
from drctl.model.link import MIRROR_KINDS, ConnectorState, LinkDefinitions, WantedConnector
from drctl.model.links import Link
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.resources import KAFKA, KAFKA_CONNECT, KAFKA_CONNECTOR, MIRROR_MAKER, STRIMZI, Object
from drctl.ports import Clock, ConsumerGroups, LinkTasks, MirrorOffsets, Records, Replication
from tests.contract.operating import Operating
from tests.contract.real_site import RealHarness
from tests.contract.waiting import settled, until
from tests.fakes import (
    FakeApi,
    FakeClock,
    FakeLinkTasks,
    FakeMappings,
    FakeMirror,
    FakePositions,
    FakeRecords,
    FakeReplication,
    FakeResources,
    FakeSite,
)
from tests.fakes.strimzi_connectors import KafkaConnectorStandIn
from tests.fakes.strimzi_stand_in import PARTS, StrimziStandIn


class LinkHarness(Protocol):
    """A link from south to north that copies two partitions of one topic, and of which no connector exists yet."""

    @property
    def replication(self) -> Replication: ...

    @property
    def tasks(self) -> LinkTasks: ...

    @property
    def mappings(self) -> MirrorOffsets: ...

    @property
    def source_positions(self) -> ConsumerGroups: ...

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

    def denied(self) -> AbstractContextManager[None]:
        """The link may not write its topic at the target meanwhile: a task that copies fails."""


class FakeLinkHarness:
    """The fakes."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.topic = "contract-topic"
        self.source = FakeSite("south", {self.topic: 2}, self.clock)
        self.target = FakeSite("north", {self.topic: 2}, self.clock)
        self.source.allowed.add("User:app")
        mirror = FakeMirror(self.source, self.target, [self.topic])
        self.replication, self.mappings = FakeReplication(mirror), FakeMappings(mirror)
        self.tasks = FakeLinkTasks(mirror)
        self.source_positions = FakePositions(self.source)
        self.source_records, self.target_records = FakeRecords(self.source), FakeRecords(self.target)

    def write(self, partition: TopicPartition, *values: bytes) -> None:
        for value in values:
            self.source.write(partition, value)

    def commit(self, group: str, partition: TopicPartition, position: int) -> None:
        self.source_positions.commit(group, {partition: Committed(position)})

    @contextmanager
    def denied(self) -> Iterator[None]:
        self.target.allowed.discard("User:mm2")
        yield
        self.target.allowed.add("User:mm2")

    def close(self) -> None:
        pass


class _RealSites:
    """Both sites of the lab, and what a link between them copies."""

    def __init__(self, lab: Lab, sites: Mapping[str, RealHarness], more: Mapping[str, str]) -> None:
        self.clock = SystemClock()
        unique = uuid4().hex
        # Not a topic of the lab's own link: with names kept, two links would copy each other's copies without end.
        self.topic = f"contract-{unique}"
        self.source, self.target = sites["south"], sites["north"]
        for site in (self.source, self.target):
            site.create(self.topic, 2)
        self.source_positions = self.source.positions
        self.source_records, self.target_records = self.source.records, self.target.records
        self.mappings = KafkaMappings(self.source.site, self.target.site, lambda: more)
        definitions = json.loads((lab.folder / "links" / "south-to-north.json").read_text())
        own = {"topics": self.topic, "groups": f"{unique}.*", "refresh.groups.interval.seconds": "1", **more}
        self.definitions = {f"{unique}-{name}": {**config, **own} for name, config in definitions.items()}

    def write(self, partition: TopicPartition, *values: bytes) -> None:
        self.source.write(partition, *values)

    def commit(self, group: str, partition: TopicPartition, position: int) -> None:
        self.source_positions.commit(group, {partition: Committed(position)})

    @contextmanager
    def denied(self) -> Iterator[None]:
        with self.target.denied(LINKS, self.topic):
            yield


class RealLinkHarness(_RealSites):
    """The lab's link home, with connectors of its own names that copy only a topic of their own.

    ``more`` are settings of each connector.
    """

    def __init__(
        self, lab: Lab, sites: Mapping[str, RealHarness], folder: Path, more: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(lab, sites, more or {})
        file = folder / "connectors.json"
        file.write_text(json.dumps(self.definitions))
        link = Link("south-to-north", "south", "north", file, "User:mm2")
        self.replication = ConnectReplication(link, lab.site("north").connect_url, self.clock)
        self.tasks = ConnectLinkTasks(self.replication)

    def close(self) -> None:
        names = [each.name for each in self.replication.definitions.all]
        delete(self.replication.client, names)
        self.replication.close()


class StrimziLinkHarness(_RealSites):
    """The same link as a KafkaMirrorMaker2 in an API in memory; a stand-in for its operator drives real Connect."""

    def __init__(self, lab: Lab, sites: Mapping[str, RealHarness], version: str) -> None:
        super().__init__(lab, sites, {})
        self.api = FakeApi({STRIMZI: (version,)})
        kind = MIRROR_MAKER.at(version)
        self.api.put(kind, manifest(version, "south", "north", self.definitions))
        self.client = ConnectClient(lab.site("north").connect_url)
        operator = FakeResources(self.api, manager="strimzi-cluster-operator")
        self.operator = StrimziStandIn(operator, self.client.send, self.api.write_status, version)
        self.operating = Operating(self.operator.reconcile)
        link = Link("south-to-north", "south", "north", Path(), "User:mm2", mirror_maker="mirror")
        self.replication = StrimziReplication(link, FakeResources(self.api), self.clock, take=True)
        self.tasks = MirrorLinkTasks(self.replication, self.clock)
        try:
            until(self.clock, "its connectors exist", self._exists)
        except AssertionError:
            self.close()  # or its operator works against those of later tests
            raise

    def _exists(self) -> bool:
        try:
            return self.replication.status().source.state is ConnectorState.STOPPED
        except Unreachable:
            return False

    def close(self) -> None:
        try:
            self.operating.close()
            delete(self.client, [f"south->north.{kind}" for kind in PARTS.values()])
        finally:
            self.client.close()


class ConnectorsLinkHarness(_RealSites):
    """The same link as KafkaConnectors in an API in memory; a stand-in for their operator drives real Connect.

    ``bare``: none exists yet, and drctl creates what it needs.
    """

    def __init__(self, lab: Lab, sites: Mapping[str, RealHarness], version: str, *, bare: bool) -> None:
        super().__init__(lab, sites, {})
        self.api = FakeApi({STRIMZI: (version,)})
        self.api.put(KAFKA.at(version), {"metadata": {"name": "north"}})
        self.api.write_status(KAFKA.at(version), "north", {"operatorLastSuccessfulVersion": "1.2.0"})
        used = {"name": "mirror", "annotations": {USED: "true"}}
        self.api.put(KAFKA_CONNECT.at(version), {"metadata": used})
        for name, config in {} if bare else self.definitions.items():
            self.api.put(KAFKA_CONNECTOR.at(version), connector(name, config))
        self.client = ConnectClient(lab.site("north").connect_url)
        operator = FakeResources(self.api, manager="strimzi-cluster-operator")
        self.operator = KafkaConnectorStandIn(operator, self.client.send, self.api.write_status, version, deletes=False)
        self.operating = Operating(self.operator.reconcile)
        link = Link("south-to-north", "south", "north", Path(), "User:mm2", kafka_connect="mirror")
        wanted = {MIRROR_KINDS[config["connector.class"]]: (name, config) for name, config in self.definitions.items()}
        definitions = LinkDefinitions(**{kind: WantedConnector(*each) for kind, each in wanted.items()})
        definer = FakeResources(self.api, manager="drctl-definitions")
        resources = ConnectorResources(FakeResources(self.api), definer, "mirror", "north", take=True)
        self.replication = KafkaConnectorReplication(link, definitions, resources, self.clock)
        setter = FakeResources(self.api, manager="drctl-tasks")
        self.tasks = ConnectorLinkTasks(self.replication, setter, self.clock)
        if not bare:
            try:
                until(self.clock, "its connectors exist", self._exists)
            except AssertionError:
                self.close()
                raise

    def _exists(self) -> bool:
        try:
            return self.replication.status().source.state is ConnectorState.STOPPED
        except Unreachable:
            return False

    def close(self) -> None:
        try:
            self.operating.close()
            delete(self.client, self.definitions)
        finally:
            self.client.close()


def connector(name: str, config: Mapping[str, str]) -> Object:
    """One of these connectors as a KafkaConnector, stopped."""
    own = {key: value for key, value in config.items() if key not in ("connector.class", "tasks.max")}
    offsets = {"name": f"{name}-offsets"}
    spec: dict[str, Any] = {"class": config["connector.class"], "config": own, "state": "stopped"}
    spec |= {"listOffsets": {"toConfigMap": offsets}, "alterOffsets": {"fromConfigMap": offsets}}
    spec |= {"tasksMax": int(config["tasks.max"])} if "tasks.max" in config else {}
    return {"metadata": {"name": name, "labels": {CLUSTER: "mirror"}}, "spec": spec}


def delete(client: ConnectClient, names: Iterable[str]) -> None:
    """Delete connectors that exist, each once it has stopped.

    One that is deleted in the moment in which its tasks start again leaves a fencing in the leading worker that never
    ends (``DistributedHerder.activeZombieFencings``), and each task of a connector of that name fails there until the
    worker is restarted.
    """
    clock = SystemClock()
    for name in names:
        if not settled(clock, f"{name} is asked to stop", partial(_asked_to_stop, client, name), lambda _: True):
            until(clock, f"{name} has stopped", partial(_has_stopped, client, name))
            until(clock, f"{name} is deleted", partial(_is_deleted, client, name))


def _asked_to_stop(client: ConnectClient, name: str) -> bool:
    """Whether there is none that could be asked."""
    try:
        client.put(f"{path(name)}/stop")
    except NotFound:
        return True
    return False


def _has_stopped(client: ConnectClient, name: str) -> bool:
    try:
        told = client.get(f"{path(name)}/status")
    except NotFound:  # it has just been made
        return False
    return told["connector"]["state"] == "STOPPED" and not told["tasks"]


def _is_deleted(client: ConnectClient, name: str) -> bool:
    """Delete it; whether that was done before."""
    try:
        client.delete(path(name))
    except NotFound:
        return True
    return False


def manifest(version: str, source: str, target: str, definitions: Mapping[str, Mapping[str, str]]) -> Object:
    """These connectors as a KafkaMirrorMaker2 in that version's shape, stopped."""
    kinds = {"MirrorSourceConnector": "sourceConnector", "MirrorCheckpointConnector": "checkpointConnector"}
    if version != "v1":
        kinds["MirrorHeartbeatConnector"] = "heartbeatConnector"
    parts: dict[str, Any] = {}
    for config in definitions.values():
        part = kinds.get(config["connector.class"].rpartition(".")[2])
        if part is not None:
            parts[part] = {"config": dict(config), "state": "stopped"}
    named = {"name": "mirror-offsets"}
    parts["sourceConnector"] |= {"listOffsets": {"toConfigMap": named}, "alterOffsets": {"fromConfigMap": named}}
    if version == "v1":
        spec = {"target": {"alias": target}, "mirrors": [{"source": {"alias": source}, **parts}]}
    else:
        spec = {"connectCluster": target, "mirrors": [{"sourceCluster": source, "targetCluster": target, **parts}]}
    return {"metadata": {"name": "mirror"}, "spec": spec}
