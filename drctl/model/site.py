"""Sites, links and workloads: what the plan file names."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from drctl.model.calendar import Calendar
from drctl.model.capacity import Capacity
from drctl.model.clients import ClientSoftware
from drctl.model.live import LiveDrillTerms
from drctl.model.routing import RoutingField
from drctl.model.scaling import DEPLOYMENT, NODE_POOL, Carrier, Scalable
from drctl.model.schemas import RegistryPlace


class Role(StrEnum):
    """Say what a site is for right now."""

    PRIMARY = "primary"
    STANDBY = "standby"
    FENCED = "fenced"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Canary:
    """An ordinary client that must be refused once the fence stands: its properties file and the topic it writes to.

    Where there is no file, Strimzi's secrets tell how it logs in.
    """

    client_properties: Path | None
    topic: str


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """Where a site's pods live. ``pods`` selects its broker pods by label. Never the current context of anything."""

    kubeconfig: Path
    context: str
    namespace: str
    pods: str


@dataclass(frozen=True, slots=True)
class Strimzi:
    """A site run by Strimzi, by the names of its resources: a Kafka, a listener of it, drctl's and the canary's users.

    ``take_ownership``: drctl may set fields that another field manager owns, such as a pipeline that applies manifests.
    """

    cluster: str
    listener: str
    user: str
    canary_user: str
    take_ownership: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """One Kafka cluster with what runs around it. Paths are absolute.

    Without ``client_properties`` Strimzi's resources tell how it is reached. ``platform_principals`` are those of its
    Connect workers and the like, which write to topics of their own, also behind the fence. ``schema_registry`` is None
    where the plan file names none; ``broker_metrics`` are addresses at which the brokers' metrics are served.
    """

    name: str
    bootstrap_servers: str
    client_properties: Path | None
    connect_url: str = field(repr=False)
    canary: Canary
    kubernetes: Kubernetes | None = None
    strimzi: Strimzi | None = None
    platform_principals: frozenset[str] = frozenset()
    schema_registry: RegistryPlace | None = None
    broker_metrics: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Link:
    """Replication from ``source`` to ``target`` by MirrorMaker 2; it runs at the target's Connect workers.

    ``connectors`` is a JSON file, name → configuration, from which missing connectors are created.
    ``replication_principal`` is the Kafka principal under which MirrorMaker 2 writes at the target.
    ``prefix`` is what stands before a topic's name at the target: ``north.`` under the default replication policy,
    nothing under the identity policy. Where Strimzi runs it, ``mirror_maker`` names the KafkaMirrorMaker2 through which
    it is driven, or ``kafka_connect`` the KafkaConnect whose KafkaConnectors it is made of; both are empty elsewhere.
    """

    name: str
    source: str
    target: str
    connectors: Path
    replication_principal: str
    prefix: str = ""
    mirror_maker: str = ""
    kafka_connect: str = ""

    @property
    def has_operator(self) -> bool:
        """Whether Strimzi's operator sets its connectors' configurations, and would undo what others set."""
        return bool(self.mirror_maker or self.kafka_connect)


@dataclass(frozen=True, slots=True)
class Workload:
    """Name what moves together. Topics and groups are exact names, ``sinks`` those of sink connectors.

    ``carriers`` are the Deployments and StatefulSets in whose pods its clients run.
    """

    name: str
    topics: tuple[str, ...]
    groups: tuple[str, ...]
    sinks: tuple[str, ...] = ()
    carriers: tuple[Carrier, ...] = ()

    def only(self, group: Callable[[str], bool], sink: Callable[[str], bool]) -> "Workload":
        """The same without groups and sinks that are not wanted."""
        return replace(self, groups=tuple(filter(group, self.groups)), sinks=tuple(filter(sink, self.sinks)))


@dataclass(frozen=True, slots=True)
class SinkGroup:
    """The consumer group that a sink reads as; ``name`` is None where that is ``unknown``, with why and what helps."""

    name: str | None
    unknown: str = ""
    remedy: str = ""


NOT_ASKED = SinkGroup(None, "no Connect worker was asked", "start its Connect worker")


@dataclass(frozen=True, slots=True)
class Objectives:
    """State what the operator promised: time until clients work again, and how much may be lost."""

    recovery_time: timedelta
    recovery_point: timedelta


@dataclass(frozen=True, slots=True)
class Guards:
    """Limits within which a plan may act.

    ``fence_window``: how long end offsets must stand still. ``step_timeout``: deadline of one step.
    ``max_lag``: records the link may be behind before a switchover is refused. ``cool_down``: how long the primary
    stays where a run has left it. ``approval``: ``none`` or ``required``, of a second person; it expires after
    ``approval_validity``. ``calendar``: when a planned move may begin. ``restart_failed_tasks``: the service
    restarts what fails of a link that is to run.
    """

    fence_window: timedelta
    step_timeout: timedelta
    max_lag: int
    # Defaults and their reasons stand where the plan file is read: GuardsPart in drctl/config/guards.py.
    cool_down: timedelta = timedelta(0)
    approval: str = "none"
    approval_validity: timedelta = timedelta(hours=1)
    calendar: Calendar | None = None
    restart_failed_tasks: bool = True


class Moment(StrEnum):
    """When a hook is called."""

    PRE = "pre"
    POST = "post"
    ON_FAILURE = "on-failure"
    ON_STATE = "on-state"


@dataclass(frozen=True, slots=True)
class Hook:
    """A command, without a shell, that is killed after ``timeout``. Its words may be secret: no ``repr`` has them."""

    command: tuple[str, ...] = field(repr=False)
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class RoutingCommands:
    """Client routing made of commands: ``route_to`` is given the site, ``read`` prints it."""

    route_to: tuple[str, ...] = field(repr=False)
    read: tuple[str, ...] = field(repr=False)
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class WitnessPlace:
    """A place at which another drctl service looks at the same sites, and where it is asked."""

    name: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlanFile:
    """The whole plan file, checked; ``digest`` is the SHA-256 of its bytes, in hex.

    ``client_routing`` is a file, commands, or a field of a resource; ``entry_point`` is what clients bootstrap through,
    empty if nobody says.
    ``fencing_agent`` is given a silent site as its last word, to take it down. Connect workers tell ``sink_groups``.
    ``drill_topics``: isolated drills may make topics at the sites. ``live_drills`` is None where none is allowed.
    """

    name: str
    path: Path
    digest: str
    sites: tuple[Site, ...]
    links: tuple[Link, ...]
    workloads: tuple[Workload, ...]
    objectives: Objectives
    guards: Guards
    client_routing: Path | RoutingCommands | RoutingField
    state: Path
    hooks: Mapping[Moment, tuple[Hook, ...]] = field(default_factory=dict)
    clients: tuple[ClientSoftware, ...] = ()
    witnesses: tuple[WitnessPlace, ...] = ()
    state_shared: bool = False
    capacity: Capacity | None = None
    fencing_agent: Hook | None = None
    entry_point: str = ""
    drill_topics: bool = False
    live_drills: LiveDrillTerms | None = None
    sink_groups: Mapping[str, SinkGroup] = field(default_factory=dict, compare=False, repr=False)

    def site(self, name: str) -> Site:
        """The site of that name; KeyError if there is none."""
        return _only((s for s in self.sites if s.name == name), name)

    def link(self, source: str, target: str) -> Link:
        """The link in that direction; KeyError if there is none."""
        return _only((x for x in self.links if (x.source, x.target) == (source, target)), f"{source} to {target}")

    def standbys(self, site: str) -> tuple[str, ...]:
        """Name the sites to which a link leads from that one, in the plan file's order."""
        return tuple(link.target for link in self.links if link.source == site)

    @property
    def replication_principals(self) -> frozenset[str]:
        """Under which the links write; those of all directions, because the link home writes at a fenced site."""
        return frozenset(link.replication_principal for link in self.links)

    @property
    def topics(self) -> tuple[str, ...]:
        """Every workload's topics, sorted, each once."""
        return tuple(sorted({t for w in self.workloads for t in w.topics}))

    def topics_at(self, site: str) -> tuple[str, ...]:
        """The same as they are called at a site, with their copies from other sites; sorted, each once."""
        prefixes = {"", *(link.prefix for link in self.links if link.target == site)}
        return tuple(sorted(prefix + topic for topic in self.topics for prefix in prefixes))

    def image(self, source: str, target: str, topic: str) -> str:
        """Return what a topic of ``source`` is called at ``target``: where it was copied to, or copied from."""
        back = next((link.prefix for link in self.links if (link.source, link.target) == (target, source)), "")
        if back and topic.startswith(back) and topic.removeprefix(back) in self.topics:
            return topic.removeprefix(back)
        return self.link(source, target).prefix + topic

    def is_copied(self, source: str, target: str, topic: str) -> bool:
        """Whether the link from ``source`` to ``target`` is what copies that topic of ``source``, not the other way."""
        return self.image(source, target, topic) == self.link(source, target).prefix + topic

    @property
    def own_groups(self) -> tuple[str, ...]:
        """The groups that the plan file names, sorted, each once; nobody is asked for them."""
        return tuple(sorted({g for w in self.workloads for g in w.groups}))

    @property
    def groups(self) -> tuple[str, ...]:
        """The same with those of the sinks, as far as they are known; may wait for the Connect workers."""
        return tuple(sorted({*self.own_groups, *filter(None, map(self.group_of, self.sinks))}))

    def group_of(self, sink: str) -> str | None:
        """The consumer group that a sink connector reads as, None where that is unknown; may wait as well."""
        return self.sink_groups.get(sink, NOT_ASKED).name

    @property
    def unknown_sinks(self) -> Mapping[str, SinkGroup]:
        """The sinks of which nobody knows the group, each with why; may wait as well."""
        told = {sink: self.sink_groups.get(sink, NOT_ASKED) for sink in self.sinks}
        return {sink: each for sink, each in told.items() if each.name is None}

    @property
    def sinks(self) -> tuple[str, ...]:
        """Every workload's sink connectors, sorted, each once."""
        return tuple(sorted({s for w in self.workloads for s in w.sinks}))

    @property
    def carriers(self) -> tuple[Carrier, ...]:
        """Every workload's Deployments and StatefulSets, in the order of the plan file."""
        return tuple(carrier for w in self.workloads for carrier in w.carriers)

    def deployments_ahead(self) -> tuple[Scalable, ...]:
        """Deployments that a shift names and no workload does: they run at a standby, too, and are scaled before."""
        shifts = self.capacity.shifts if self.capacity else ()
        carried = {carrier.what.name for carrier in self.carriers}
        names = {name for shift in shifts for name in shift.demand.deployments} - carried
        return tuple(Scalable(DEPLOYMENT, name) for name in sorted(names))

    def node_pools(self, site: str) -> tuple[Scalable, ...]:
        """Node pools that a shift names, as they are scaled at that site."""
        shifts = self.capacity.shifts if self.capacity else ()
        take = (strimzi := self.site(site).strimzi) is not None and strimzi.take_ownership
        names = {name for shift in shifts for name in shift.demand.node_pools}
        return tuple(Scalable(NODE_POOL, name, take=take) for name in sorted(names))


def sink_group(connector: str) -> str:
    """The consumer group that Kafka Connect gives a sink connector whose configuration sets none."""
    return f"connect-{connector}"


def _only[T](found: Iterable[T], name: str) -> T:
    for one in found:
        return one
    raise KeyError(name)
