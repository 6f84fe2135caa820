"""Strimzi's definitions on a real API server, in both versions; its operator is a stand-in, Connect is in memory."""

from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread
from urllib.parse import quote

import pytest

from drctl.drivers.kube.kubelets import ProxiedKubelets
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.strimzi.fence import StrimziFence
from drctl.drivers.strimzi.replication import StrimziReplication
from drctl.errors import Conflict, DrctlError
from drctl.model.link import ConnectorState
from drctl.model.offsets import TopicPartition
from drctl.model.resources import KAFKA, KAFKA_USER, MIRROR_MAKER, NODE_POOL, STRIMZI_KINDS
from drctl.model.site import Strimzi
from drctl.model.strimzi import ResourceState
from drctl.monitors.kubernetes import KubeObserver
from tests.contract.waiting import settled, until, works
from tests.fakes import FakeFence, FakeSite
from tests.fakes.strimzi_stand_in import FakeConnectRest, StrimziStandIn
from tests.kube.harness import StrimziPlane, StrimziSpace
from tests.kube.strimzi_manifests import kafka, kafka_user, mirror_maker, node_pool
from tests.unit.drivers.strimzi import LINK, SOURCE
from tests.unit.drivers.test_strimzi_fence import SHOP, TURBINES, denials

CLOCK = SystemClock()
ORDERS = TopicPartition("orders", 0)


@pytest.fixture
def space(strimzi: StrimziPlane) -> Iterator[StrimziSpace]:
    made = strimzi.site()
    yield made
    made.close()


class Mirrored:
    """A KafkaMirrorMaker2 of kubectl's, and the stand-in that reconciles it."""

    def __init__(self, space: StrimziSpace) -> None:
        self.space, self.connect, self.ended = space, FakeConnectRest(), Event()
        space.put(MIRROR_MAKER.at(space.version), mirror_maker(space.version))
        operator = space.resources("strimzi-cluster-operator")
        self.operator = StrimziStandIn(operator, self.connect, space.write_status, space.version)
        self.thread = Thread(target=self._operate)
        self.thread.start()

    def _operate(self) -> None:
        while not self.ended.wait(0.1):
            with suppress(DrctlError):  # an answer that did not come: the next round does
                self.operator.reconcile()

    def replication(self, *, take: bool = True) -> StrimziReplication:
        return StrimziReplication(LINK, self.space.resources(), CLOCK, take=take)


@pytest.fixture
def mirrored(space: StrimziSpace) -> Iterator[Mirrored]:
    made = Mirrored(space)
    yield made
    made.ended.set()
    made.thread.join()


def test_every_kind_is_found_in_the_version_that_is_served(space: StrimziSpace) -> None:
    space.put(KAFKA.at(space.version), kafka(space.version))
    space.put(NODE_POOL.at(space.version), node_pool())
    api = space.resources()
    eyes = KubeObserver(api, ProxiedKubelets(api.client, space.namespace), CLOCK, "app=kafka", kinds=STRIMZI_KINDS)
    eyes.look()
    seen = eyes.facts().strimzi.value
    assert seen is not None
    assert [(each.label, each.standing) for each in seen] == [
        ("Kafka/north", ResourceState.SILENT),
        ("KafkaNodePool/broker", ResourceState.SILENT),
    ]
    ready = [{"type": "Ready", "status": "True"}]
    space.write_status(KAFKA.at(space.version), "north", {"observedGeneration": 1, "conditions": ready})
    space.write_status(NODE_POOL.at(space.version), "broker", {"nodeIds": [0, 1, 2], "replicas": 3})

    def followed() -> tuple[dict[str, ResourceState], tuple[int, ...]]:
        for each in eyes.strimzi:
            each.follow(1)
        told = eyes.facts().strimzi.value or ()
        return {each.kind: each.standing for each in told}, tuple(number for each in told for number in each.ids)

    standing, ids = settled(CLOCK, "the pool's brokers are seen", followed, lambda seen: bool(seen[1]))
    assert ids == (0, 1, 2)
    assert standing["Kafka"] is ResourceState.READY


def test_a_link_is_stopped_resumed_and_restarted_from_exact_ends(mirrored: Mirrored) -> None:
    replication = mirrored.replication()
    works(CLOCK, replication)
    key = '{"cluster": "north", "partition": 0, "topic": "orders"}'
    mirrored.connect.connectors[quote(SOURCE, safe="")]["offsets"][key] = 41
    assert replication.frontier() == {ORDERS: 42}
    for _ in range(2):
        replication.stop()
    until(CLOCK, "the link halts", lambda: replication.status().halted)
    for _ in range(2):
        replication.restart_from({ORDERS: 100})
    assert replication.frontier() == {ORDERS: 100}
    until(CLOCK, "it stands still", lambda: replication.status().source.state is ConnectorState.STOPPED)
    replication.resume()
    works(CLOCK, replication)


def test_a_field_that_kubectl_owns_is_a_conflict_that_names_it(mirrored: Mirrored) -> None:
    replication = mirrored.replication(take=False)
    works(CLOCK, replication)
    with pytest.raises(Conflict, match=r'(?s)conflict with "kubectl".*\.spec\.mirrors') as caught:
        replication.stop()
    assert "takeOwnership" in caught.value.remedy
    works(CLOCK, replication)


def test_what_drctl_sets_touches_nothing_else_of_the_resource(mirrored: Mirrored) -> None:
    replication, kind = mirrored.replication(), MIRROR_MAKER.at(mirrored.space.version)
    before = mirrored.space.resources().get(kind, "home")["spec"]
    replication.stop()
    replication.resume()
    assert mirrored.space.resources().get(kind, "home")["spec"] == before


def test_a_fence_is_accepted_by_the_definitions_and_lifted_without_a_trace(space: StrimziSpace) -> None:
    space.put(KAFKA.at(space.version), kafka(space.version))
    for name, kind in (("shop", "scram-sha-512"), ("turbines", "tls")):
        space.put(KAFKA_USER.at(space.version), kafka_user(name, kind))
    site = FakeSite("north", {"orders": 1})
    site.allowed |= {SHOP, TURBINES}
    api = space.resources()
    fence = StrimziFence(FakeFence(site), api, Strimzi("north", "external", "drctl", "canary", take_ownership=True))
    before = api.get(KAFKA_USER.at(space.version), "shop")["spec"]
    for _ in range(2):
        fence.deny(denials(SHOP, TURBINES))
    assert fence.standing() == denials(SHOP, TURBINES)
    for _ in range(2):
        fence.lift(denials(SHOP, TURBINES))
    assert api.get(KAFKA_USER.at(space.version), "shop")["spec"] == before
    shy = StrimziFence(FakeFence(site), api, Strimzi("north", "external", "drctl", "canary"))
    space.put(KAFKA_USER.at(space.version), kafka_user("shop", "scram-sha-512"))
    with pytest.raises(Conflict, match=r'conflict with "kubectl"'):
        shy.deny(denials(SHOP))
    assert site.may(SHOP)
