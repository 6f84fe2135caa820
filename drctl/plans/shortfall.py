"""Holds a returned site against what was recorded of it: reads through the ports what decide/shortfall judges."""

from collections.abc import Iterable

from drctl.decide.shortfall import Expected, Found, Shortfall, shortfall
from drctl.model.offsets import RecordId, TopicPartition
from drctl.model.run import RunState
from drctl.plans import tails
from drctl.plans.aftermath import Aftermath
from drctl.plans.images import Images
from drctl.plans.plan import StepContext
from drctl.plans.selection import SALVAGE

CONTEXT = 1_000
"""Offsets in front of the frontier in which the last record that arrived is looked for first: there it is almost
always, for an exactly-once link notes what it has copied together with the copies."""
OVERLAP = 100_000
"""Records behind the frontier in which it is looked for then: a link that notes late has copied more than it says."""


def shortfalls(ctx: StepContext, failover: Aftermath) -> list[Shortfall]:
    """Everything that the lost site, which is back, lacks of what was recorded of it, in order.

    Raises what a site raises that does not answer.
    """
    site = ctx.source
    topics = site.brokers.topics(ctx.world.plan.topics)
    ids = ctx.world.memory.topic_ids(site.name)
    there = [partition for name in sorted(topics) for partition in topics[name].spread()]
    bounds = site.records.bounds(there)
    apart = _stranded_before(ctx, failover)
    wanted = sorted({*there, *failover.frontier, *failover.seen})
    found = []
    for partition in (each for each in wanted if each.topic in ctx.world.plan.topics):
        expected = Expected(
            ids.get(partition.topic, ""), failover.frontier.get(partition, 0), failover.seen.get(partition, 0)
        )
        looked = None
        if partition in bounds:
            # Nothing can be told from the records of a compacted log, nor where an earlier tail lies between them.
            tells = (
                not topics[partition.topic].compacted
                and partition not in apart
                and bounds[partition].high >= expected.frontier
            )
            holds = not tells or _holds_copied(ctx, failover, partition, expected.frontier)
            looked = Found(topics[partition.topic].topic_id, bounds[partition], holds)
        if less := shortfall(partition, expected, looked):
            found.append(less)
    missing = ids.keys() & set(ctx.world.plan.topics) - topics.keys() - {each.partition.topic for each in found}
    found += filter(None, (shortfall(TopicPartition(name, 0), Expected("", 0, 0), None) for name in missing))
    return sorted(found, key=lambda each: each.partition)


def _stranded_before(ctx: StepContext, failover: Aftermath) -> set[TopicPartition]:
    """Partitions whose log at the lost site holds the tail of an earlier failover, which was never copied."""
    return {
        partition
        for run, state in ctx.world.journal.runs()
        if run.kind == SALVAGE and state is RunState.DONE and run.epoch < failover.run.epoch
        if run.source == ctx.source.name
        for partition, tail in tails.read(tails.observed(ctx.world, run.id)[tails.EXPORT]["tails"]).items()
        if tail.span.start < tail.span.stop
    }


def _holds_copied(ctx: StepContext, failover: Aftermath, partition: TopicPartition, frontier: int) -> bool:
    """Whether the last record that the other site had of it before it was opened is in the returned log.

    True where nobody can tell: one of both keeps no record from before.
    """
    image = Images(ctx.world, ctx.source.name, ctx.target.name).of(partition)
    end = failover.ends.get(image, 0)
    before = ctx.source.records.identities(partition, max(0, frontier - CONTEXT), frontier)
    arrived = ctx.target.records.identities(image, max(0, end - CONTEXT), end)[-1:]
    if not before or not arrived or arrived[0].fault:
        return True
    last = arrived[0]
    return _is_among(last, before) or _is_among(last, ctx.source.records.following(partition, frontier, OVERLAP))


def _is_among(record: RecordId, records: Iterable[RecordId]) -> bool:
    """Whether one of them is that record; where a log stamps its own time, time tells nothing about it."""
    return any(record.digest == each.digest or (record.bare and record.bare == each.bare) for each in records)
