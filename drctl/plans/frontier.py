"""Hold what a link says it has copied against both logs: reads through the ports what decide/frontier judges."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from drctl.decide.frontier import Doubt, Doubted, Found, FrontierClaim, Spans, doubts
from drctl.decide.left_out import left_out
from drctl.decide.offset_syncs import merged
from drctl.decide.readiness import Blocker, Rule
from drctl.errors import DrctlError
from drctl.model.facts import Facts
from drctl.model.offsets import LogBounds, RecordId, TopicPartition
from drctl.plans.images import Images
from drctl.plans.tails import known as stranded
from drctl.ports import Records
from drctl.ports.asking import both, first_records
from drctl.ports.world import SitePorts, World

AT_ONCE = 100_000
"""Offsets that are read at the same time, at least; a larger part is read by itself."""


def frontier_blockers(world: World, facts: Facts) -> Iterator[Blocker]:
    """Reasons not to believe that the link has copied what it says. None where the gates lack more than that."""
    source, target = facts.source.name, facts.target.name
    needed = (facts.source.topics, facts.target.topics, facts.link.lag, facts.link.syncs)
    if facts.link.lag.value is None or not all(reading.known for reading in needed):
        return
    frontier = facts.link.lag.value.frontier  # asking Connect again would take a second or more, and tell the same
    link = world.links[source, target].link.name
    try:
        yield from _made_anew(world, facts)
        yield from _uncertain(world, facts, frontier)
        for each in doubted(world, source, target, frontier):
            yield _blocker(each, link, source, target)
    except DrctlError as error:
        detail = f"{link}: what it has copied cannot be held against the logs: {error}"
        yield Blocker(Rule.FRONTIER_UNPROVEN, detail, error.remedy or "see the reason, then look again")


def doubted(
    world: World, source: str, target: str, frontier: Mapping[TopicPartition, int] | None = None
) -> tuple[Doubted, ...]:
    """Partitions of the plan's topics whose frontier the logs do not bear out, in order.

    ``frontier`` is what the link said before anything else was asked; None asks it.

    Those that do not exist on both sites are left out. NotFound where the link's offset-syncs topic is missing.
    """
    here, there = world.sites[source], Images(world, source, target)
    # This order is what decide/frontier.py asks for: whatever is copied meanwhile can only confirm the claim.
    if frontier is None:
        frontier = world.links[source, target].replication.frontier()
    return _doubted(here, there, _claims(world, here, there, target, frontier))


class FrontierLook(NamedTuple):
    """Hold what both logs say of a frontier, in order of partitions.

    ``doubts``: where they do not bear it out. ``unpaired``: where records were copied of which the link has still to
    write an offset sync, or never will. ``logs``: how far they reached before a record was read, at the source and at
    the target, by the source's names.
    """

    doubts: tuple[Doubted, ...]
    unpaired: tuple[TopicPartition, ...]
    logs: Mapping[TopicPartition, tuple[LogBounds, LogBounds]]


def looked_at(world: World, source: str, target: str, frontier: Mapping[TopicPartition, int]) -> FrontierLook:
    """Hold ``frontier``, which the link has just told, against both logs and its offset syncs.

    NotFound where the link's offset-syncs topic is missing.
    """
    here, there = world.sites[source], Images(world, source, target)
    claims = _claims(world, here, there, target, frontier)
    logs = {claim.partition: (claim.source, claim.target) for claim in claims}
    return FrontierLook(_doubted(here, there, claims), _unpaired(here, claims), logs)


def unpaired(
    world: World, source: str, target: str, frontier: Mapping[TopicPartition, int]
) -> tuple[TopicPartition, ...]:
    """Look again for what :class:`FrontierLook` calls so, at the same ``frontier``; NotFound as there."""
    here = world.sites[source]
    return _unpaired(here, _claims(world, here, Images(world, source, target), target, frontier))


def _unpaired(here: SitePorts, claims: Sequence[FrontierClaim]) -> tuple[TopicPartition, ...]:
    return tuple(sorted(first_records(here.records, {claim.partition: claim.unpaired() for claim in claims})))


def _doubted(here: SitePorts, there: Images, claims: Sequence[FrontierClaim]) -> tuple[Doubted, ...]:
    def read(at_source: Spans, at_target: Spans) -> tuple[Found, Found]:
        return both(partial(_read, here.records, at_source), partial(_read, there, at_target))

    return tuple(sorted(doubts(claims, here.records.following, read), key=lambda each: each.partition))


def _claims(
    world: World, here: SitePorts, there: Images, target: str, frontier: Mapping[TopicPartition, int]
) -> list[FrontierClaim]:
    topics = world.plan.topics
    topics_here, topics_there = both(partial(here.brokers.topics, topics), partial(there.topics, topics))
    partitions = [
        partition
        for name in sorted(topics_here.keys() & topics_there.keys())
        for partition in topics_here[name].spread()
        if partition.partition < len(topics_there[name].partitions)
    ]
    if not partitions:
        return []
    bounds_there = there.bounds(partitions)
    forward, reverse = both(partial(there.forward_syncs, partitions), partial(there.reverse_syncs, partitions))
    bounds_here = here.records.bounds(partitions)
    compacted = {n for found in (topics_here, topics_there) for n, topic in found.items() if topic.compacted}
    # What a failover has stranded never had a partner at the other site: held against the copy it would pass
    # for records that the link has left out.
    apart_here = stranded(world, here.name, topics_here)
    apart_there = stranded(world, target, {topic.name: topic for topic in topics_there.values()})
    return [
        FrontierClaim(
            partition,
            frontier.get(partition),
            bounds_here[partition],
            bounds_there[partition],
            merged(forward.get(partition, ()), reverse.get(partition, ())),
            partition.topic in compacted,
            apart_here.get(partition, ()),
            apart_there.get(there.of(partition), ()),
        )
        for partition in partitions
    ]


def _read(reader: Records | Images, spans: Spans) -> Mapping[TopicPartition, Sequence[RecordId]]:
    """The records of these spans, of many partitions at once, never more than fits in memory."""
    found: dict[TopicPartition, Sequence[RecordId]] = {}
    pending: dict[TopicPartition, tuple[int, int]] = {}
    for partition, span in spans.items():
        pending[partition] = span
        if sum(stop - start for start, stop in pending.values()) >= AT_ONCE:
            found |= reader.identities_all(pending)
            pending = {}
    return found | dict(reader.identities_all(pending)) if pending else found


def _uncertain(world: World, facts: Facts, frontier: Mapping[TopicPartition, int] | None) -> Iterator[Blocker]:
    """Topics that the link leaves out or copies, by Connect's version, and of which nothing was ever copied."""
    status, link = facts.link.status.value, facts.link.link
    if status is None:
        return
    found = {topic: out for topic in facts.topics if (out := left_out(status.source.config, topic, link.prefix))}
    if found and frontier is None:
        frontier = world.links[link.source, link.target].replication.frontier()
    stored = {p.topic for p in frontier or ()}
    for topic, out in found.items():
        if not out.certain and topic not in stored:
            detail = f"{link.name}: nothing of {topic} was ever copied: {out.why}"
            remedy = "set the source connector's topics.exclude, run Kafka Connect 4.0 or newer, or rename the topic"
            yield Blocker(Rule.TOPIC_NOT_COPIED, detail, remedy)


def _made_anew(world: World, facts: Facts) -> Iterator[Blocker]:
    """By what was observed, whose ids the gates note: one that is recreated from then on is seen before the commit."""
    for site, names in ((facts.source, world.plan.topics), (facts.target, world.plan.topics_at(facts.target.name))):
        known, now = world.memory.topic_ids(site.name), site.topics.value or {}
        for name in sorted(n for n in names if n in known and n in now and now[n].topic_id != known[n]):
            detail = (
                f"{facts.link.link.name}: {name} was deleted and recreated at {site.name}: its id was {known[name]}"
            )
            remedy = (
                "stop the link, look which records are missing at the target, and reset the link's offsets of it so"
                f" that it is copied again; then 'drctl doctor --accept-recreated {name}'"
            )
            yield Blocker(Rule.TOPIC_RECREATED, detail, remedy)


def _blocker(each: Doubted, link: str, source: str, target: str) -> Blocker:
    detail = f"{link}: {each.partition}: {each.detail}"
    match each.why:
        case Doubt.NOT_COPIED:
            remedy = (
                f"let the source connector's topics and topics.exclude take in {each.partition.topic}, and let its"
                f" user read it at {source}; a new topic is found after refresh.topics.interval.seconds"
            )
            return Blocker(Rule.TOPIC_NOT_COPIED, detail, remedy)
        case Doubt.BEYOND_SOURCE:
            remedy = (
                "the topic was recreated or its log cut: until it has grown past that, its records are not copied;"
                " stop the link and reset its offsets of this partition"
            )
            return Blocker(Rule.SOURCE_SHORTER, detail, remedy)
        case Doubt.UNPROVEN:
            remedy = (
                f"see whether the topic was recreated or its records deleted at {target}: then stop the link and delete"
                " its offsets of this partition, so that it is copied again; if only the offset syncs are missing,"
                " restart the source connector: it writes one with the next record"
            )
            return Blocker(Rule.FRONTIER_UNPROVEN, detail, remedy)
