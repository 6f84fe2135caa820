"""Positions proven ahead: what was proven once need not be compared again, nor what was read once be read again."""

from collections.abc import Callable, Collection, Mapping, Set
from typing import NamedTuple

from drctl.errors import Conflict
from drctl.model.cluster import Topic
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.translation import Exact, Translation
from drctl.plans.known_records import KnownRecords, SpanReader
from drctl.plans.seen_logs import Named, SeenLogs, cut

type Topics = tuple[Mapping[str, Topic], Mapping[str, Topic]]
"""By name, as they are at the source and at the target."""
type Bounds = tuple[LogBounds, LogBounds]
type _Key = tuple[str, str, int]

TOLD = 3
"""Logs that were cut that a message names; the others are in a message of their own once these are mended."""


class SiteLogs(NamedTuple):
    """Read one site's logs, by the source's names; ``name`` says how the site itself calls a partition."""

    site: str
    reader: SpanReader
    name: Callable[[TopicPartition], TopicPartition] = lambda partition: partition


class Proofs:
    """Keep what a run, or the group-offset sync, has proven so far; lost with its process, and then proven again.

    A proof stays true while both logs only grow. So it holds for the two topics by their ids, a recreated topic is
    another one; for positions that lie within both logs still; and while both have the leader under which they were
    read (:mod:`drctl.plans.seen_logs`). Of a partition only what was asked for last is kept, so that what a long run
    knows does not grow with its time.
    """

    def __init__(self) -> None:
        self._proven: dict[_Key, dict[int, Exact]] = {}
        self._read_here, self._read_there = KnownRecords(), KnownRecords()
        self._seen_here, self._seen_there = SeenLogs(self._read_here), SeenLogs(self._read_there)
        self._cut: dict[TopicPartition, str] = {}
        self._keys: dict[TopicPartition, _Key] = {}
        self._elected: set[TopicPartition] = set()

    def __bool__(self) -> bool:
        return bool(self._proven)

    def look(self, topics: Topics, bounds: Mapping[TopicPartition, Bounds], source: SiteLogs, target: SiteLogs) -> None:
        """Take in where the logs end now, before anything is asked of what is known; forgets what holds no more.

        Conflict where a log was cut, as long as :meth:`take_cut` is not asked: what was proven by it may be late, and
        records are lost that were acknowledged. Conflict, too, where a leader told it that is none any more.
        """
        here, there = _named(topics, bounds)
        stale: list[str] = []
        for partition in bounds:
            key = _key(partition, topics)
            if self._keys.setdefault(partition, key) != key:
                self._elected.add(partition)
                self._keys[partition] = key
        for seen, logs, site in ((self._seen_here, here, source), (self._seen_there, there, target)):
            doubts = seen.take(logs)
            # Before anything is read: a reading that fails leaves nothing behind that is in doubt.
            for partition in doubts:
                self._proven.pop(_key(partition, topics), None)
                self._elected.add(partition)
            stale += [f"site {site.site}: {site.name(p)}" for p, doubt in sorted(doubts.items()) if doubt.stale]
            for partition, how in cut(doubts, site.reader).items():
                self._cut[partition] = f"site {site.site}: {site.name(partition)} {how}"
        if told := [why for partition, why in sorted(self._cut.items()) if partition in bounds]:
            more = f", and {len(told) - TOLD} more" if len(told) > TOLD else ""
            raise Conflict(
                f"a log has lost its end: {'; '.join(told[:TOLD])}{more}",
                remedy="see 'drctl status' and what its brokers log of elections: records are gone that it had",
            )
        if stale:
            raise Conflict(f"{', '.join(stale[:TOLD])}: told by a leader that is none any more", remedy="look again")

    def take_cut(self) -> Set[TopicPartition]:
        """Return the partitions of which a log was cut, by the source's names, and go on with what it holds now."""
        found = frozenset(self._cut)
        self._cut.clear()
        return found

    def take_elected(self) -> Set[TopicPartition]:
        """Return partitions of which looks since this was last asked showed another leader, or another topic."""
        found, self._elected = frozenset(self._elected), set()
        return found

    def differ(self, topics: Topics, bounds: Mapping[TopicPartition, Bounds]) -> Set[TopicPartition]:
        """Return partitions of which a log has another leader than when it was read, or is another one."""
        here, there = _named(topics, bounds)
        return {*self._seen_here.differ(here), *self._seen_there.differ(there)}

    def still(
        self, partition: TopicPartition, topics: Topics, bounds: Bounds, positions: Set[int]
    ) -> Mapping[int, Translation]:
        """Those of the positions that were proven and lie in both logs still; the others are forgotten."""
        key, (source, target) = _key(partition, topics), bounds
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

    def add(self, partition: TopicPartition, topics: Topics, answers: Collection[Translation]) -> None:
        """Keep what is proven of these answers, by logs that were looked at and read since under one leader."""
        key = _key(partition, topics)
        proven = {answer.position: answer for answer in answers if isinstance(answer, Exact)}
        self._proven[key] = {**self._proven.get(key, {}), **proven}

    def readers(
        self, topics: Topics, bounds: Mapping[TopicPartition, Bounds], source: SpanReader, target: SpanReader
    ) -> tuple[SpanReader, SpanReader]:
        """Readers of both sites that read only what was not read before, of these partitions without compaction."""
        here, there = _named(topics, bounds)
        return self._read_here.before(source, here), self._read_there.before(target, there)


def _named(topics: Topics, bounds: Mapping[TopicPartition, Bounds]) -> tuple[Named, Named]:
    here = {p: ((topics[0][p.topic].topic_id, p.partition), each) for p, (each, _) in bounds.items()}
    there = {p: ((topics[1][p.topic].topic_id, p.partition), each) for p, (_, each) in bounds.items()}
    return here, there


def _key(partition: TopicPartition, topics: Topics) -> _Key:
    here, there = topics
    return here[partition.topic].topic_id, there[partition.topic].topic_id, partition.partition
