"""Observe one link: connectors, syncs, lag."""

from collections.abc import Callable
from itertools import batched

from drctl.model.facts import Lag, LinkFacts
from drctl.model.offsets import TopicPartition
from drctl.model.reading import Reading
from drctl.monitors.readings import InTurn, Looks
from drctl.ports.asking import first_records
from drctl.ports.world import World

COUNTED_UP_TO = 2_000
"""Offsets per partition up to which waiting records are counted one by one; more would cost more than it tells."""
AT_ONCE = 50
"""Partitions that are counted at the same time: a hundred thousand records at most, as wherever logs are read."""


def link_facts(
    world: World,
    source: str,
    target: str,
    serving: Callable[[], str | None] = lambda: None,
    looks: Looks | None = None,
) -> LinkFacts:
    """Everything about one link. A worker that does not answer is asked once.

    ``serving`` tells the site to which the work belongs, None where nobody knows: a link to it that stands still is off
    on purpose, unless its copies have other names. While a run is cut off that is the site that it was leaving.
    """
    ports, looks = world.links[source, target], looks or InTurn(world.clock)
    asked = looks.begin(ports.replication.status)
    syncs = looks.begin(lambda: len(ports.mappings.syncs(_partitions(world, source))))
    status = asked()
    halted = not ports.link.prefix and status.value is not None and status.value.halted
    off = halted and serving() == target
    not_seen = f"it is off on purpose: {target} serves" if off else status.unknown
    return LinkFacts(
        ports.link,
        status,
        looks.begin(lambda: lag(world, source, target))()
        if status.known and not off
        else Reading(None, status.seen_at, not_seen, status.silent),
        syncs(),
        off,
    )


def lag(world: World, source: str, target: str) -> Lag:
    """Return what the source holds beyond the frontier.

    A partition without a frontier counts whole. The age is that of the oldest first record waiting in any partition.
    """
    frontier = world.links[source, target].replication.frontier()
    records = world.sites[source].records
    bounds = records.bounds(_partitions(world, source))
    spans = {p: (max(frontier.get(p, 0), each.start), each.stable) for p, each in bounds.items()}
    small = {p: span for p, span in spans.items() if span[0] < span[1] <= span[0] + COUNTED_UP_TO}
    large = {p: span for p, span in spans.items() if span[1] > span[0] + COUNTED_UP_TO}
    waiting: dict[TopicPartition, int] = dict.fromkeys(spans, 0)
    oldest: list[int | None] = []
    # One by one, each partition would cost a look at its bounds and a reading of its own: seconds for a dozen.
    for some in batched(small, AT_ONCE):
        for partition, read in records.identities_all({p: small[p] for p in some}).items():
            waiting[partition] = len(read)
            oldest += [record.milliseconds for record in read[:1]]
    waiting |= {p: stop - start for p, (start, stop) in large.items()}
    oldest += [first.milliseconds for first in first_records(records, large).values()]
    return Lag(waiting, not large, _age(world, oldest), frontier)


def _age(world: World, oldest: list[int | None]) -> float | None:
    if not oldest:
        return 0.0
    known = [milliseconds for milliseconds in oldest if milliseconds is not None]
    return max(0.0, world.clock.now().timestamp() - min(known) / 1000) if len(known) == len(oldest) else None


def _partitions(world: World, site: str) -> list[TopicPartition]:
    topics = world.sites[site].brokers.topics(world.plan.topics)
    return [p for name in sorted(topics) for p in topics[name].spread()]
