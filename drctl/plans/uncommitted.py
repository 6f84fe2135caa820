"""Partitions in which a group never committed: with ``auto.offset.reset=latest`` it would skip what comes after a move.

At the source a member keeps its place in memory. At the target it begins by its reset policy, and whatever a producer
wrote before the first consumer arrived is not read. Where the source holds no record both policies mean the same place,
so that one is certain and can be handed over; elsewhere only a person knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from drctl.model.offsets import Committed, TopicPartition
from drctl.plans.followed import Held
from drctl.ports.asking import first_records
from drctl.ports.world import World

NAMED = 8
"""Partitions that a line names; of more it says how many."""


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """A partition of a topic that the group commits in elsewhere. ``place``: its position if that is certain.

    ``records`` is how many the source holds at most.
    """

    group: str
    partition: TopicPartition
    place: int | None
    records: int


def uncommitted(world: World, site: str, held: Held, *, closely: bool = True) -> tuple[Uncommitted, ...]:
    """Partitions at that site in which groups have no position, in order, though they have one in another partition.

    ``held`` are the groups' positions there. Topics in which a group has none at all are left out: nobody knows whether
    it reads them. ``closely``: also a log that holds nothing but transaction markers, which reading tells, is empty.
    """
    there, plan = world.sites[site], world.plan
    named = set(plan.topics_at(site))
    read = {group: _topics(positions) & named for group, positions in held.items()}
    topics = there.brokers.topics(set[str]().union(*read.values()))
    missing = [
        (group, partition)
        for group, names in sorted(read.items())
        for name in sorted(names & topics.keys())
        for partition in topics[name].spread()
        if partition not in held[group]
    ]
    partitions = sorted({p for _, p in missing})
    bounds = there.records.bounds(partitions) if partitions else {}
    decided = {p: (each.start, each.high) for p, each in bounds.items() if closely and each.stable == each.high}
    holding = first_records(there.records, decided)
    # While a transaction is open nobody knows what the log will hold: that one does not count as empty.
    empty = {p: each.start == each.high or (p in decided and p not in holding) for p, each in bounds.items()}
    found: list[Uncommitted] = []
    for group, partition in missing:
        bound = bounds[partition]
        if empty[partition]:
            found.append(Uncommitted(group, partition, bound.stable, 0))
        else:
            found.append(Uncommitted(group, partition, None, bound.high - bound.start))
    return tuple(found)


def _topics(positions: Mapping[TopicPartition, Committed]) -> set[str]:
    return {partition.topic for partition in positions}


def certain(found: tuple[Uncommitted, ...]) -> Mapping[str, Mapping[TopicPartition, Committed]]:
    """The positions that can be handed over, as if the groups had committed them."""
    places: dict[str, dict[TopicPartition, Committed]] = {}
    for each in found:
        if each.place is not None:
            places.setdefault(each.group, {})[each.partition] = Committed(each.place)
    return places


def told(found: tuple[Uncommitted, ...], target: str) -> list[str]:
    """Return what to tell a person, a line for each group and kind."""
    return [
        f"{names}: empty, so its end is handed over"
        if handed
        else f"{names}: at most {records} records, no position is handed over; with auto.offset.reset=latest the"
        f" group reads none of them at {target}, with earliest all: let it commit at the source first"
        for names, records, handed in _by_group(found)
    ]


def told_at_target(found: tuple[Uncommitted, ...], target: str) -> list[str]:
    """The same for a failover, whose source nobody can ask: ``found`` are those at the target."""
    return [
        f"{names}: empty at {target}, so its end is committed"
        if handed
        else f"{names}: at most {records} records at {target}, and no position is guessed; with"
        " auto.offset.reset=latest the group reads none of them, with earliest all"
        for names, records, handed in _by_group(found)
    ]


def _by_group(found: tuple[Uncommitted, ...]) -> list[tuple[str, int, bool]]:
    """Group and partitions as they are named, how many records these hold at most, and whether a place is certain."""
    parts: dict[tuple[str, bool], list[Uncommitted]] = {}
    for each in found:
        parts.setdefault((each.group, each.place is not None), []).append(each)
    lines: list[tuple[str, int, bool]] = []
    for (group, handed), own in sorted(parts.items()):
        names = ", ".join(str(each.partition) for each in own[:NAMED])
        more = f" and {len(own) - NAMED} more" if len(own) > NAMED else ""
        lines.append((f"{group}: {names}{more}", sum(each.records for each in own), handed))
    return lines
