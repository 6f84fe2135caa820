"""The whole plan file, and what it says of topics, groups and links at each site."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from drctl.model.arbiter import AutomaticFailoverTerms
from drctl.model.capacity import Capacity
from drctl.model.clients import ClientSoftware
from drctl.model.guards import Guards, Objectives
from drctl.model.hooks import Hook, Moment
from drctl.model.links import Link
from drctl.model.live import LiveDrillTerms
from drctl.model.routing import RoutingCommands, RoutingField
from drctl.model.scaling import DEPLOYMENT, NODE_POOL, Carrier, Scalable
from drctl.model.site import Site
from drctl.model.workloads import NOT_ASKED, SinkGroup, Workload


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
    ``drill_topics``: isolated drills may make topics at the sites. ``live_drills`` is None where none is allowed,
    ``automatic_failover`` where only a person fails over.
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
    automatic_failover: AutomaticFailoverTerms | None = None
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

    @property
    def restarts(self) -> tuple[Scalable, ...]:
        """Name what is restarted once clients were routed to another site, in the plan file's order, each once."""
        return tuple(dict.fromkeys(what for w in self.workloads for what in w.restarts))

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


def _only[T](found: Iterable[T], name: str) -> T:
    for one in found:
        return one
    raise KeyError(name)
