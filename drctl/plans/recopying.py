"""State what it means to recreate a topic at the returned site: what is copied again, and what is then gone."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice

from drctl.decide.gone import ENOUGH, in_front, not_among
from drctl.decide.stranded import around
from drctl.model.cluster import Topic
from drctl.model.offsets import LogBounds, RecordId, TopicPartition
from drctl.plans import tails
from drctl.plans.aftermath import Aftermath, Salvaged
from drctl.plans.recreations import standing
from drctl.ports import Records, World

CHUNK = 10_000
"""Offsets that are read at a time."""
SAMPLE = 100
"""Offsets at either end of a log from which the size of its records is told."""


@dataclass(frozen=True, slots=True)
class Recopy:
    """One topic. ``records`` are copied, at most; they are about so many ``bytes``, told from a sample, before any
    compression. ``gone`` are on the returned site, were copied once, and are no longer at the serving one: expired
    or compacted away there.
    """

    topic: str
    records: int
    bytes: int
    gone: int


def diverged(world: World, failover: Aftermath, salvaged: Salvaged) -> tuple[str, ...]:
    """Topics that may be recreated: a tail stays in their log, somebody recreated them by hand, or they came back with
    less than they had. Sorted.
    """
    site = failover.run.source
    there = world.sites[site].brokers.topics({p.topic for p in salvaged.tails}.union(salvaged.less))
    made = standing(world, site)
    found = {p.topic for p in tails.known(world, site, there)}
    found |= {p.topic for p, t in salvaged.tails.items() if p.topic in there and there[p.topic].topic_id != t.topic_id}
    return tuple(sorted((found | salvaged.less.keys() & there.keys()) - made))


def recopies(world: World, failover: Aftermath, topics: Collection[str]) -> tuple[Recopy, ...]:
    """Every one of these topics, measured now. Reads what is gone, and of compacted topics both logs whole."""
    here, there = world.sites[failover.run.target], world.sites[failover.run.source]
    serving, returned = here.brokers.topics(topics), there.brokers.topics(topics)
    apart = tails.known(world, there.name, returned)
    found = []
    for name in sorted(topics):
        partitions = [partition for partition in serving[name].spread() if partition in set(returned[name].spread())]
        bounds = here.records.bounds(serving[name].spread())
        records = sum(b.stable - b.start for b in bounds.values())
        compacted = serving[name].compacted or returned[name].compacted
        gone = 0
        for partition in partitions:
            kept = _kept(there.records, partition, apart)
            copied = bounds[partition].start, min(failover.ends.get(partition, 0), bounds[partition].stable)
            gone += _gone(kept, here.records, partition, copied, compacted=compacted)
        found.append(Recopy(name, records, int(records * _size(world, here.name, serving[name], bounds)), gone))
    return tuple(found)


type _Parts = tuple[Records, TopicPartition, list[tuple[int, int]]]


def _kept(records: Records, partition: TopicPartition, apart: tails.Apart) -> _Parts:
    """The parts of a returned partition's log that are no tail."""
    bounds = records.bounds([partition])[partition]
    return records, partition, around(apart.get(partition, ()), (bounds.start, bounds.stable))


def _gone(
    kept: _Parts, serving: Records, partition: TopicPartition, copied: tuple[int, int], *, compacted: bool
) -> int:
    if compacted:
        return not_among(_read(kept), {r.digest for r in _read((serving, partition, [copied]))})
    head = tuple(islice(_read((serving, partition, [copied])), ENOUGH))
    # The head of what serves, found in the returned log: what lies before it is older than anything that
    # the serving site still has.
    before = in_front(_read(kept), head)
    if before is not None:
        return before
    # The returned site may itself begin later: then nothing that it holds is gone.
    own = tuple(islice(_read(kept), ENOUGH))
    if in_front(_read((serving, partition, [copied])), own) is not None:
        return 0
    return sum(1 for _ in _read(kept))


def _read(parts: _Parts) -> Iterator[RecordId]:
    """Their records one by one, never many in memory."""
    records, partition, spans = parts
    for start, stop in spans:
        for begin in range(start, stop, CHUNK):
            yield from records.identities(partition, begin, min(begin + CHUNK, stop))


def _size(world: World, site: str, topic: Topic, bounds: Mapping[TopicPartition, LogBounds]) -> float:
    """Bytes of a record in the mean, told from some at either end of each partition."""
    contents = world.sites[site].contents
    sizes: list[int] = []
    for partition in topic.spread():
        start, stop = bounds[partition].start, bounds[partition].stable
        middle = max(start, stop - SAMPLE)
        sampled = chain(
            contents.read(partition, start, min(start + SAMPLE, middle)), contents.read(partition, middle, stop)
        )
        for each in sampled:
            headers = sum(len(name) + len(value or b"") for name, value in each.headers)
            sizes.append(len(each.key or b"") + len(each.value or b"") + headers)
    return sum(sizes) / len(sizes) if sizes else 0.0
