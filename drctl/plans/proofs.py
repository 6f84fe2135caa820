"""Positions proven ahead: what was proven once need not be compared again, nor what was read once be read again."""

from collections.abc import Collection, Mapping, Set

from drctl.model.cluster import Topic
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.translation import Exact, Translation
from drctl.plans.known_records import KnownRecords, SpanReader

type Topics = tuple[Mapping[str, Topic], Mapping[str, Topic]]
"""By name, as they are at the source and at the target."""
type Bounds = tuple[LogBounds, LogBounds]
type _Key = tuple[str, str, int]


class Proofs:
    """Keep what a run, or the group-offset sync, has proven so far; lost with its process, and then proven again.

    A proof stays true while both logs only grow. So it holds for the two topics by their ids, a recreated topic is
    another one; for positions that lie within both logs still; and until a log was seen shorter than before. Of a
    partition only what was asked for last is kept, so that what a long run knows does not grow with its time.
    """

    def __init__(self) -> None:
        self._proven: dict[_Key, dict[int, Exact]] = {}
        self._longest: dict[_Key, tuple[int, int]] = {}
        self._read_here, self._read_there = KnownRecords(), KnownRecords()

    def __bool__(self) -> bool:
        return bool(self._proven)

    def still(
        self, partition: TopicPartition, topics: Topics, bounds: Bounds, positions: Set[int]
    ) -> Mapping[int, Translation]:
        """Those of the positions that were proven and lie in both logs still; the others are forgotten."""
        key, (source, target) = _key(partition, topics), bounds
        self._forget_if_cut(key, bounds)
        known = {
            position: answer
            for position, answer in self._proven.get(key, {}).items()
            if position in positions
            and source.start <= position <= source.stable
            and target.start <= answer.offset <= target.stable
        }
        # Forgotten is what was not asked for: a group that moves on leaves one proof per partition behind
        # with each look, and a run may look for hours.
        self._proven[key] = known
        return known

    def add(self, partition: TopicPartition, topics: Topics, bounds: Bounds, answers: Collection[Translation]) -> None:
        """Keep what is proven of these answers, within logs that reach so far."""
        key = _key(partition, topics)
        self._forget_if_cut(key, bounds)
        proven = {answer.position: answer for answer in answers if isinstance(answer, Exact)}
        self._proven[key] = {**self._proven.get(key, {}), **proven}

    def readers(
        self, topics: Topics, bounds: Mapping[TopicPartition, Bounds], source: SpanReader, target: SpanReader
    ) -> tuple[SpanReader, SpanReader]:
        """Readers of both sites that read only what was not read before, of these partitions without compaction."""
        here = {p: ((topics[0][p.topic].topic_id, p.partition), each) for p, (each, _) in bounds.items()}
        there = {p: ((topics[1][p.topic].topic_id, p.partition), each) for p, (_, each) in bounds.items()}
        return self._read_here.before(source, here), self._read_there.before(target, there)

    def _forget_if_cut(self, key: _Key, bounds: Bounds) -> None:
        """A log that lost its end, in an unclean election, may have grown again with other records."""
        now, before = (bounds[0].stable, bounds[1].stable), self._longest.get(key, (0, 0))
        # Ends that fell and grew past where they were between two looks are not noticed. That takes an
        # unclean election within the life of one process.
        if now[0] < before[0] or now[1] < before[1]:
            self._proven.pop(key, None)
        self._longest[key] = now


def _key(partition: TopicPartition, topics: Topics) -> _Key:
    here, there = topics
    return here[partition.topic].topic_id, there[partition.topic].topic_id, partition.partition
