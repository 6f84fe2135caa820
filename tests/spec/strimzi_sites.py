"""The fake world with both sites described as Strimzi sites: drctl's Strimzi drivers, and stand-ins for the operators.

Each site has a Kubernetes API in memory with its Kafka, its users, and at a link's target what drives the link. A
stand-in reconciles links into the fake MirrorMaker 2, another one users into the site's rules.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from drctl.drivers.strimzi.connector_replication import KafkaConnectorReplication
from drctl.drivers.strimzi.connectors import USED, ConnectorResources
from drctl.drivers.strimzi.fence import IGNORED, StrimziFence
from drctl.drivers.strimzi.replication import StrimziReplication
from drctl.model.link import LinkDefinitions, WantedConnector
from drctl.model.links import Link
from drctl.model.resources import KAFKA, KAFKA_CONNECT, KAFKA_CONNECTOR, KAFKA_USER, MIRROR_MAKER, STRIMZI, Object
from drctl.model.site import Strimzi
from drctl.ports import Replication, World
from tests.contract.link import connector, manifest
from tests.fakes import FakeApi, FakeFence, FakeMirror, FakeResources, FakeWorld, fake_world
from tests.fakes.mirror_rest import MirrorRest
from tests.fakes.strimzi_connectors import KafkaConnectorStandIn
from tests.fakes.strimzi_schedule import OperatorSchedule
from tests.fakes.strimzi_stand_in import PACKAGE, PARTS, StrimziStandIn
from tests.fakes.strimzi_users import UserOperatorStandIn
from tests.fakes.world import APPLICATIONS

SHAPES = ("v1", "v1beta2", "connectors")
"""In which resources the links are described; KafkaConnectors are so in v1."""
MIXED = "mixed"
"""North's Strimzi is older than south's: v1beta2 there, v1 here."""
USERS = (*APPLICATIONS, "User:canary", "User:mm2")
LEGACY = "User:legacy"
"""An application without a KafkaUser, that the User Operator is told to leave alone."""


@dataclass(eq=False)
class StrimziSpace:
    """The namespace of one site. ``links`` is who drives the link that leads here, ``users`` who keeps the rules."""

    name: str
    api: FakeApi
    rest: MirrorRest
    links: OperatorSchedule
    users: OperatorSchedule
    user_operator: UserOperatorStandIn
    manifests: dict[str, Object]
    """The users as their owner wrote them."""


class StrimziEarth:
    """A fake world, ``earth``, and the ``spaces`` by which its sites are described."""

    def __init__(self, shape: str = "v1") -> None:
        self.shape = shape
        north = "v1beta2" if shape in ("v1beta2", MIXED) else "v1"
        self.versions = {"north": north, "south": "v1" if shape == MIXED else north}
        self.earth = fake_world()
        self._describe_in_plan()
        self.spaces = {link.target: self._space(link) for link in self.earth.plan.links}
        self.earth.through = self.through
        self.earth.settle(1)
        self.earth.effects.names.clear()

    def through(self, world: World) -> World:
        """The same world, whose fences and links go through Strimzi's resources; as one process sees it."""
        sites = {n: replace(ports, fence=self._fence(n, ports.fence)) for n, ports in world.sites.items()}
        links = {pair: replace(ports, replication=self._replication(ports.link)) for pair, ports in world.links.items()}
        return replace(world, sites=sites, links=links)

    def in_the_middle(self, act: Callable[[], None]) -> None:
        """Do that right before and right after every change of drctl's, and between its parts."""

        def look(_: str) -> None:
            act()

        self.earth.effects.watchers.insert(0, look)
        self.earth.effects.watchers_inside.insert(0, look)

    def operators_act(self) -> None:
        """All of them that can reach their API."""
        for space in self.spaces.values():
            if not space.api.down:
                space.links.act()
                space.users.act()

    def watch_for_two_open_sites(self) -> list[str]:
        """Moments at which anybody could do anything at both sites: every tick, around every change, between its parts.

        Operators that act in the middle have acted then.
        """
        found: list[str] = []

        def look(moment: str = "a tick") -> None:
            if len(self.earth.open_sites()) > 1:
                found.append(moment)

        self.earth.effects.watchers.append(look)
        self.earth.effects.watchers_inside.append(look)
        self.earth.clock.actors.append(look)
        return found

    def specs(self) -> dict[tuple[str, str, str], Any]:
        """What every resource of Strimzi's asks for, by site, plural and name; the order of rules aside."""
        return {
            (site, plural, name): _in_order(item.get("spec"))
            for site, space in self.spaces.items()
            for (plural, _, name), item in space.api.objects.items()
            if plural.startswith("kafka")
        }

    def lose(self) -> None:
        """North's Kubernetes is gone with it, operators included."""
        north = self.spaces["north"]
        north.api.down = north.links.away = north.users.away = True

    def put_users(self, site: str) -> None:
        """A pipeline applies the users' manifests again, as their owner wrote them: without drctl's rules."""
        for each in self.spaces[site].manifests.values():
            self.spaces[site].api.put(KAFKA_USER.at(self.versions[site]), each)

    def come_back(self) -> None:
        """North is there again with all that its API held."""
        north = self.spaces["north"]
        north.api.down = north.links.away = north.users.away = False
        self.earth.north.down = False
        self.earth.workers["north"].worker_down = False
        self.earth.mirrors["south", "north"].worker_down = False

    def _describe_in_plan(self) -> None:
        plan = self.earth.plan
        sites = tuple(
            replace(each, strimzi=Strimzi(each.name, "external", "drctl", "canary", take_ownership=True))
            for each in plan.sites
        )
        made_of = "mirror" if self.shape == "connectors" else ""
        one = "" if made_of else "mirror"
        links = tuple(replace(each, kafka_connect=made_of, mirror_maker=one) for each in plan.links)
        self.earth.plan = replace(plan, sites=sites, links=links)

    def _space(self, link: Link) -> StrimziSpace:
        earth, name = self.earth, link.target
        version = self.versions[name]
        api, mirror = FakeApi({STRIMZI: (version,)}), earth.mirrors[link.source, name]
        earth.sites[name].allowed.add(LEGACY)
        env = [{"name": IGNORED, "value": "legacy"}]
        entity = {"userOperator": {}, "template": {"userOperatorContainer": {"env": env}}}
        kafka = {"kafka": {"authorization": {"type": "simple"}}, "entityOperator": entity}
        api.put(KAFKA.at(version), {"metadata": {"name": name}, "spec": kafka})
        api.write_status(KAFKA.at(version), name, {"operatorLastSuccessfulVersion": "1.2.0"})
        manifests = {each: _user(each, name) for each in USERS}
        for each in manifests.values():
            api.put(KAFKA_USER.at(version), each)
        self._put_link(api, link, mirror)
        operator = FakeResources(api, earth.clock, manager="strimzi-cluster-operator")
        rest = MirrorRest(mirror)
        stand_in = (KafkaConnectorStandIn if self.shape == "connectors" else StrimziStandIn)(
            operator, rest, api.write_status, version
        )
        links = OperatorSchedule(
            api, earth.clock, stand_in.reconcile, ("kafkamirrormaker2s", "kafkaconnectors", "kafkaconnects")
        )
        self._fence_in_api(api, name)
        user_operator = UserOperatorStandIn(operator, earth.sites[name], name, version, "legacy")
        users = OperatorSchedule(api, earth.clock, user_operator.reconcile, ("kafkausers",))
        return StrimziSpace(name, api, rest, links, users, user_operator, manifests)

    def _fence_in_api(self, api: FakeApi, name: str) -> None:
        """The standby's users deny what its rules deny, and so does legacy's rule there."""
        site = self.earth.sites[name]
        if site.denials:
            legacy = {replace(each, principal=LEGACY) for each in site.denials}
            names = self.earth.plan.site(name).strimzi
            assert names is not None
            StrimziFence(FakeFence(site), FakeResources(api), names).deny(site.denials | legacy)

    def _put_link(self, api: FakeApi, link: Link, mirror: FakeMirror) -> None:
        version = self.versions[link.target]
        state = "running" if link.source == "north" else "stopped"
        if self.shape != "connectors":
            item: Any = manifest(version, link.source, link.target, _definitions(mirror))
            for part in PARTS:
                if part in item["spec"]["mirrors"][0]:
                    item["spec"]["mirrors"][0][part]["state"] = state
            api.put(MIRROR_MAKER.at(version), item)
            return
        used = {"name": "mirror", "annotations": {USED: "true"}}
        api.put(KAFKA_CONNECT.at(version), {"metadata": used, "spec": {"replicas": 1}})
        for name, config in _definitions(mirror).items():
            made: Any = connector(name, config)
            made["spec"]["state"] = state
            api.put(KAFKA_CONNECTOR.at(version), made)

    def _fence(self, name: str, strike: Any) -> StrimziFence:
        names = self.earth.plan.site(name).strimzi
        assert names is not None
        return StrimziFence(strike, self._resources(name), names)

    def _replication(self, link: Link) -> Replication:
        resources, clock = self._resources(link.target), self.earth.clock
        if self.shape != "connectors":
            return StrimziReplication(link, resources, clock, take=True)
        mirror = self.earth.mirrors[link.source, link.target]
        definitions = LinkDefinitions(*(WantedConnector(*each) for each in _definitions(mirror).items()))
        definer = self._resources(link.target, "drctl-definitions")
        connectors = ConnectorResources(resources, definer, "mirror", link.target, take=True)
        return KafkaConnectorReplication(link, definitions, connectors, clock)

    def _resources(self, site: str, manager: str = "drctl") -> FakeResources:
        return FakeResources(self.spaces[site].api, self.earth.clock, self.earth.effects, manager=manager)


def strimzi_earth(shape: str = "v1") -> tuple[FakeWorld, StrimziEarth]:
    """A settled world whose sites are described in that shape, and the description."""
    made = StrimziEarth(shape)
    return made.earth, made


def _in_order(spec: Any) -> Any:
    rules = (spec.get("authorization") or {}).get("acls") if isinstance(spec, dict) else None
    return {**spec, "authorization": sorted(map(str, rules))} if rules else spec


def _user(principal: str, cluster: str) -> Object:
    resource = {"type": "topic", "name": "*", "patternType": "literal"}
    rules = [{"type": "allow", "resource": resource, "operations": ["Read", "Write"], "host": "*"}]
    authorization = {"type": "simple", "acls": rules}
    meta = {"name": principal.removeprefix("User:"), "labels": {"strimzi.io/cluster": cluster}}
    spec = {"authentication": {"type": "scram-sha-512"}, "authorization": authorization}
    return {"metadata": meta, "spec": spec}


def _definitions(mirror: FakeMirror) -> dict[str, dict[str, str]]:
    """What the link's connectors are configured to, source first."""
    own = {key: value for key, value in mirror.config.items() if key not in ("connector.class", "name")}
    named = dict(zip(("source", "checkpoint", "heartbeat"), PARTS.values(), strict=True))
    return {f"{kind}-connector": {**own, "connector.class": f"{PACKAGE}.{name}"} for kind, name in named.items()}
