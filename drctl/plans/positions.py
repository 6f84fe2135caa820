"""Groups' positions at the other site: reads through the ports what decide/translate judges."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from drctl.decide.anchors import merged
from drctl.decide.translate import Logs, Window, translate_all
from drctl.errors import NotFound
from drctl.model.cluster import Topic
from drctl.model.offsets import Committed, OffsetSync, RecordId, TopicPartition
from drctl.model.translation import Answer, Refusal, Refused, Translated
from drctl.ports.world import SitePorts, World

type Answers = Mapping[str, Mapping[TopicPartition, Answer]]
type Held = Mapping[str, Mapping[TopicPartition, Committed]]
"""Positions by group, every asked group in it."""


def translate_groups(world: World, source: str, target: str, groups: Collection[str]) -> Answers:
    """Every position of these groups in the plan's topics, as committed at the source, translated to the target.

    Each partition is read once for all groups. Partitions that a group never committed are left out, except those where
    only the target has a position: such a leftover is refused. NotFound where the link's offset-syncs topic is missing.
    """
    here, there = (world.sites[site].positions.committed(groups) for site in (source, target))
    return translate_committed(world, source, target, here, there)


def translate_committed(world: World, source: str, target: str, here: Held, there: Held) -> Answers:
    """The same for positions that were just read at both sites."""
    wanted: dict[TopicPartition, set[int]] = defaultdict(set)
    for positions in here.values():
        for partition, position in positions.items():
            if partition.topic in world.plan.topics:
                wanted[partition].add(position.offset)
    found = translate_positions(world, source, target, wanted)
    leftovers = _leftovers(world.plan.topics, here, there)
    return {
        group: {p: found[p, c.offset] for p, c in sorted(positions.items()) if p.topic in world.plan.topics}
        | leftovers.get(group, {})
        for group, positions in here.items()
    }


def translate_positions(
    world: World, source: str, target: str, wanted: Mapping[TopicPartition, Collection[int]]
) -> Mapping[tuple[TopicPartition, int], Answer]:
    """Positions at the source, by partition, translated to the target; each partition is read once for all.

    NotFound where the link's offset-syncs topic is missing.
    """
    here, there = world.sites[source], world.sites[target]
    topics = {p.topic for p in wanted}
    topics_here, topics_there = (s.brokers.topics(topics) for s in (here, there))
    copied = [p for p in wanted if _exists(topics_here, p) and _exists(topics_there, p)]
    compacted = {t for found in (topics_here, topics_there) for t, topic in found.items() if topic.compacted}
    answers: dict[tuple[TopicPartition, int], Answer] = {
        (p, position): Refused(p, position, Refusal.NO_PARTITION) for p, each in wanted.items() for position in each
    }
    for one in _logs(world, source, target, copied, compacted):
        found = translate_all(one, set(wanted[one.partition]), _Reading(one.partition, here, there))
        answers.update({(one.partition, position): answer for position, answer in found.items()})
    return answers


def mirrormaker_repeats(
    world: World, source: str, target: str, handed: Mapping[str, Mapping[TopicPartition, Translated]]
) -> Mapping[str, int]:
    """Records each group would have read again from MirrorMaker 2's own newest checkpoints instead.

    A position without a checkpoint counts from the log start: ``auto.offset.reset=earliest`` is the best case.
    """
    records = world.sites[target].records
    checkpoints = world.links[source, target].mappings.checkpoints(handed)
    bounds = records.bounds({p for positions in handed.values() for p in positions})
    spans: dict[TopicPartition, list[tuple[str, int, int]]] = defaultdict(list)
    for group, positions in handed.items():
        for partition, answer in positions.items():
            checkpoint = checkpoints.get(group, {}).get(partition)
            start = checkpoint.downstream if checkpoint else bounds[partition].start
            spans[partition].append((group, start, answer.offset))
    repeats = dict.fromkeys(handed, 0)
    for partition, asked in spans.items():
        read = records.identities(partition, min(s for _, s, _ in asked), max(e for _, _, e in asked))
        offsets = [r.offset for r in read]
        for group, start, end in asked:
            repeats[group] += max(0, bisect_left(offsets, end) - bisect_left(offsets, start))
    return repeats


class _Reading:
    """Reads a window of one partition on both sites."""

    def __init__(self, partition: TopicPartition, source: SitePorts, target: SitePorts) -> None:
        self._partition = partition
        self._source, self._target = source.records, target.records

    def __call__(self, window: Window) -> tuple[Sequence[RecordId], Sequence[RecordId]]:
        return (
            self._source.identities(self._partition, *window.source),
            self._target.identities(self._partition, *window.target),
        )


def _logs(
    world: World, source: str, target: str, partitions: Collection[TopicPartition], compacted: Collection[str]
) -> Iterable[Logs]:
    # This order is what translate.py asks for: what is below the target's bound was below the source's before.
    if not partitions:
        return
    bounds_there = world.sites[target].records.bounds(partitions)
    forward = world.links[source, target].mappings.syncs(partitions)
    reverse = _reverse_syncs(world, source, target, partitions)
    bounds_here = world.sites[source].records.bounds(partitions)
    for p in partitions:
        anchors = merged(forward.get(p, ()), reverse.get(p, ()))
        yield Logs(p, bounds_here[p], bounds_there[p], anchors, p.topic in compacted)


def _reverse_syncs(
    world: World, source: str, target: str, partitions: Collection[TopicPartition]
) -> Mapping[TopicPartition, tuple[OffsetSync, ...]]:
    link = world.links.get((target, source))
    if link is None:
        return {}
    try:
        return link.mappings.syncs(partitions)
    except NotFound:  # it never ran
        return {}


def _leftovers(
    topics: Collection[str],
    here: Held,
    there: Held,
) -> Mapping[str, dict[TopicPartition, Answer]]:
    return {
        group: {
            p: Refused(p, c.offset, Refusal.STALE_AT_TARGET)
            for p, c in sorted(positions.items())
            if p.topic in topics and p not in here.get(group, {})
        }
        for group, positions in there.items()
    }


def _exists(topics: Mapping[str, Topic], partition: TopicPartition) -> bool:
    return partition.topic in topics and partition.partition < len(topics[partition.topic].partitions)
