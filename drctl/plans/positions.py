"""Groups' positions at the other site: reads through the ports what decide/translate judges."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import replace
from functools import partial

from drctl.decide.translate import translation
from drctl.errors import Conflict
from drctl.model.cluster import Topic
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.translation import Exact, Translation, Unproven, UnprovenReason
from drctl.plans.by_group import only
from drctl.plans.followed import Held
from drctl.plans.images import Images
from drctl.plans.known_records import SpanReader
from drctl.plans.proofs import TOLD, Bounds, Proofs, SiteLogs, Topics
from drctl.plans.side_by_side import logs_of, side_by_side
from drctl.plans.tails import known as stranded
from drctl.plans.uncommitted import certain, uncommitted
from drctl.ports.asking import both, decided
from drctl.ports.world import SitePorts, World

ELECTIONS = 3
"""Times that a partition is read before an election in between is an error: one more than a rolling restart needs."""

type Answers = Mapping[str, Mapping[TopicPartition, Translation]]


def translate_groups(
    world: World, source: str, target: str, groups: Collection[str], *, proofs: Proofs | None = None
) -> Answers:
    """Every position of these groups in the plan's topics, as committed at the source, translated to the target.

    Each partition is read once for all groups. Partitions that a group never committed are left out, except those where
    only the target has a position: such a leftover is refused, and so is what a transaction that stays open commits.
    NotFound where the link's offset-syncs topic is missing.
    """
    asked = (partial(decided, world.sites[site].positions, groups, world.clock) for site in (source, target))
    (here, pending), (there, pending_there) = both(*asked)
    image = Images(world, source, target).of
    moving = {group: set(map(image, places)) for group, places in pending.items()}
    # Where it is not decided whether the group has a position here, nobody can tell that there is only one there. Of
    # a group's very first commit no place is known, so it may be any.
    there = only(there, lambda group, p, _: group not in moving or bool(moving[group] and p not in moving[group]))
    answers = translate_committed(world, source, target, here, there, proofs=proofs)
    for undecided in (_undecided(world, source, pending), _undecided(world, target, pending_there)):
        answers = {group: {**found, **undecided.get(group, {})} for group, found in answers.items()}
    return answers


def translate_committed(
    world: World, source: str, target: str, here: Held, there: Held, *, proofs: Proofs | None = None
) -> Answers:
    """The same for positions that were just read at both sites."""
    wanted: dict[TopicPartition, set[int]] = defaultdict(set)
    topics = set(world.plan.topics_at(source))
    # A partition that holds nothing has one certain place. Without this a move that was rolled back once
    # would refuse the next one for its own leftovers.
    here = _with_empty_ends(world, source, target, here, there)
    for positions in here.values():
        for partition, position in positions.items():
            if partition.topic in topics:
                wanted[partition].add(position.offset)
    found = translate_positions(world, source, target, wanted, proofs=proofs)
    leftovers = _leftovers(world, source, target, here, there)
    answers: dict[str, dict[TopicPartition, Translation]] = {}
    for group, positions in here.items():
        own = {p: found[p, held.offset] for p, held in sorted(positions.items()) if p.topic in topics}
        answers[group] = own | leftovers.get(group, {})
    return answers


def translate_positions(
    world: World,
    source: str,
    target: str,
    wanted: Mapping[TopicPartition, Set[int]],
    *,
    proofs: Proofs | None = None,
) -> Mapping[tuple[TopicPartition, int], Translation]:
    """Positions at the source, by partition, translated to the target; each partition is read once for all.

    What ``proofs`` knows is neither proven nor read again, and what is proven and read now is added. NotFound where
    the link's offset-syncs topic is missing. Conflict where ``proofs`` shows that a log was cut, or where leaders
    change all the time.
    """
    here, there = world.sites[source], Images(world, source, target)
    names = {partition.topic for partition in wanted}
    topics = both(partial(here.brokers.topics, names), partial(there.topics, names))
    answers: dict[tuple[TopicPartition, int], Translation] = {
        (partition, position): Unproven(partition, position, UnprovenReason.NO_PARTITION)
        for partition, each in wanted.items()
        for position in each
    }
    left = {partition: wanted[partition] for partition in _copied(wanted, topics)}
    for _ in range(ELECTIONS):
        found, elected = _translated(world, source, target, left, topics, proofs=proofs)
        answers.update(found)
        left = {partition: left[partition] for partition in elected}
        if not left:
            return answers
    told = sorted(map(str, left))
    raise Conflict(
        f"{source} or {target}: the leader of {', '.join(told[:TOLD])} changed whenever it was read",
        remedy="see why its brokers elect leaders again and again, then look again",
    )


def reelected(
    world: World, source: str, target: str, partitions: Collection[TopicPartition], proofs: Proofs
) -> Set[TopicPartition]:
    """Return those that exist and have another leader, at either site, than when positions in them were proven."""
    here, there = world.sites[source], Images(world, source, target)
    names = {partition.topic for partition in partitions}
    topics = both(partial(here.brokers.topics, names), partial(there.topics, names))
    return proofs.differ(topics, _bounds(here, there, _copied(partitions, topics)))


def _translated(
    world: World,
    source: str,
    target: str,
    wanted: Mapping[TopicPartition, Set[int]],
    topics: Topics,
    *,
    proofs: Proofs | None,
) -> tuple[Mapping[tuple[TopicPartition, int], Translation], Collection[TopicPartition]]:
    """Return answers, and partitions that have none, since their leader changed while they were read."""
    here, there = world.sites[source], Images(world, source, target)
    sites = SiteLogs(source, here.records), SiteLogs(target, there, there.of)
    compacted = {name for found in topics for name, topic in found.items() if topic.compacted}
    answers: dict[tuple[TopicPartition, int], Translation] = {}
    left = dict(wanted)
    bounds_there: Mapping[TopicPartition, LogBounds] | None = None
    if proofs:
        # One look at both ends is what a proof costs that was made ahead, instead of reading records: that
        # is what keeps the pause short for thousands of groups.
        ends = _bounds(here, there, wanted)
        proofs.look(topics, ends, *sites)
        bounds_there = {partition: target_ends for partition, (_, target_ends) in ends.items()}
        for partition, positions in wanted.items():
            known = proofs.still(partition, topics, ends[partition], positions)
            answers.update({(partition, position): answer for position, answer in known.items()})
            left[partition] = positions - known.keys()
    unproven = [partition for partition, positions in left.items() if positions]
    apart_here = stranded(world, source, topics[0])
    spans_there = stranded(world, target, {topic.name: topic for topic in topics[1].values()})
    apart_there = {partition: spans_there.get(there.of(partition), ()) for partition in wanted}
    logs = {
        one.partition: replace(
            one, stranded_here=apart_here.get(one.partition, ()), stranded_there=apart_there[one.partition]
        )
        for one in logs_of(here, there, unproven, compacted, bounds_there)
    }
    seen = {partition: (one.source, one.target) for partition, one in logs.items()}
    read_here: SpanReader = here.records
    read_there: SpanReader = there
    if proofs is not None:
        proofs.look(topics, seen, *sites)
        growing = {p: bounds for p, bounds in seen.items() if not logs[p].compacted}
        read_here, read_there = proofs.readers(topics, growing, here.records, there)
    translations = {partition: translation(one, left[partition]) for partition, one in logs.items()}
    read = dict(side_by_side(translations, (read_here, apart_here), (read_there, apart_there)))
    # What was read before an election and after it may be of two logs, so it proves nothing together.
    elected = [p for p, after in _bounds(here, there, read).items() if _leaders(after) != _leaders(seen[p])]
    for partition, found in read.items():
        if partition not in elected:
            answers.update({(partition, position): answer for position, answer in found.items()})
            if proofs is not None:
                proofs.add(partition, topics, found.values())
    return answers, elected


def _bounds(here: SitePorts, there: Images, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, Bounds]:
    if not partitions:
        return {}
    bounds_here, bounds_there = both(partial(here.records.bounds, partitions), partial(there.bounds, partitions))
    return {partition: (bounds_here[partition], bounds_there[partition]) for partition in partitions}


def _copied(partitions: Iterable[TopicPartition], topics: Topics) -> list[TopicPartition]:
    """Return those that exist at both sites."""
    here, there = topics
    return [partition for partition in partitions if _exists(here, partition) and _exists(there, partition)]


def _leaders(bounds: Bounds) -> tuple[int | None, int | None]:
    return bounds[0].leader_epoch, bounds[1].leader_epoch


def mirrormaker_repeats(
    world: World, source: str, target: str, handed: Mapping[str, Mapping[TopicPartition, Exact]]
) -> Mapping[str, int]:
    """Records each group would have read again from MirrorMaker 2's own newest checkpoints instead.

    A position without a checkpoint counts from the log start: ``auto.offset.reset=earliest`` is the best case.
    """
    there = Images(world, source, target)
    checkpoints = world.links[source, target].mappings.checkpoints(handed)
    bounds = there.bounds({p for positions in handed.values() for p in positions})
    spans: dict[TopicPartition, list[tuple[str, int, int]]] = defaultdict(list)
    for group, positions in handed.items():
        for partition, answer in positions.items():
            checkpoint = checkpoints.get(group, {}).get(there.of(partition))
            # Favourable to MirrorMaker 2: with auto.offset.reset=latest a group without a checkpoint would
            # skip records instead.
            start = checkpoint.downstream if checkpoint else bounds[partition].start
            spans[partition].append((group, start, answer.offset))
    repeats = dict.fromkeys(handed, 0)
    for partition, asked in spans.items():
        span = min(s for _, s, _ in asked), max(e for _, _, e in asked)
        read = there.identities_all({partition: span})[partition]
        offsets = [r.offset for r in read]
        for group, start, end in asked:
            repeats[group] += max(0, bisect_left(offsets, end) - bisect_left(offsets, start))
    return repeats


def _leftovers(
    world: World, source: str, target: str, here: Held, there: Held
) -> Mapping[str, dict[TopicPartition, Translation]]:
    """Positions that a group has only at the target, under the target's names."""
    images, topics = Images(world, source, target), world.plan.topics_at(target)
    left: dict[str, dict[TopicPartition, Translation]] = {}
    for group, positions in there.items():
        known = set(map(images.of, here.get(group, ())))
        left[group] = {
            partition: Unproven(partition, held.offset, UnprovenReason.STALE_AT_TARGET)
            for partition, held in sorted(positions.items())
            if partition.topic in topics and partition not in known
        }
    return left


def _with_empty_ends(world: World, source: str, target: str, here: Held, there: Held) -> Held:
    """Positions at the source, and ends of empty partitions there where only the target has a position.

    A move that was rolled back has left it there, and the next one hands the same end over: it is not stale.
    """
    image, leftovers = Images(world, source, target).of, _leftovers(world, source, target, here, there)
    if not any(leftovers.values()):
        return here
    ends = certain(uncommitted(world, source, here))
    ends = only(ends, lambda group, partition, _: image(partition) in leftovers.get(group, {}))
    return {group: {**ends.get(group, {}), **positions} for group, positions in here.items()}


def _undecided(
    world: World, site: str, pending: Mapping[str, Collection[TopicPartition]]
) -> Mapping[str, dict[TopicPartition, Translation]]:
    """Positions in the plan's topics that open transactions commit; of a group's very first commit all may be."""
    if not pending:
        return {}
    names = world.plan.topics_at(site)
    topics = world.sites[site].brokers.topics(names)
    every = [p for name in sorted(topics) for p in topics[name].spread()]
    undecided: dict[str, dict[TopicPartition, Translation]] = {}
    for group, places in pending.items():
        named = [partition for partition in places or every if partition.topic in names]
        undecided[group] = {p: Unproven(p, -1, UnprovenReason.UNDECIDED, f"at {site}") for p in named}
    return undecided


def _exists(topics: Mapping[str, Topic], partition: TopicPartition) -> bool:
    return partition.topic in topics and partition.partition < len(topics[partition.topic].partitions)
