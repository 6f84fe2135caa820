"""All observers of a site together, from fakes to a cause."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from drctl.decide.health import diagnose
from drctl.errors import Unauthenticated, Unreachable
from drctl.model.cause import CauseScope, SiteHealth
from drctl.model.cluster import Cluster
from drctl.model.kubernetes import Usage
from drctl.model.reading import Reading
from drctl.model.resources import KAFKA, NODE, POD, STRIMZI, STRIMZI_CORE
from drctl.model.sight import Sighting
from drctl.model.site import Kubernetes, Strimzi
from drctl.monitors import SiteObservers, status
from drctl.ports import KubePorts, World
from tests.fakes import FakeApi, FakeBrokers, FakeKubelets, FakeResources, fake_world


class Stage:
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

    def diagnosis(self, site: str = "north") -> SiteHealth:
        seen = status(self.world, SiteObservers(self.world, "south"))
        sight = next(each.sight for each in seen.sites if each.facts.name == site)
        return diagnose(sight, self.earth.clock.now())


def test_a_site_in_which_all_is_well_is_well_with_kubernetes_and_without() -> None:
    stage = Stage()
    assert stage.diagnosis("north").scope is CauseScope.WELL
    assert stage.diagnosis("south").scope is CauseScope.WELL


def test_a_node_that_falls_silent_explains_its_broker() -> None:
    stage = Stage()
    stage.node(3, "Unknown")
    stage.brokers().alive = [1, 2]
    found = stage.diagnosis()
    assert (found.scope, found.causes[0].subject, found.causes[0].brokers) == (
        CauseScope.NODE,
        "node-3",
        frozenset({3}),
    )


def test_a_site_that_does_not_answer_from_here_is_no_lost_site() -> None:
    stage = Stage()
    stage.earth.north.down = stage.api.down = True
    stage.earth.mirrors["south", "north"].worker_down = True
    found = stage.diagnosis()
    assert found.scope is CauseScope.UNKNOWN
    assert any("only looked at from south" in each for each in found.causes[0].reasons)


def test_brokers_that_do_not_answer_while_their_pods_are_ready_are_nobodys_lost_site_either() -> None:
    stage = Stage()
    stage.earth.north.down = True
    found = stage.diagnosis()
    assert found.scope is CauseScope.UNKNOWN
    assert "its connect, kubernetes does" in found.causes[0].subject


class Elsewhere:
    """A witness at another place, whose word is what the test says."""

    def __init__(self, stage: Stage, met: bool | None) -> None:
        self.stage, self.met = stage, met

    def sightings(self) -> Mapping[str, tuple[Sighting, ...]]:
        if self.met is None:
            raise Unreachable("witness west does not answer")
        met = Reading(self.met, self.stage.earth.clock.now())
        return {"north": (Sighting("drctl-west", "west", "brokers", met),)}


@pytest.mark.parametrize(
    ("met", "scope"), [(True, CauseScope.NETWORK), (False, CauseScope.SITE), (None, CauseScope.UNKNOWN)]
)
def test_a_second_place_tells_a_lost_site_from_a_lost_network(met: bool | None, scope: CauseScope) -> None:
    stage = Stage()
    stage.earth.north.down = stage.api.down = True
    stage.earth.mirrors["south", "north"].worker_down = True
    stage.world = replace(stage.world, witnesses={"west": Elsewhere(stage, met)})
    assert stage.diagnosis().scope is scope
    assert stage.diagnosis("south").scope is CauseScope.WELL


def test_a_witness_at_our_own_place_is_no_second_place() -> None:
    stage = Stage()
    stage.earth.north.down = stage.api.down = True
    stage.earth.mirrors["south", "north"].worker_down = True
    stage.world = replace(stage.world, witnesses={"south": Elsewhere(stage, met=False)})
    assert stage.diagnosis().scope is CauseScope.UNKNOWN


def test_an_api_server_that_is_down_blinds_without_a_cause() -> None:
    stage = Stage()
    stage.api.down = True
    found = stage.diagnosis()
    assert (found.scope, found.causes) == (CauseScope.UNKNOWN, ())
    assert found.blind == ("Kubernetes: the API server does not answer",)


def test_who_rejects_us_is_there() -> None:
    stage = Stage()

    class Rejecting(FakeBrokers):
        def cluster(self) -> Cluster:
            raise Unauthenticated("the brokers reject user drctl")

    north = replace(stage.world.sites["north"], brokers=Rejecting(stage.earth.north))
    stage.world = replace(stage.world, sites={**stage.world.sites, "north": north})
    found = stage.diagnosis()
    assert not found.causes
    assert found.blind == ("brokers: the brokers reject user drctl",)


def test_strimzi_resources_are_noted() -> None:
    stage = Stage()
    conditions = [{"type": "NotReady", "status": "True", "reason": "Fatal"}]
    stage.api.put(KAFKA.at("v1"), {"metadata": {"name": "north"}, "status": {"conditions": conditions}})
    assert "Kafka/north is not ready: Fatal" in stage.diagnosis().notes
