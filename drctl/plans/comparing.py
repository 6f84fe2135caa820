"""Both sites' records side by side, as far as they were copied."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial

from drctl.decide.comparison import comparison
from drctl.errors import DrctlError
from drctl.model.comparison import Comparison
from drctl.model.offsets import TopicPartition
from drctl.plans.images import Images
from drctl.plans.side_by_side import logs_of, side_by_side
from drctl.plans.tails import known as stranded
from drctl.ports import World
from drctl.ports.asking import both


def compared(
    world: World, source: str, target: str, topics: Collection[str], newest: int | None = None
) -> Iterator[Comparison]:
    """Compare every partition of these topics of the source with its copy at the target, each as soon as it is.

    ``newest`` limits it to about so many offsets of each partition, the last ones. What a failover has stranded on
    either site is left out. A partition whose records cannot be read any more is unknown, with why, and so are those
    behind it. NotFound where the link's offset-syncs topic is missing.
    """
    here, there = world.sites[source], Images(world, source, target)
    topics_here, topics_there = both(partial(here.brokers.topics, topics), partial(there.topics, topics))
    partitions = []
    for name in sorted(topics):
        lacking = next((s for s, found in ((source, topics_here), (target, topics_there)) if name not in found), None)
        if lacking is not None:
            yield Comparison(TopicPartition(name, 0), unknown=f"site {lacking} has no such topic")
            continue
        for partition in topics_here[name].spread():
            if partition.partition < len(topics_there[name].partitions):
                partitions.append(partition)
            else:
                yield Comparison(partition, unknown=f"the topic has fewer partitions at {target}")
    compacted = {t for found in (topics_here, topics_there) for t, topic in found.items() if topic.compacted}
    apart_here = stranded(world, source, topics_here)
    spans = stranded(world, target, {topic.name: topic for topic in topics_there.values()})
    apart_there = {p: spans.get(there.of(p), ()) for p in partitions}
    logs = (
        replace(one, stranded_here=apart_here.get(one.partition, ()), stranded_there=apart_there[one.partition])
        for one in logs_of(here, there, partitions, compacted)
    )
    asking = {one.partition: comparison(one, newest) for one in logs}
    left = set(asking)
    try:
        for partition, found in side_by_side(asking, (here.records, apart_here), (there, apart_there)):
            left.discard(partition)
            yield found
    except DrctlError as error:  # what was compared by then may have taken long
        yield from (Comparison(partition, unknown=str(error)) for partition in sorted(left))
