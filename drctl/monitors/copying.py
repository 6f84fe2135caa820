"""Eyes for what a link may lose: what it has copied, what its source still keeps, and what was so before."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from drctl.model.copying import LinkLook, Standing
from drctl.model.link import ConnectorState, LinkStatus
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.reading import Reading
from drctl.monitors.looking import look
from drctl.monitors.sessions import Sessions, read_sessions
from drctl.ports import World

type Bounds = Mapping[TopicPartition, LogBounds]


def look_at_link(
    world: World, source: str, target: str, committed_at: Reading[Mapping[str, datetime]] | None = None
) -> LinkLook:
    """Look once. ``committed_at`` comes from whoever follows the target's commits (:func:`oldest_commits`)."""
    ports, clock, here, there = world.links[source, target], world.clock, world.sites[source], world.sites[target]
    began, plan = clock.now(), world.plan
    status = look(clock, ports.replication.status)
    frontier = look(clock, ports.replication.frontier)
    topics = look(clock, lambda: here.brokers.topics(plan.topics))
    partitions = [p for topic in (topics.value or {}).values() for p in topic.spread()]

    def ask[T](eye: Callable[[], T], *first: Reading[object]) -> Reading[T]:
        """Look, unless something that must be known first is not."""
        unknown = next((each.unknown for each in first if not each.known), "")
        return Reading(None, clock.now(), unknown) if unknown else look(clock, eye)

    bounds = ask(lambda: here.records.bounds(partitions), topics)
    return LinkLook(
        at=began,
        link=ports.link,
        running=_running(status),
        exactly_once=status.value is not None and status.value.exactly_once,
        topics=topics,
        topic_ids=look(clock, lambda: world.memory.topic_ids(source)),
        bounds=bounds,
        frontier=frontier,
        copied=look(clock, lambda: world.memory.copied(ports.link.name)),
        waiting=ask(lambda: _waiting(world, source, bounds.value or {}, frontier.value or {}), bounds, frontier),
        syncs=ask(lambda: ports.mappings.syncs(partitions), topics),
        checkpoints=look(clock, lambda: len(ports.mappings.checkpoints(plan.groups))),
        standings=look(clock, lambda: _standings(world, source, target)),
        committed_at=committed_at or Reading(None, clock.now(), f"nobody follows the commits at {target}"),
        offsets_retention=look(clock, lambda: there.brokers.cluster().offsets_retention),
    )


def watch_link(world: World, source: str, target: str, *, seconds: float, patience: float) -> tuple[LinkLook, ...]:
    """Look, and while records wait and nothing moves again and again for that time: oldest first.

    Reading the target's commits may take ``patience`` seconds.
    """
    clock, there = world.clock, world.sites[target]

    def ages() -> Mapping[str, datetime]:
        groups = world.plan.groups
        return oldest_commits(read_sessions(there.tail, clock, target, patience, groups), groups)

    committed_at = look(clock, ages)
    looks = [look_at_link(world, source, target, committed_at)]
    deadline = clock.monotonic() + seconds
    while _seems_still(looks) and clock.monotonic() < deadline:
        clock.sleep(1.0)
        looks.append(look_at_link(world, source, target, committed_at))
    return tuple(looks)


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
        ends = {p: bounds.stable for p, bounds in seen.bounds.value.items() if p not in waiting}
        world.memory.note_copied(seen.link.name, {p: end for p, end in ends.items() if known.get(p) != end})


def oldest_commits(sessions: Sessions, groups: Sequence[str]) -> Mapping[str, datetime]:
    """Per group when the oldest of its positions was committed."""
    held = {group: [each.milliseconds for each in sessions.positions(group).values()] for group in groups}
    return {group: datetime.fromtimestamp(min(found) / 1000, UTC) for group, found in held.items() if found}


def _running(status: Reading[LinkStatus]) -> Reading[bool]:
    if status.value is None:
        return Reading(None, status.seen_at, status.unknown)
    return Reading(status.value.source.state is ConnectorState.RUNNING, status.seen_at)


def _waiting(
    world: World, source: str, bounds: Bounds, frontier: Mapping[TopicPartition, int]
) -> Mapping[TopicPartition, int | None]:
    records = world.sites[source].records
    found: dict[TopicPartition, int | None] = {}
    for partition, there in bounds.items():
        start = max(frontier.get(partition, 0), there.start)
        if start < there.stable and (first := records.following(partition, start, 1)):
            found[partition] = first[0].milliseconds
    return found


def _standings(world: World, source: str, target: str) -> tuple[Standing, ...]:
    plan = world.plan
    here = world.sites[source].positions.committed(plan.groups)
    there = world.sites[target].positions.committed(plan.groups)
    found = []
    for group, positions in sorted(here.items()):
        for partition, position in sorted(positions.items()):
            image = partition._replace(topic=plan.image(source, target, partition.topic))
            if image in there[group] and plan.is_copied(source, target, partition.topic):
                found.append(Standing(group, partition, position.offset, there[group][image].offset))
    return tuple(found)
