"""The workloads of a plan file: what moves together, and as which groups its sinks read."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from drctl.model.scaling import Carrier, Scalable


@dataclass(frozen=True, slots=True)
class Workload:
    """Name what moves together. Topics and groups are exact names, ``sinks`` those of sink connectors.

    ``carriers`` are the Deployments and StatefulSets in whose pods its clients run. ``restarts`` are those that are
    restarted once clients were routed to another site: they read only when they start where to go.
    """

    name: str
    topics: tuple[str, ...]
    groups: tuple[str, ...]
    sinks: tuple[str, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    restarts: tuple[Scalable, ...] = ()

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


def sink_group(connector: str) -> str:
    """The consumer group that Kafka Connect gives a sink connector whose configuration sets none."""
    return f"connect-{connector}"
