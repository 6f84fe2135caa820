"""Rules about the disks of brokers: room that runs out, and brokers that take no new partition.

Cordoning (KIP-1066) forbids one thing: new replicas in that log directory. Those that lie there are written, read and
elected as before, so that a move, which places none, is not held up by it. What the work does afterwards may be: where
fewer brokers take partitions than a topic has replicas, Kafka refuses to create one like it or to add partitions to it
(INVALID_REPLICATION_FACTOR), and applications such as Kafka Streams create topics when they start. A broker counts as
cordoned once all its directories are; one that is left takes them all.

| at the target | a switchover, a failback | a failover |
| --- | --- | --- |
| a directory with less than 3 % free | waits: a full broker stops, and by then the source is closed | warned |
| a directory with less than 15 % free | warned | warned |
| 3 brokers, 1 cordoned, topics with 3 replicas | waits: no topic like these can be made or grown there | warned |
| 3 brokers, 1 cordoned, topics with 2 replicas | warned | warned |
| a broker with 1 of 2 directories cordoned | nothing: ``drctl doctor`` tells it | nothing |
| a broker that does not tell | warned that it was not compared | warned |

A move is not expected to fill a disk by itself: the link has written there what clients will write. So the limits are
those of the doctor, by what is free now and not by what may come.
"""

from collections.abc import Collection, Iterable, Iterator

from drctl.decide.rules import Blocker, Rule
from drctl.errors import at_site
from drctl.model.cluster import Topic
from drctl.model.facts import Facts, SiteFacts
from drctl.model.upkeep import BrokerDisks, DiskSpace
from drctl.model.wording import counted

LOW, FULL = 0.15, 0.03
"""A log directory of which less is free is reported; it is wrong once it has less than this.

As for volumes (:mod:`drctl.decide.freshness`): the first is enough for somebody to see to it in working hours. Kafka
goes on until the disk is full, and then gives the directory up, or ends where it has no other.
"""
SHOWN = 3
"""Brokers that are named of many which do not tell: who reads it sees by the first why, and by the number how far."""

UNCORDON = "take one out of its cordoned.log.dirs, or add brokers; what is there already is served all the same"
ROOM = "add space to it, or shorten retention there"


def disk_blockers(facts: Facts) -> Iterator[Blocker]:
    """Return what is wrong with the target's disks: a directory that is full next, too few that take partitions."""
    target = facts.target
    yield from filling(target.name, target.disks, 0.0, FULL)
    yield from places_missing(target, (target.topics.value or {}).values())


def disk_warnings(facts: Facts) -> Iterator[Blocker]:
    """Return what is to be seen to at the target before it is wrong, and what its brokers did not tell."""
    target = facts.target
    yield from filling(target.name, target.disks, FULL, LOW)
    if not any(places_missing(target, (target.topics.value or {}).values())):
        for who in cordoned(target.disks):
            detail = f"{target.name}: {who} takes no new partition: every log directory of it is cordoned"
            yield Blocker(Rule.DIRECTORY_CORDONED, detail, "uncordon one, unless it is being emptied")
    unknown = [(who, seen.unknown) for who, seen in target.disks.items() if not seen.known]
    if unknown:
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        names = ", ".join(who for who, _ in unknown[:SHOWN]) + more
        why = at_site(target.name, unknown[0][1])
        detail = f"not compared: free space on the disks of {names} of {target.name}: {why}"
        yield Blocker(Rule.FACTS_UNKNOWN, detail, "see the reason, or look at them by hand")


def filling(site: str, disks: BrokerDisks, least: float, below: float) -> Iterator[Blocker]:
    """Name the directories of which that part is free: from ``least`` on and less than ``below``, of 1."""
    for who, place, space in spaces(disks):
        part = space.free / space.total if space.total else 0.0
        if least <= part < below:
            yield Blocker(Rule.DISK_FILLING, f"{site}: {who}: {place} has {shown(space)} left", ROOM)


def places_missing(site: SiteFacts, topics: Collection[Topic]) -> Iterator[Blocker]:
    """Say why no topic with as many replicas as one of these has could be created there; nothing where it can.

    A broker that does not tell counts as one that takes partitions: it is named as not compared.
    """
    closed = cordoned(site.disks)
    if site.cluster.value is None or not closed or not topics:
        return
    there = len(site.cluster.value.brokers)
    widest = max(topics, key=_replicas)
    if there - len(closed) < _replicas(widest):
        counts = f"{there - len(closed)} of {counted(there, 'broker')} take new partitions"
        replicas = counted(_replicas(widest), "replica")
        detail = (
            f"{site.name}: {counts}, and {widest.name} has {replicas}: no topic like it can"
            f" be created there, and it gets no partition more; every log directory is cordoned of {', '.join(closed)}"
        )
        yield Blocker(Rule.DIRECTORY_CORDONED, detail, UNCORDON)


def cordoned(disks: BrokerDisks) -> tuple[str, ...]:
    """Return the brokers of which every log directory is cordoned."""
    return tuple(who for who, seen in disks.items() if seen.value and _all_cordoned(seen.value.values()))


def _all_cordoned(held: Iterable[DiskSpace]) -> bool:
    return all(space.cordoned for space in held)


def spaces(disks: BrokerDisks) -> Iterator[tuple[str, str, DiskSpace]]:
    """Every broker's every directory with its space, where it was told."""
    for who, seen in disks.items():
        yield from ((who, place, space) for place, space in sorted((seen.value or {}).items()))


def shown(space: DiskSpace) -> str:
    """Return what is free of how much, for people."""
    return f"{space.free / (1 << 20):,.0f} MiB of {space.total / (1 << 20):,.0f} MiB"


def _replicas(topic: Topic) -> int:
    return max((len(partition.replicas) for partition in topic.partitions), default=0)
