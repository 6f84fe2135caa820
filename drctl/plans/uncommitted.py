"""Partitions in which a group never committed: with ``auto.offset.reset=latest`` it would skip what comes after a move.

At the source a member keeps its place in memory. At the target it begins by its reset policy, and whatever a producer
wrote before the first consumer arrived is not read. Where the source holds no record both policies mean the same place,
so that one is certain and can be handed over; elsewhere only a person knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from drctl.model.offsets import Committed, TopicPartition
from drctl.plans.followed import Held
from drctl.ports.world import World


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """A partition of a topic that the group commits in elsewhere. ``place``: its position if that is certain.

    ``records`` is how many the source holds at most.
    """

    group: str
    partition: TopicPartition
    place: int | None
    records: int


def uncommitted(world: World, site: str, held: Held) -> tuple[Uncommitted, ...]:
    """Partitions at that site in which groups have no position, in order, though they have one in another partition.

    ``held`` are the groups' positions there. Topics in which a group has none at all are left out: nobody knows whether
    it reads them.
    """
    there, plan = world.sites[site], world.plan
    named = set(plan.topics_at(site))
    read = {group: {p.topic for p in positions} & named for group, positions in held.items()}
    topics = there.brokers.topics({topic for each in read.values() for topic in each})
    missing = [
        (group, p)
        for group, names in sorted(read.items())
        for name in sorted(names & topics.keys())
        for p in topics[name].spread()
        if p not in held[group]
    ]
    partitions = sorted({p for _, p in missing})
    bounds = there.records.bounds(partitions) if partitions else {}
    empty = {
        p: b.start == b.high or (b.stable == b.high and not there.records.following(p, b.start, 1))
        for p, b in bounds.items()
    }
    return tuple(
        Uncommitted(
            group, p, bounds[p].stable if empty[p] else None, 0 if empty[p] else bounds[p].high - bounds[p].start
        )
        for group, p in missing
    )


def certain(found: tuple[Uncommitted, ...]) -> Mapping[str, Mapping[TopicPartition, Committed]]:
    """The positions that can be handed over, as if the groups had committed them."""
    places: dict[str, dict[TopicPartition, Committed]] = {}
    for each in found:
        if each.place is not None:
            places.setdefault(each.group, {})[each.partition] = Committed(each.place)
    return places


def told(found: tuple[Uncommitted, ...], target: str) -> list[str]:
    """What to tell a person, a line for each group and kind."""
    lines: dict[tuple[str, bool], list[Uncommitted]] = {}
    for each in found:
        lines.setdefault((each.group, each.place is not None), []).append(each)
    return [_line(group, each, target, handed=handed) for (group, handed), each in sorted(lines.items())]


def _line(group: str, found: list[Uncommitted], target: str, *, handed: bool) -> str:
    names = ", ".join(str(each.partition) for each in found[:8])
    names += f" and {len(found) - 8} more" if len(found) > 8 else ""
    if handed:
        return f"{group}: {names}: empty, so its end is handed over"
    records = sum(each.records for each in found)
    return (
        f"{group}: {names}: at most {records} records, no position is handed over; with auto.offset.reset=latest the"
        f" group reads none of them at {target}, with earliest all: let it commit at the source first"
    )
