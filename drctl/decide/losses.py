"""Losses of a link: what MirrorMaker 2 goes on without saying a word about.

Its consumer begins again at the oldest record whenever what it wants is gone, so records that the source deleted first
are left out, a topic that was recreated is copied behind the old one, and a link that hangs looks like one that rests.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from drctl.decide.rules import Blocker, Rule
from drctl.model.copying import LinkLook
from drctl.model.offsets import OffsetSync, TopicPartition
from drctl.model.reading import Reading

WINDOW = timedelta(seconds=10)
"""How long a link that copies exactly once may stand still: it notes its offsets with every batch."""
WINDOW_AT_LEAST_ONCE = timedelta(seconds=150)
"""The same for a link that does so once a minute (``offset.flush.interval.ms``)."""
NEAR = 0.2
"""Share of the retention that is left when it is time to act."""
NEAR_BY_SPEED = 3600.0
"""Seconds that are left when it is time to act, where no retention time is set."""
EXPIRING = 0.75
"""Share of ``offsets.retention.minutes`` after which a position should have been committed again."""


def losses(looks: Sequence[LinkLook]) -> Iterator[Blocker]:
    """Return what was or is about to be lost, as of the last of these looks, oldest first. What is unknown is named."""
    seen = looks[-1]
    yield from _unknown(seen)
    yield from _topics(seen)
    yield from _gaps(seen)
    yield from _retention(looks)
    yield from _silence(looks)
    yield from _mirror_topics(seen)
    yield from _positions(seen)


def window(seen: LinkLook) -> timedelta:
    """How long this link must stand still until that says something."""
    return WINDOW if seen.exactly_once else WINDOW_AT_LEAST_ONCE


def time_left(looks: Sequence[LinkLook]) -> Mapping[TopicPartition, float]:
    """Seconds until the source may delete a record that is not copied, never too many; only where one can tell."""
    seen = looks[-1]
    left: dict[TopicPartition, float] = {}
    for partition, oldest in (seen.waiting.value or {}).items():
        found = []
        retention = _retention_ms(seen, partition)
        if retention is not None and oldest is not None:
            found.append(max(0.0, retention / 1000 - (seen.at.timestamp() - oldest / 1000)))
        if (speed := _speed(looks, partition)) and seen.bounds.value and seen.frontier.value:
            distance = seen.frontier.value.get(partition, 0) - seen.bounds.value[partition].start
            found.append(max(0.0, distance / speed))
        if found:
            left[partition] = min(found)
    return left


def _unknown(seen: LinkLook) -> Iterator[Blocker]:
    causes: dict[str, list[str]] = {}
    for what, reading in (
        ("the state of the link", seen.running),
        ("the source's topics", seen.topics),
        ("which topics these were", seen.topic_ids),
        ("the source's log bounds", seen.bounds),
        ("what was copied", seen.frontier),
        ("what waits to be copied", seen.waiting),
        ("the groups' positions on both sites", seen.standings),
        ("the ages of positions at the target", seen.committed_at),
        ("offsets.retention.minutes at the target", seen.offsets_retention),
        ("the checkpoints", _if_silent(seen.checkpoints)),
    ):
        if not reading.known or (reading.value is None and what.startswith("offsets")):
            causes.setdefault(reading.unknown or "no broker tells", []).append(what)
    for why, unknown in causes.items():  # one for each cause: a site that is dead hides much
        detail = f"{seen.link.name}: {', '.join(unknown)}: {why}"
        yield Blocker(Rule.LOSSES_UNKNOWN, detail, "see the reason, then look again")


def _if_silent(reading: Reading[int]) -> Reading[int]:
    """The same if nobody answered; else as if it were known, for it is judged elsewhere."""
    return reading if reading.silent else replace(reading, unknown="")


def _topics(seen: LinkLook) -> Iterator[Blocker]:
    known = seen.topic_ids.value or {}
    for name, topic in sorted((seen.topics.value or {}).items()):
        if known.get(name, topic.topic_id) != topic.topic_id:
            detail = (
                f"{seen.link.name}: {name} was deleted and recreated at {seen.link.source}: its id was {known[name]}"
            )
            remedy = (
                "stop the link, look which records are missing at the target, recreate the topic there and reset the"
                f" link's offsets of it; then 'drctl doctor --accept-recreated {name}'"
            )
            yield Blocker(Rule.TOPIC_RECREATED, detail, remedy)


def _gaps(seen: LinkLook) -> Iterator[Blocker]:
    bounds, frontier, copied = seen.bounds.value or {}, seen.frontier.value or {}, seen.copied.value or {}
    for partition in sorted(bounds.keys() & frontier.keys()):
        here, next_ = bounds[partition], frontier[partition]
        # What an earlier look saw copied stays copied, also where Connect's stored offset was set back
        # since. Bounded by the log's end, for a note may be of a topic that was recreated.
        safe = max(next_, min(copied.get(partition, 0), here.high))
        if here.start > safe:
            detail = f"{seen.link.name}: {partition}: offsets {safe} to {here.start - 1} were deleted uncopied"
            remedy = "nothing brings them back: tell their owners; raise retention.ms, and keep the link running"
            yield Blocker(Rule.RECORDS_LOST, detail, remedy)
        # MirrorMaker 2 says nothing here: it waits at an offset that does not exist until the log grows
        # past it, and leaves out all that was written before.
        if next_ > here.high:
            detail = f"{seen.link.name}: {partition}: copied up to {next_}, and the log ends at {here.high}"
            remedy = (
                "the topic was recreated or its log cut: until it has grown past that, its records are not copied;"
                " stop the link and reset its offsets of this partition"
            )
            yield Blocker(Rule.SOURCE_SHORTER, detail, remedy)


def _retention(looks: Sequence[LinkLook]) -> Iterator[Blocker]:
    seen = looks[-1]
    for partition, seconds in sorted(time_left(looks).items()):
        retention = _retention_ms(seen, partition)
        if seconds <= (NEAR_BY_SPEED if retention is None else NEAR * retention / 1000):
            detail = f"{seen.link.name}: {partition}: {seconds:.0f} s until records are deleted uncopied"
            remedy = f"raise retention.ms of {partition.topic} at {seen.link.source} now, then see why the link is late"
            yield Blocker(Rule.RETENTION_NEAR, detail, remedy)


def _silence(looks: Sequence[LinkLook]) -> Iterator[Blocker]:
    seen = looks[-1]
    if not seen.running.value or not seen.waiting.value or seen.frontier.value is None:
        return
    # Nothing at all may have moved, in no partition: one slow partition beside others that move is lag,
    # which a gate of its own judges.
    still = [each for each in looks if each.frontier.value == seen.frontier.value and each.waiting.value]
    moved = len(still) < len(looks)
    for_ = seen.at - still[0].at
    waiting = ", ".join(map(str, sorted(seen.waiting.value)[:5]))
    if for_ >= window(seen):
        detail = (
            f"{seen.link.name}: RUNNING, and nothing was copied for {for_.total_seconds():.0f} s; waiting: {waiting}"
        )
        remedy = "look at its tasks and the worker's log; restart the connector with its tasks"
        yield Blocker(Rule.LINK_SILENT, detail, remedy)
    elif not moved:
        seconds = window(seen).total_seconds()
        detail = f"{seen.link.name}: whether it copies: looked for {for_.total_seconds():.0f} s of {seconds:.0f}"
        yield Blocker(
            Rule.LOSSES_UNKNOWN, detail, f"look for longer: --window {seconds:.0f}s, or let the service watch"
        )


def _mirror_topics(seen: LinkLook) -> Iterator[Blocker]:
    if not seen.checkpoints.known and not seen.checkpoints.silent:
        detail = f"{seen.link.name}: checkpoints: {seen.checkpoints.unknown}"
        remedy = "start the checkpoint connector: without it MirrorMaker 2 alone could move no group"
        yield Blocker(Rule.CHECKPOINTS_MISSING, detail, remedy)


def _positions(seen: LinkLook) -> Iterator[Blocker]:
    syncs = seen.syncs.value or {}
    for each in seen.standings.value or ():
        highest = _highest(syncs.get(each.partition, ()), each.here)
        # MirrorMaker 2 commits forward only, so a position that is too high, left by a drill or by an
        # earlier failover, stays for good and would skip records in silence.
        if highest is not None and each.there > highest:
            where = f"{each.there} at {seen.link.target}, at most {highest} for {each.here} at {seen.link.source}"
            remedy = (
                "it would skip records, and MirrorMaker 2 never takes a position back: let drctl hand it over"
                " ('drctl service run --sync-groups' does)"
            )
            detail = f"{seen.link.name}: {each.group}: {each.partition}: {where}"
            yield Blocker(Rule.TARGET_AHEAD, detail, remedy)
    retention = seen.offsets_retention.value
    for group, at in sorted((seen.committed_at.value or {}).items()) if retention else ():
        age = seen.at - at
        if retention and age >= EXPIRING * retention:
            left = max(0.0, (retention - age).total_seconds() / 3600)
            detail = f"{seen.link.target}: {group}: its oldest position is forgotten in {left:.1f} h"
            remedy = "let 'drctl service run --sync-groups' run: it commits them again"
            yield Blocker(Rule.POSITIONS_EXPIRING, detail, remedy)


def _highest(syncs: Iterable[OffsetSync], position: int) -> int | None:
    """The highest target offset that can be right for a source position: the copy of the first record known beyond."""
    # An upper bound only: records are copied in order, so the first one known at or beyond the position has
    # its image at or beyond the right answer.
    return next((sync.downstream for sync in syncs if sync.upstream >= position), None)


def _retention_ms(seen: LinkLook, partition: TopicPartition) -> int | None:
    topic = (seen.topics.value or {}).get(partition.topic)
    if topic is None or "delete" not in topic.config.get("cleanup.policy", "delete"):
        return None
    value = topic.config.get("retention.ms", "")
    return int(value) if value.isdecimal() else None


def _speed(looks: Sequence[LinkLook], partition: TopicPartition) -> float:
    """Offsets per second at which the log start moves; 0 where it stands or one look is all there is."""
    known = [(each.at, each.bounds.value) for each in looks if each.bounds.value is not None]
    starts = [(at, bounds[partition].start) for at, bounds in known if partition in bounds]
    if len(starts) < 2:
        return 0.0
    (began, first), (ended, last) = starts[0], starts[-1]
    seconds = (ended - began).total_seconds()
    return (last - first) / seconds if seconds > 0 and last > first else 0.0
