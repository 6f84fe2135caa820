"""KafkaConnectors on a real API server, in both versions; their operator is a stand-in, Connect is in memory."""

from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread

import pytest

from drctl.drivers.store.clock import SystemClock
from drctl.drivers.strimzi.connector_replication import KafkaConnectorReplication
from drctl.drivers.strimzi.connectors import ConnectorResources
from drctl.errors import Conflict, DrctlError
from drctl.model.link import ConnectorState, LinkDefinitions
from drctl.model.offsets import TopicPartition
from drctl.model.resources import KAFKA, KAFKA_CONNECT, KAFKA_CONNECTOR
from tests.contract.waiting import until, works
from tests.fakes.strimzi_connectors import KafkaConnectorStandIn
from tests.fakes.strimzi_stand_in import FakeConnectRest
from tests.kube.harness import StrimziPlane, StrimziSpace
from tests.kube.strimzi_manifests import kafka, kafka_connect
from tests.unit.drivers.strimzi_connect import CLASSES, LINK, SOURCE, resource, wanted

CLOCK = SystemClock()
ORDERS = TopicPartition("orders", 0)


class Connected:
    """A KafkaConnect of kubectl's, and the stand-in that reconciles its connectors."""

    def __init__(self, space: StrimziSpace) -> None:
        self.space, self.connect, self.ended = space, FakeConnectRest(), Event()
        version = space.version
        space.put(KAFKA.at(version), kafka(version))
        space.write_status(KAFKA.at(version), "north", {"operatorLastSuccessfulVersion": "1.2.0"})
        space.put(KAFKA_CONNECT.at(version), kafka_connect(version))
        operator = space.resources("strimzi-cluster-operator")
        self.operator = KafkaConnectorStandIn(operator, self.connect, space.write_status, version)
        self.thread = Thread(target=self._operate)
        self.thread.start()

    def put_connectors(self) -> None:
        for name in CLASSES:
            made = resource(name)
            known = {key: value for key, value in made["spec"].items() if key != "version"}
            self.space.put(KAFKA_CONNECTOR.at(self.space.version), {**made, "spec": known})

    def _operate(self) -> None:
        while not self.ended.wait(0.1):
            with suppress(DrctlError):  # an answer that did not come: the next round does
                self.operator.reconcile()

    def replication(self, *, take: bool = True) -> KafkaConnectorReplication:
        definer = self.space.resources("drctl-definitions")
        connectors = ConnectorResources(self.space.resources(), definer, "mirror", "north", take=take)
        return KafkaConnectorReplication(LINK, LinkDefinitions(*map(wanted, CLASSES)), connectors, CLOCK)


@pytest.fixture
def connected(strimzi: StrimziPlane) -> Iterator[Connected]:
    made = Connected(strimzi.site())
    yield made
    made.ended.set()
    made.thread.join()
    made.space.close()


def test_connectors_are_stopped_resumed_and_restarted_from_exact_ends(connected: Connected) -> None:
    connected.put_connectors()
    replication = connected.replication()
    works(CLOCK, replication)
    connected.connect.connectors[SOURCE]["offsets"]['{"cluster": "north", "partition": 0, "topic": "orders"}'] = 41
    assert replication.frontier() == {ORDERS: 42}
    for _ in range(2):
        replication.stop()
    until(CLOCK, "the link halts", lambda: replication.status().halted)
    for _ in range(2):
        replication.restart_from({ORDERS: 100})
    assert replication.frontier() == {ORDERS: 100}
    replication.resume()
    works(CLOCK, replication)


def test_missing_ones_are_created_stopped_and_keep_all_when_their_state_is_set(connected: Connected) -> None:
    replication, kind = connected.replication(), KAFKA_CONNECTOR.at(connected.space.version)
    assert [each.state for each in replication.status().connectors] == [ConnectorState.ABSENT] * 3
    replication.restart_from({ORDERS: 100})
    until(CLOCK, "all are known", lambda: replication.status().halted)
    assert replication.frontier() == {ORDERS: 100}
    before = connected.space.resources().get(kind, SOURCE)
    replication.resume()
    works(CLOCK, replication)
    after = connected.space.resources().get(kind, SOURCE)
    assert after["spec"] == {**before["spec"], "state": "running"}
    assert after["metadata"]["labels"] == before["metadata"]["labels"]


def test_a_state_that_kubectl_owns_is_a_conflict_that_names_it(connected: Connected) -> None:
    connected.put_connectors()
    replication = connected.replication(take=False)
    works(CLOCK, replication)
    with pytest.raises(Conflict, match=r'(?s)conflict with "kubectl".*\.spec\.state') as caught:
        replication.stop()
    assert "takeOwnership" in caught.value.remedy
    works(CLOCK, replication)
