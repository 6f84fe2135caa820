"""All that drctl does on Kubernetes, as a user with few rights, and which of it needs which right."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Protocol

from drctl.decide.leadership import terms
from drctl.drivers.kube.kubelets import ProxiedKubelets
from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.kube.rollouts import KubeRollouts
from drctl.drivers.kube.workload_pods import APPS
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.strimzi.access import StrimziAccess
from drctl.drivers.strimzi.connector_replication import KafkaConnectorReplication
from drctl.drivers.strimzi.connectors import ConnectorResources
from drctl.drivers.strimzi.fence import StrimziFence
from drctl.drivers.strimzi.replication import StrimziReplication
from drctl.errors import DrctlError, NotFound
from drctl.model.link import LinkDefinitions, WantedConnector
from drctl.model.offsets import TopicPartition
from drctl.model.resources import STRIMZI_KINDS, Kind
from drctl.model.scaling import DEPLOYMENT, STATEFUL_SET, Scalable
from drctl.model.site import Canary, Site, Strimzi
from drctl.monitors import status
from drctl.monitors.kubernetes import KubeObserver
from drctl.plans.standing import told_runs
from drctl.ports import KubePorts
from drctl.service.election import Election
from drctl.service.showing import ResourceMirror
from drctl.service.touched import TouchedResources
from tests.fakes import FakeClock, FakeFence, FakeSite, fake_world
from tests.kube.deployed import DEPLOY, Manifest, Right, documents
from tests.spec.harness import switch
from tests.unit.drivers.strimzi import LINK
from tests.unit.drivers.test_strimzi_fence import SHOP, denials

CLOCK = SystemClock()
_NUMBERS = count()
NAMES = Strimzi("north", "external", "drctl", "canary", take_ownership=True)
SITE = Site("north", "", None, "", Canary(None, "canary"), None, NAMES)


RESTARTED = (Scalable(DEPLOYMENT, "shop"), Scalable(STATEFUL_SET, "turbines"))
"""Clients that are restarted, in namespace clients."""


def restarted() -> Iterator[tuple[Kind, Manifest]]:
    """Their manifests."""
    for what in RESTARTED:
        labels = {"app": what.name}
        containers = [{"name": "app", "image": "registry.example/app"}]
        template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
        spec: Manifest = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        spec |= {"serviceName": what.name} if what.kind == STATEFUL_SET else {}
        kind = APPS[what.kind]
        meta = {"name": what.name, "namespace": "clients"}
        yield kind, {"apiVersion": kind.api_version, "kind": kind.name, "metadata": meta, "spec": spec}


class KafkaHarness(Protocol):
    """A site run by Strimzi in namespace kafka, as its administrator, and drctl's own lease beside it."""

    @property
    def fence(self) -> StrimziFence: ...

    def runs(self) -> None:
        """The link works."""

    def halts(self, *, with_offsets: bool) -> None:
        """The link is stopped; the config map of its offsets is there, or not."""


def strike() -> FakeFence:
    """The brokers' own fence, of a site in which one application may write."""
    site = FakeSite("north", {"orders": 1})
    site.allowed.add(SHOP)
    return FakeFence(site)


def example() -> Manifest:
    """The spec of the plan file that is shipped: one without it would be refused."""
    (plan,) = documents(documents((DEPLOY / "base/plan.yaml").read_text())[0]["data"]["plan.yaml"])
    spec: Manifest = plan["spec"]
    return spec


class Drctl:
    """drctl's own drivers as a user with few rights."""

    def __init__(self, site: KafkaHarness, kubeconfig: Path) -> None:
        self.site = site
        self.api = KubeResources("north", kubeconfig, "lab", "kafka", CLOCK)
        self.own = KubeResources("north", kubeconfig, "lab", "drctl", CLOCK)
        self.clients = KubeResources("of client routing", kubeconfig, "lab", "clients", CLOCK)
        self.kubelets = ProxiedKubelets(self.api.client, "kafka")
        self.replication = StrimziReplication(LINK, self.api, CLOCK, take=True)

    def sees(self, plural: str, verb: str) -> str:
        """What the eye for that kind complains of."""
        eyes = KubeObserver(self.api, self.kubelets, CLOCK, "app=kafka", kinds=STRIMZI_KINDS)
        (eye,) = [each for each in eyes.all if each.kind.plural == plural]
        eye.look()
        if verb == "watch":
            eye.follow(1)
        return eye.trouble

    def logs_in(self, user: str) -> None:
        StrimziAccess(SITE, NAMES, self.api).client(user)

    def fences(self) -> None:
        self.site.fence.lift(denials(SHOP))
        StrimziFence(strike(), self.api, NAMES).deny(denials(SHOP))

    def stops(self) -> None:
        self.site.runs()
        self.replication.stop()

    def restarts(self, *, with_offsets: bool) -> None:
        self.site.halts(with_offsets=with_offsets)
        self.replication.restart_from({TopicPartition("orders", 0): 100})

    def stands(self) -> str:
        """What an election complains of in which the lease is taken."""
        clock = FakeClock()
        election = Election(self.own, "drctl", "me", terms(30), clock)
        election.turn()
        clock.jump(timedelta(seconds=31))
        election.turn()
        return election.trouble

    def measures(self) -> None:
        with suppress(NotFound):  # there is no such node, which only who may ask is told
            self.kubelets.usage("node")

    def shows(self) -> None:
        """A plan and a run that nobody has shown yet."""
        world = fake_world().ports()
        switch(world)
        world = replace(world, plan=replace(world.plan, name=f"shown-{next(_NUMBERS)}"))
        ResourceMirror(world, self.own, "drctl", example(), lambda: True).write(status(world))

    def tells(self) -> str:
        """What keeps Events of a run that touched KafkaUser shop and the mirror from being written."""
        world = fake_world().ports()
        switch(world)
        here = replace(world.sites["north"], kubernetes=KubePorts(self.api, self.kubelets))
        sites = tuple(replace(each, strimzi=NAMES if each.name == "north" else None) for each in world.plan.sites)
        seen = replace(world, plan=replace(world.plan, sites=sites), sites={**world.sites, "north": here})
        touched = TouchedResources(seen)
        touched.tell(told_runs(seen))
        return touched.trouble.get("north", "")

    def connects(self) -> None:
        """A link of KafkaConnectors that nobody has made yet is made and brought to run."""
        number = next(_NUMBERS)
        kinds = ("source", "checkpoint", "heartbeat")
        config = {"connector.class": "Mirror", "tasks.max": "1"}
        definitions = LinkDefinitions(*(WantedConnector(f"link-{number}.{kind}", config) for kind in kinds))
        definer = self.api.as_manager("drctl-definitions")
        connectors = ConnectorResources(self.api, definer, "mirror", "north")
        KafkaConnectorReplication(LINK, definitions, connectors, CLOCK).resume()

    def rehearses(self, plural: str) -> None:
        """What may be restarted of that kind, or of any."""
        for what in RESTARTED:
            if plural in ("pods", APPS[what.kind].plural):
                KubeRollouts(self.clients).rehearse(what)

    def close(self) -> None:
        self.api.close()
        self.clients.close()
        self.own.close()


def acts(right: Right) -> Callable[[Drctl], str | None]:
    """What of drctl needs that right. KeyError for one that nothing needs."""
    if right.role.endswith("/drctl-client-restarts"):
        return lambda drctl: drctl.rehearses(right.resource)
    if right.role.endswith("/drctl-events"):
        return lambda drctl: drctl.tells()
    if right.verb in ("list", "watch"):
        return lambda drctl: drctl.sees(right.resource, right.verb)
    return {
        ("kafkas", "get", ""): lambda drctl: drctl.logs_in("drctl"),
        ("kafkausers", "get", ""): lambda drctl: drctl.logs_in("drctl"),
        ("secrets", "get", "drctl"): lambda drctl: drctl.logs_in("drctl"),
        ("secrets", "get", "canary"): lambda drctl: drctl.logs_in("canary"),
        ("kafkausers", "patch", ""): lambda drctl: drctl.fences(),
        ("kafkamirrormaker2s", "get", ""): lambda drctl: drctl.replication.status(),
        ("kafkamirrormaker2s", "patch", ""): lambda drctl: drctl.stops(),
        ("configmaps", "get", "drctl-offsets"): lambda drctl: drctl.replication.frontier(),
        ("configmaps", "create", "drctl-offsets"): lambda drctl: drctl.restarts(with_offsets=False),
        ("configmaps", "patch", "drctl-offsets"): lambda drctl: drctl.restarts(with_offsets=True),
        ("kafkaconnects", "get", ""): lambda drctl: drctl.connects(),
        ("kafkaconnectors", "get", ""): lambda drctl: drctl.connects(),
        ("kafkaconnectors", "create", ""): lambda drctl: drctl.connects(),
        ("kafkaconnectors", "patch", ""): lambda drctl: drctl.connects(),
        ("leases", "get", "drctl"): lambda drctl: drctl.stands(),
        ("leases", "patch", "drctl"): lambda drctl: drctl.stands(),
        ("nodes/proxy", "get", ""): lambda drctl: drctl.measures(),
        ("disasterrecoveryplans", "create", ""): lambda drctl: drctl.shows(),
        ("disasterrecoveryplans", "patch", ""): lambda drctl: drctl.shows(),
        ("disasterrecoveryplans/status", "patch", ""): lambda drctl: drctl.shows(),
        ("disasterrecoveryruns", "create", ""): lambda drctl: drctl.shows(),
        ("disasterrecoveryruns", "patch", ""): lambda drctl: drctl.shows(),
        ("disasterrecoveryruns/status", "patch", ""): lambda drctl: drctl.shows(),
        ("events", "create", ""): lambda drctl: drctl.shows(),
        ("events", "patch", ""): lambda drctl: drctl.shows(),
    }[right.resource, right.verb, right.name]


def denial(drctl: Drctl, right: Right) -> str:
    """How doing that is refused; empty if it is not."""
    try:
        said = acts(right)(drctl)
    except DrctlError as error:
        return f"{error}"
    return said if isinstance(said, str) else ""
