"""Observe what a link may lose: what it has copied, what its source still keeps, and what was so before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from drctl.model.copying import LinkLook, PositionPair
from drctl.model.link import ConnectorState, LinkStatus
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.reading import Reading
from drctl.monitors.readings import WITHIN, Begun, InTurn, Looks, Pace, in_turn
from drctl.monitors.sessions import Sessions, read_sessions
from drctl.ports import World
from drctl.ports.asking import first_records

type Bounds = Mapping[TopicPartition, LogBounds]


def look_at_link(
    world: World,
    source: str,
    target: str,
    committed_at: Reading[Mapping[str, datetime]] | None = None,
    looks: Looks | None = None,
) -> LinkLook:
    """Look once. ``committed_at`` comes from whoever follows the target's commits (:func:`oldest_commits`)."""
    ports, clock, here, there = world.links[source, target], world.clock, world.sites[source], world.sites[target]
    began, plan, looks = clock.now(), world.plan, looks or InTurn(clock)

    def ask[T](question: Callable[[], T], *first: Reading[Any]) -> Begun[T]:
        """Look, unless something that must be known first is not."""
        missing = next((each for each in first if not each.known), None)
        if missing is None:
            return looks.begin(question)
        return lambda: Reading(None, clock.now(), missing.unknown, missing.silent)

    asked = looks.begin(ports.replication.status)
    copied_to = looks.begin(ports.replication.frontier)
    found = looks.begin(lambda: here.brokers.topics(plan.topics))
    checkpoints = looks.begin(lambda: len(ports.mappings.checkpoints(plan.groups)))
    standings = looks.begin(lambda: _standings(world, source, target))
    retention = looks.begin(lambda: there.brokers.cluster().offsets_retention)
    topics = found()
    partitions = [p for topic in (topics.value or {}).values() for p in topic.spread()]
    syncs = ask(lambda: ports.mappings.syncs(partitions), topics)
    # The frontier first: it only grows, so what was seen to wait behind it is at most too much.
    status, frontier = asked(), copied_to()
    bounds = ask(lambda: here.records.bounds(partitions), topics)()
    return LinkLook(
        at=began,
        link=ports.link,
        running=_running(status),
        exactly_once=status.value is not None and status.value.exactly_once,
        topics=topics,
        topic_ids=looks.begin(lambda: world.memory.topic_ids(source))(),
        bounds=bounds,
        frontier=frontier,
        copied=looks.begin(lambda: world.memory.copied(ports.link.name))(),
        waiting=ask(lambda: _waiting(world, source, bounds.value or {}, frontier.value or {}), bounds, frontier)(),
        syncs=syncs(),
        checkpoints=checkpoints(),
        standings=standings(),
        committed_at=committed_at or Reading(None, clock.now(), f"nobody follows the commits at {target}"),
        offsets_retention=retention(),
    )


def watch_link(
    world: World,
    source: str,
    target: str,
    *,
    seconds: float,
    patience: float,
    pace: Pace | None = None,
) -> tuple[LinkLook, ...]:
    """Look, and while records wait and nothing moves again and again for that time: oldest first.

    Reading the target's commits may take ``patience`` seconds. ``pace`` may bring a deadline for one look. Where
    somebody was silent in the first one it stays at that: the person is to know within seconds what is known.
    """
    clock, there, begin = world.clock, world.sites[target], pace or in_turn(world.clock)

    def ages() -> Mapping[str, datetime]:
        groups = world.plan.groups
        return oldest_commits(read_sessions(there.tail, clock, target, patience, groups), groups)

    committed = begin(max(WITHIN, patience)).begin(ages)
    looks = [look_at_link(world, source, target, looks=begin(WITHIN))]
    committed_at = committed()
    deadline = clock.monotonic() + seconds
    silent = committed_at.silent or _is_silent(looks[0])
    while not silent and _seems_still(looks) and clock.monotonic() < deadline:
        clock.sleep(1.0)
        looks.append(look_at_link(world, source, target, looks=begin(WITHIN)))
    return tuple(replace(each, committed_at=committed_at) for each in looks)


def _is_silent(seen: LinkLook) -> bool:
    """Whether somebody did not answer in that look."""
    readings = (getattr(seen, each.name) for each in fields(seen))
    return any(isinstance(each, Reading) and each.silent for each in readings)


def _seems_still(looks: Sequence[LinkLook]) -> bool:
    first, last = looks[0], looks[-1]
    return bool(last.running.value and last.waiting.value) and first.frontier.value == last.frontier.value


def remember(world: World, seen: LinkLook) -> None:
    """Note for later looks which topics these were, and how far everything is copied. JournalBroken if it cannot."""
    if seen.topics.value is not None:
        ids = {name: topic.topic_id for name, topic in seen.topics.value.items()}
        world.memory.note_topic_ids(seen.link.source, ids)
    if seen.bounds.value is not None and seen.waiting.value is not None:
        waiting, known = seen.waiting.value, seen.copied.value or {}
        # Only where nothing waits is the end of the log known to be copied: the frontier alone is Connect's
        # word.
        ends = {p: bounds.stable for p, bounds in seen.bounds.value.items() if p not in waiting}
        world.memory.note_copied(seen.link.name, {p: end for p, end in ends.items() if known.get(p) != end})


def oldest_commits(sessions: Sessions, groups: Sequence[str]) -> Mapping[str, datetime]:
    """Per group when the oldest of its positions was committed."""
    oldest: dict[str, datetime] = {}
    for group in groups:
        if held := sessions.positions(group).values():
            oldest[group] = datetime.fromtimestamp(min(each.milliseconds for each in held) / 1000, UTC)
    return oldest


def _running(status: Reading[LinkStatus]) -> Reading[bool]:
    if status.value is None:
        return Reading(None, status.seen_at, status.unknown)
    return Reading(status.value.source.state is ConnectorState.RUNNING, status.seen_at)


def _waiting(
    world: World, source: str, bounds: Bounds, frontier: Mapping[TopicPartition, int]
) -> Mapping[TopicPartition, int | None]:
    spans = {p: (max(frontier.get(p, 0), there.start), there.stable) for p, there in bounds.items()}
    return {p: first.milliseconds for p, first in first_records(world.sites[source].records, spans).items()}


def _standings(world: World, source: str, target: str) -> tuple[PositionPair, ...]:
    plan = world.plan
    here = world.sites[source].positions.committed(plan.groups)
    there = world.sites[target].positions.committed(plan.groups)
    found = []
    for group, positions in sorted(here.items()):
        for partition, position in sorted(positions.items()):
            image = partition._replace(topic=plan.image(source, target, partition.topic))
            if image in there[group] and plan.is_copied(source, target, partition.topic):
                found.append(PositionPair(group, partition, position.offset, there[group][image].offset))
    return tuple(found)
