"""Which nodes are ill, and whether that is a zone."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta

from drctl.model.kubernetes import ConditionStatus, Node

FATAL = {
    "node.kubernetes.io/unreachable": "its kubelet does not answer the control plane",
    "node.kubernetes.io/not-ready": "it is tainted as not ready",
    "node.kubernetes.io/out-of-service": "it was declared out of service",
}


def node_reasons(
    name: str, nodes: Mapping[str, Node] | None, leases: Mapping[str, timedelta] | None, silent_after: timedelta
) -> Iterator[str]:
    """All that says that a node is ill. Nothing where nodes were not seen at all."""
    if nodes is None or not name:
        return
    node = nodes.get(name)
    if node is None:
        yield f"node {name} does not exist any more"
        return
    if node.ready is ConditionStatus.UNKNOWN:
        yield f"node {name} fell silent: its Ready condition is Unknown"
    elif node.ready is ConditionStatus.FALSE:
        yield f"node {name} says that it is not ready"
    yield from (f"node {name}: {why}" for taint, why in FATAL.items() if taint in node.taints)
    age = (leases or {}).get(name)
    if age is not None and age > silent_after:
        yield f"node {name} has not renewed its lease for {age.total_seconds():.0f} s"


def lost_zones(nodes: Mapping[str, Node], ill: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, frozenset[str]]]:
    """Zones of at least two nodes that are all ill while a node of another zone is well, with their nodes.

    A zone of one node cannot be told from its node.
    """
    zones: dict[str, set[str]] = defaultdict(set)
    for node in nodes.values():
        zones[node.zone].add(node.name)
    well = {node.zone for node in nodes.values() if node.name not in ill}
    for zone, members in sorted(zones.items()):
        # With every node ill in every zone it is not a zone that was lost: that is said by the nodes, or by
        # the site.
        if zone and len(members) > 1 and zone not in well and well:
            yield zone, frozenset(members)
