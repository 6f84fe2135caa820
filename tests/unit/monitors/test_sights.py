"""All observers of a site together, from fakes to a cause."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drctl.decide.health import diagnose
from drctl.errors import Unauthenticated, Unreachable
from drctl.model.cause import CauseScope, SiteHealth
from drctl.model.cluster import Cluster
from drctl.model.kubernetes import Usage
from drctl.model.reading import Reading
from drctl.model.resources import KAFKA, LEASE, NODE, POD, STRIMZI, STRIMZI_CORE
from drctl.model.sight import Sighting
from drctl.model.site import Kubernetes, Strimzi
from drctl.monitors import SiteObservers, status
from drctl.ports import KubePorts, World
from tests.fakes import FakeApi, FakeBrokers, FakeKubelets, FakeResources, fake_world


class Harness:
    """North runs on Kubernetes, by Strimzi; its three brokers are three pods on three nodes."""

    def __init__(self) -> None:
        self.earth = fake_world()
        self.api = FakeApi({STRIMZI: ("v1",), STRIMZI_CORE: ("v1",)})
        kubelets = FakeKubelets()
        for broker in (1, 2, 3):
            self.node(broker, "True")
            self.pod(broker, "True")
            kubelets.nodes[f"node-{broker}"] = {f"data-{broker}": Usage(10, 5)}
        ports = self.earth.ports()
        kube = KubePorts(FakeResources(self.api, self.earth.clock), kubelets)
        sites = {**ports.sites, "north": replace(ports.sites["north"], kubernetes=kube)}
        place = Kubernetes(Path("/kubeconfig"), "north", "kafka", "app=kafka")
        plan = replace(
            ports.plan,
            sites=tuple(
                replace(site, kubernetes=place, strimzi=Strimzi("north", "", "", "")) if site.name == "north" else site
                for site in ports.plan.sites
            ),
        )
        self.world: World = replace(ports, plan=plan, sites=sites)

    def pod(self, broker: int, ready: str) -> None:
        meta = {"name": f"kafka-{broker}", "labels": {"app": "kafka"}}
        state = {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}
        self.api.put(POD, {"metadata": meta, "spec": {"nodeName": f"node-{broker}"}, "status": state})

    def node(self, number: int, ready: str) -> None:
        conditions = [{"type": "Ready", "status": ready}]
        self.api.put(NODE, {"metadata": {"name": f"node-{number}"}, "status": {"conditions": conditions}})

    def brokers(self) -> FakeBrokers:
        found = self.world.sites["north"].brokers
        assert isinstance(found, FakeBrokers)
        return found

    def diagnosis(self, site: str = "north", observers: SiteObservers | None = None) -> SiteHealth:
        seen = status(self.world, observers or SiteObservers(self.world, "south"))
        sight = next(each.sight for each in seen.sites if each.facts.name == site)
        return diagnose(sight, self.earth.clock.now())


def test_a_site_in_which_all_is_well_is_well_with_kubernetes_and_without() -> None:
    harness = Harness()
    assert harness.diagnosis("north").scope is CauseScope.WELL
    assert harness.diagnosis("south").scope is CauseScope.WELL


def test_a_node_that_falls_silent_explains_its_broker() -> None:
    harness = Harness()
    harness.node(3, "Unknown")
    harness.brokers().alive = [1, 2]
    found = harness.diagnosis()
    assert (found.scope, found.causes[0].subject, found.causes[0].brokers) == (
        CauseScope.NODE,
        "node-3",
        frozenset({3}),
    )


def test_a_site_that_does_not_answer_from_here_is_no_lost_site() -> None:
    harness = Harness()
    harness.earth.north.down = harness.api.down = True
    harness.earth.mirrors["south", "north"].worker_down = True
    found = harness.diagnosis()
    assert found.scope is CauseScope.UNKNOWN
    assert any("only looked at from south" in each for each in found.causes[0].reasons)


def test_a_site_that_falls_silent_as_a_whole_is_not_called_lost_by_leases_that_nobody_tells_of() -> None:
    harness = Harness()
    clock, observers = harness.earth.clock, SiteObservers(harness.world, "south")
    for stamp in ("1", "2"):
        for number in (1, 2, 3):
            harness.api.put(LEASE, {"metadata": {"name": f"node-{number}"}, "spec": {"renewTime": stamp}})
        assert harness.diagnosis(observers=observers).scope is CauseScope.WELL
        clock.jump(timedelta(seconds=10))
    harness.earth.north.down = harness.api.down = True
    harness.earth.mirrors["south", "north"].worker_down = True
    scopes = []
    for _ in range(20):
        scopes.append({each.scope for each in harness.diagnosis(observers=observers).causes})
        clock.jump(timedelta(seconds=5))
    assert scopes == [{CauseScope.UNKNOWN}] * 20


def test_brokers_that_do_not_answer_while_their_pods_are_ready_are_nobodys_lost_site_either() -> None:
    harness = Harness()
    harness.earth.north.down = True
    found = harness.diagnosis()
    assert found.scope is CauseScope.UNKNOWN
    assert "its connect, kubernetes does" in found.causes[0].subject


class Elsewhere:
    """A witness at another place, whose word is what the test says."""

    def __init__(self, harness: Harness, met: bool | None) -> None:
        self.harness, self.met = harness, met

    def sightings(self) -> Mapping[str, tuple[Sighting, ...]]:
        if self.met is None:
            raise Unreachable("witness west does not answer")
        met = Reading(self.met, self.harness.earth.clock.now())
        return {"north": (Sighting("drctl-west", "west", "brokers", met),)}


@pytest.mark.parametrize(
    ("met", "scope"), [(True, CauseScope.NETWORK), (False, CauseScope.SITE), (None, CauseScope.UNKNOWN)]
)
def test_a_second_place_tells_a_lost_site_from_a_lost_network(met: bool | None, scope: CauseScope) -> None:
    harness = Harness()
    harness.earth.north.down = harness.api.down = True
    harness.earth.mirrors["south", "north"].worker_down = True
    harness.world = replace(harness.world, witnesses={"west": Elsewhere(harness, met)})
    assert harness.diagnosis().scope is scope
    assert harness.diagnosis("south").scope is CauseScope.WELL


def test_a_witness_at_our_own_place_is_no_second_place() -> None:
    harness = Harness()
    harness.earth.north.down = harness.api.down = True
    harness.earth.mirrors["south", "north"].worker_down = True
    harness.world = replace(harness.world, witnesses={"south": Elsewhere(harness, met=False)})
    assert harness.diagnosis().scope is CauseScope.UNKNOWN


def test_an_api_server_that_is_down_blinds_without_a_cause() -> None:
    harness = Harness()
    harness.api.down = True
    found = harness.diagnosis()
    assert (found.scope, found.causes) == (CauseScope.UNKNOWN, ())
    assert found.blind == ("Kubernetes: the API server does not answer",)


def test_who_rejects_us_is_there() -> None:
    harness = Harness()

    class Rejecting(FakeBrokers):
        def cluster(self) -> Cluster:
            raise Unauthenticated("the brokers reject user drctl")

    north = replace(harness.world.sites["north"], brokers=Rejecting(harness.earth.north))
    harness.world = replace(harness.world, sites={**harness.world.sites, "north": north})
    found = harness.diagnosis()
    assert not found.causes
    assert found.blind == ("brokers: the brokers reject user drctl",)


def test_strimzi_resources_are_noted() -> None:
    harness = Harness()
    conditions = [{"type": "NotReady", "status": "True", "reason": "Fatal"}]
    harness.api.put(KAFKA.at("v1"), {"metadata": {"name": "north"}, "status": {"conditions": conditions}})
    assert "Kafka/north is not ready: Fatal" in harness.diagnosis().notes
