"""Sites, links and workloads: what the plan file names."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path


class Role(StrEnum):
    """What a site is for right now."""

    PRIMARY = "primary"
    STANDBY = "standby"
    FENCED = "fenced"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Canary:
    """An ordinary client that must be refused once the fence stands: its properties file and the topic it writes to."""

    client_properties: Path
    topic: str


@dataclass(frozen=True, slots=True)
class Site:
    """One Kafka cluster with what runs around it. Paths are absolute."""

    name: str
    bootstrap_servers: str
    client_properties: Path
    connect_url: str
    canary: Canary


@dataclass(frozen=True, slots=True)
class Link:
    """Replication from ``source`` to ``target`` by MirrorMaker 2; it runs at the target's Connect workers.

    ``connectors`` is a JSON file, name → configuration, from which missing connectors are created.
    ``replication_principal`` is the Kafka principal under which MirrorMaker 2 writes at the target.
    """

    name: str
    source: str
    target: str
    connectors: Path
    replication_principal: str


@dataclass(frozen=True, slots=True)
class Workload:
    """What moves together. Topics and groups are exact names, ``sinks`` those of sink connectors."""

    name: str
    topics: tuple[str, ...]
    groups: tuple[str, ...]
    sinks: tuple[str, ...] = ()

    def only(self, wanted: Callable[[str], bool]) -> "Workload":
        """The same without groups that are not wanted, and without the sinks that read as these."""
        groups = tuple(group for group in self.groups if wanted(group))
        return replace(self, groups=groups, sinks=tuple(sink for sink in self.sinks if wanted(sink_group(sink))))


@dataclass(frozen=True, slots=True)
class Objectives:
    """What the operator promised: time until clients work again, and how much may be lost."""

    recovery_time: timedelta
    recovery_point: timedelta


@dataclass(frozen=True, slots=True)
class Guards:
    """Limits within which a plan may act.

    ``fence_window``: how long end offsets must stand still. ``step_timeout``: deadline of one step.
    ``max_lag``: records the link may be behind before a switchover is refused.
    """

    fence_window: timedelta
    step_timeout: timedelta
    max_lag: int


@dataclass(frozen=True, slots=True)
class PlanFile:
    """The whole plan file, checked; ``digest`` is the SHA-256 of its bytes, in hex."""

    name: str
    path: Path
    digest: str
    sites: tuple[Site, ...]
    links: tuple[Link, ...]
    workloads: tuple[Workload, ...]
    objectives: Objectives
    guards: Guards
    front_door: Path
    state: Path

    def site(self, name: str) -> Site:
        """The site of that name; KeyError if there is none."""
        return _only((s for s in self.sites if s.name == name), name)

    def link(self, source: str, target: str) -> Link:
        """The link in that direction; KeyError if there is none."""
        return _only((x for x in self.links if (x.source, x.target) == (source, target)), f"{source} to {target}")

    @property
    def topics(self) -> tuple[str, ...]:
        """Every workload's topics, sorted, each once."""
        return tuple(sorted({t for w in self.workloads for t in w.topics}))

    @property
    def groups(self) -> tuple[str, ...]:
        """Every workload's groups, those of its sinks too, sorted, each once."""
        own = {g for w in self.workloads for g in w.groups}
        return tuple(sorted(own | {sink_group(sink) for sink in self.sinks}))

    @property
    def sinks(self) -> tuple[str, ...]:
        """Every workload's sink connectors, sorted, each once."""
        return tuple(sorted({s for w in self.workloads for s in w.sinks}))


def sink_group(connector: str) -> str:
    """The consumer group that Kafka Connect gives a sink connector."""
    return f"connect-{connector}"


def _only[T](found: Iterable[T], name: str) -> T:
    for one in found:
        return one
    raise KeyError(name)
