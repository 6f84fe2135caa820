"""Eyes for one link: connectors, syncs, lag."""

from drctl.model.facts import Lag, LinkFacts
from drctl.model.offsets import TopicPartition
from drctl.monitors.looking import look
from drctl.ports.records import Records
from drctl.ports.world import World

COUNTED_UP_TO = 2_000
"""Offsets per partition up to which waiting records are counted one by one; more would cost more than it tells."""


def link_facts(world: World, source: str, target: str) -> LinkFacts:
    """Everything about one link."""
    ports, clock = world.links[source, target], world.clock
    return LinkFacts(
        ports.link,
        look(clock, ports.replication.status),
        look(clock, lambda: lag(world, source, target)),
        look(clock, lambda: len(ports.mappings.syncs(_partitions(world, source)))),
    )


def lag(world: World, source: str, target: str) -> Lag:
    """What the source holds beyond the frontier.

    A partition without a frontier counts whole. Its age is told only when nothing is waiting: timestamps are the
    producers' own and say nothing about when a record was written.
    """
    frontier = world.links[source, target].replication.frontier()
    records = world.sites[source].records
    waiting, exact = {}, True
    for partition, bounds in records.bounds(_partitions(world, source)).items():
        start = max(frontier.get(partition, 0), bounds.start)
        counted = bounds.stable - start <= COUNTED_UP_TO
        waiting[partition] = _count(records, partition, start, bounds.stable, counted=counted)
        exact = exact and counted
    return Lag(waiting, exact, None if any(waiting.values()) else 0.0)


def _count(records: Records, partition: TopicPartition, start: int, stop: int, *, counted: bool) -> int:
    if start >= stop:
        return 0
    return len(records.identities(partition, start, stop)) if counted else stop - start


def _partitions(world: World, site: str) -> list[TopicPartition]:
    topics = world.sites[site].brokers.topics(world.plan.topics)
    return [p for name in sorted(topics) for p in topics[name].spread()]
