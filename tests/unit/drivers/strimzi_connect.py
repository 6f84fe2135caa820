"""A site whose link is made of KafkaConnectors, in memory: its API, the operator's stand-in, and Connect behind it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from drctl.drivers.strimzi.connector_replication import KafkaConnectorReplication
from drctl.drivers.strimzi.connectors import CLUSTER, USED, ConnectorResources
from drctl.drivers.strimzi.operator import WOKEN
from drctl.model.link import LinkDefinitions, WantedConnector
from drctl.model.links import Link
from drctl.model.resources import KAFKA, KAFKA_CONNECT, KAFKA_CONNECTOR, STRIMZI, Object
from tests.fakes import FakeApi, FakeClock, FakeResources
from tests.fakes.strimzi_connectors import KafkaConnectorStandIn
from tests.fakes.strimzi_schedule import OperatorSchedule
from tests.fakes.strimzi_stand_in import PACKAGE, FakeConnectRest

LINK = Link("north-to-south", "north", "south", Path("link.json"), "User:mm2", kafka_connect="mirror")
SOURCE, CHECKPOINT, HEARTBEAT = "over.source", "over.checkpoint", "over.heartbeat"
CLASSES = {
    SOURCE: "MirrorSourceConnector",
    CHECKPOINT: "MirrorCheckpointConnector",
    HEARTBEAT: "MirrorHeartbeatConnector",
}


def wanted(name: str) -> WantedConnector:
    config = {"connector.class": f"{PACKAGE}.{CLASSES[name]}", "tasks.max": "2", "exactly.once.support": "required"}
    return WantedConnector(name, config)


def resource(name: str, state: str = "running") -> Object:
    """A KafkaConnector as its owner wrote it, with fields that drctl knows nothing of."""
    offsets = {"name": f"{name}-kept"}
    spec = {
        "class": f"{PACKAGE}.{CLASSES[name]}",
        "tasksMax": 4,
        "config": {"exactly.once.support": "required", "refresh.topics.interval.seconds": 10},
        "state": state,
        "version": "4.3.1",
        "listOffsets": {"toConfigMap": offsets},
        "alterOffsets": {"fromConfigMap": offsets},
    }
    return {"metadata": {"name": name, "labels": {CLUSTER: "mirror", "team": "shop"}}, "spec": spec}


class ConnectSite:
    """``bare``: no KafkaConnector exists. ``owner`` applied them, so drctl has to ``take`` what it sets."""

    def __init__(
        self,
        version: str = "v1",
        *,
        bare: bool = False,
        owner: str = "kubectl",
        take: bool = True,
        strimzi: str = "1.2.0",
    ) -> None:
        self.api, self.clock = FakeApi({STRIMZI: (version,)}), FakeClock()
        self.kind = KAFKA_CONNECTOR.at(version)
        self.api.put(KAFKA.at(version), {"metadata": {"name": "south"}, "spec": {}})
        self.api.write_status(KAFKA.at(version), "south", {"operatorLastSuccessfulVersion": strimzi})
        self.used("true")
        for name in () if bare else CLASSES:
            self.api.put(self.kind, resource(name), manager=owner)
        self.connect = FakeConnectRest(self.clock)
        operator = FakeResources(self.api, self.clock, manager="strimzi-cluster-operator")
        self.operator = KafkaConnectorStandIn(operator, self.connect, self.api.write_status, version)
        self.clock.actors.append(self.operator.reconcile)
        self.operator.reconcile()
        self.resources = FakeResources(self.api, self.clock)
        definer = FakeResources(self.api, self.clock, manager="drctl-definitions")
        connectors = ConnectorResources(self.resources, definer, "mirror", "south", take=take)
        definitions = LinkDefinitions(*map(wanted, CLASSES))
        self.replication = KafkaConnectorReplication(LINK, definitions, connectors, self.clock)

    def used(self, told: str) -> None:
        """Say whether the operator acts on KafkaConnectors."""
        meta = {"name": "mirror", "annotations": {USED: told}}
        self.api.put(KAFKA_CONNECT.at(self.kind.version), {"metadata": meta, "spec": {}})

    def stored(self, name: str = SOURCE) -> dict[str, Any]:
        return self.api.objects["kafkaconnectors", "kafka", name]

    def questions(self, name: str = SOURCE) -> dict[str, str]:
        """The annotations by which the operator is asked for something."""
        return {key: each for key, each in self.stored(name)["metadata"]["annotations"].items() if key != WOKEN}

    def naps(self, takes: float) -> OperatorSchedule:
        """The operator acts only when it is woken, and Connect ``takes`` its time from now on."""
        self.clock.actors.remove(self.operator.reconcile)
        self.connect.takes = takes
        schedule = OperatorSchedule(self.api, self.clock, self.operator.reconcile, [self.kind.plural])
        self.clock.sleep(1)
        return schedule

    def annotate(self, annotations: Mapping[str, str | None], name: str = SOURCE) -> None:
        self.resources.patch(self.kind, name, {"metadata": {"annotations": dict(annotations)}})

    def set_offset(self, topic: str, partition: int, offset: int) -> None:
        key = f'{{"cluster": "north", "partition": {partition}, "topic": "{topic}"}}'
        self.connect.connectors[quote(SOURCE, safe="")]["offsets"][key] = offset
