"""Groups' positions at the other site: reads through the ports what decide/translate judges."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Set
from dataclasses import replace
from functools import partial

from drctl.decide.translate import translation
from drctl.model.cluster import Topic
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.translation import Exact, Translation, Unproven, UnprovenReason
from drctl.plans.by_group import only
from drctl.plans.followed import Held
from drctl.plans.images import Images
from drctl.plans.known_records import SpanReader
from drctl.plans.proofs import Proofs
from drctl.plans.side_by_side import logs_of, side_by_side
from drctl.plans.tails import known as stranded
from drctl.plans.uncommitted import certain, uncommitted
from drctl.ports.asking import both, decided
from drctl.ports.world import World

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
    the link's offset-syncs topic is missing.
    """
    here, there = world.sites[source], Images(world, source, target)
    topics = {partition.topic for partition in wanted}
    topics_here, topics_there = both(partial(here.brokers.topics, topics), partial(there.topics, topics))
    copied = [partition for partition in wanted if _exists(topics_here, partition) and _exists(topics_there, partition)]
    compacted = {t for found in (topics_here, topics_there) for t, topic in found.items() if topic.compacted}
    answers: dict[tuple[TopicPartition, int], Translation] = {
        (partition, position): Unproven(partition, position, UnprovenReason.NO_PARTITION)
        for partition, each in wanted.items()
        for position in each
    }
    left = {partition: wanted[partition] for partition in copied}
    bounds_there: Mapping[TopicPartition, LogBounds] | None = None
    if proofs:
        # One look at both ends is what a proof costs that was made ahead, instead of reading records: that
        # is what keeps the pause short for thousands of groups.
        bounds_here, ends = both(partial(here.records.bounds, copied), partial(there.bounds, copied))
        bounds_there = ends
        for partition in copied:
            known = proofs.still(
                partition,
                (topics_here, topics_there),
                (bounds_here[partition], ends[partition]),
                wanted[partition],
            )
            answers.update({(partition, position): answer for position, answer in known.items()})
            left[partition] = wanted[partition] - known.keys()
    unproven = [partition for partition, positions in left.items() if positions]
    apart_here = stranded(world, source, topics_here)
    spans_there = stranded(world, target, {topic.name: topic for topic in topics_there.values()})
    apart_there = {partition: spans_there.get(there.of(partition), ()) for partition in copied}
    logs = {
        one.partition: replace(
            one, stranded_here=apart_here.get(one.partition, ()), stranded_there=apart_there[one.partition]
        )
        for one in logs_of(here, there, unproven, compacted, bounds_there)
    }
    translations = {partition: translation(one, left[partition]) for partition, one in logs.items()}
    read_here: SpanReader = here.records
    read_there: SpanReader = there
    if proofs is not None:
        growing = {p: (one.source, one.target) for p, one in logs.items() if not one.compacted}
        read_here, read_there = proofs.readers((topics_here, topics_there), growing, here.records, there)
    for partition, found in side_by_side(translations, (read_here, apart_here), (read_there, apart_there)):
        answers.update({(partition, position): answer for position, answer in found.items()})
        if proofs is not None:
            proofs.add(
                partition, (topics_here, topics_there), (logs[partition].source, logs[partition].target), found.values()
            )
    return answers


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
        # Nothing at the source says what it means. Left where it is, the group would begin there at a place
        # that nobody has proven; taken away, a group that is at work there would lose its own.
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
