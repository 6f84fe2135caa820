"""Which broker of a lab site has which role now, by number: leader, follower, active controller, coordinator."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.errors import LabError
from drctl.lab.broker import storage
from drctl.lab.lab import Lab
from drctl.model.cluster import Partition, Topic

OFFSETS_TOPIC = "__consumer_offsets"


@dataclass(frozen=True, slots=True)
class Leadership:
    """Who leads the metadata quorum, as one of its nodes has written it down; ``leader`` is -1 where it knows none."""

    leader: int
    epoch: int


def leader(lab: Lab, site: str, topic: str, partition: int) -> int:
    """Return the leader of a partition. LabError if there is none."""
    found = _partition(lab, site, topic, partition).leader
    if found < 0:
        raise LabError(f"{topic}-{partition} at {site} has no leader", remedy="wait until the site is whole again")
    return found


def follower(lab: Lab, site: str, topic: str, partition: int) -> int:
    """Return a replica in sync that does not lead, and is not the active controller if another is in sync, too."""
    told = _partition(lab, site, topic, partition)
    others = sorted(set(told.in_sync) - {told.leader})
    if not others:
        raise LabError(f"{topic}-{partition} at {site} has no follower in sync", remedy="use a lab of three brokers")
    controller = active_controller(lab, site).leader
    return next((each for each in others if each != controller), others[0])


def coordinator(lab: Lab, site: str, group: str) -> int:
    """Return the coordinator of a group: it leads the partition of ``__consumer_offsets`` that the group's id names."""
    partitions = _topic(lab, site, OFFSETS_TOPIC).partitions
    number = group_partition(group, len(partitions))
    if partitions[number].leader < 0:
        raise LabError(f"group {group} has no coordinator at {site}", remedy="wait until the site is whole again")
    return partitions[number].leader


def group_partition(group: str, partitions: int) -> int:
    """Return the partition of ``__consumer_offsets`` that holds a group: ``Utils.abs(id.hashCode()) % partitions``.

    Java's hash is over UTF-16 code units, in 32 signed bits; Kafka's ``abs`` of the lowest number is 0.
    """
    hashed = 0
    units = group.encode("utf-16-be")
    for high, low in zip(units[::2], units[1::2], strict=True):
        hashed = (31 * hashed + (high << 8 | low)) & 0xFFFFFFFF
    signed = hashed - (1 << 32) if hashed >> 31 else hashed
    return 0 if signed == -(1 << 31) else abs(signed) % partitions


def active_controller(lab: Lab, site: str) -> Leadership:
    """Return who leads the metadata quorum by the newest epoch that a node knows. LabError if nobody does.

    Clients cannot ask for it: a KRaft broker names itself, or any other, as the controller to them. Each node writes
    down its own view durably before it acts on it (``quorum-state``).
    """
    known = [each for each in quorum_views(lab, site).values() if each.leader >= 0]
    if not known:
        raise LabError(f"no node of {site} knows an active controller", remedy="wait until the site is whole again")
    # A node that was cut off goes on naming a leader of an earlier epoch.
    return max(known, key=lambda each: each.epoch)


def quorum_views(lab: Lab, site: str) -> Mapping[int, Leadership]:
    """Return what each node of a site has written down of the metadata quorum; those that have not are left out."""
    layout = lab.layout[site]
    found = {}
    for node in layout.nodes:
        path = storage(layout, node, lab.folder) / "__cluster_metadata-0" / "quorum-state"
        try:
            told = json.loads(path.read_bytes())
            found[node.number] = Leadership(int(told["leaderId"]), int(told["leaderEpoch"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # it is being replaced, or was never written
    return found


def _partition(lab: Lab, site: str, topic: str, partition: int) -> Partition:
    partitions = _topic(lab, site, topic).partitions
    if not 0 <= partition < len(partitions):
        raise LabError(f"{topic} at {site} has no partition {partition}", remedy=f"it has {len(partitions)}, from 0")
    return partitions[partition]


def _topic(lab: Lab, site: str, topic: str) -> Topic:
    kafka = lab.site(site).kafka("drctl")
    try:
        found = KafkaBrokers(kafka).topics([topic])
    finally:
        kafka.close()
    if topic not in found:
        raise LabError(
            f"{site} has no topic {topic}", remedy="name one of the workload's topics, and let it work first"
        )
    return found[topic]
