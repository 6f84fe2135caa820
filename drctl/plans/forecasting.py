"""If we failed over now: loss, re-reads, groups that are not covered, expected time. Changes nothing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from drctl.errors import DrctlError
from drctl.model.forecast import Forecast, GroupForecast
from drctl.model.loss import Loss
from drctl.model.offsets import Committed, LogBounds, TopicPartition
from drctl.model.run import Event, RunState
from drctl.model.translation import Exact, Translation
from drctl.plans.by_group import only, renamed
from drctl.plans.followed import Held
from drctl.plans.images import Images
from drctl.plans.losing import LOOKED_BACK, answers, measure
from drctl.plans.positions import translate_committed
from drctl.plans.selection import FAILOVER
from drctl.plans.sink_groups import ask_ahead, told_or_noted
from drctl.plans.steps.await_clients import AwaitClients
from drctl.plans.steps.confirm_positions import origin, uncovered
from drctl.plans.uncommitted import told_at_target, uncommitted
from drctl.ports import SitePorts, World
from drctl.ports.asking import both

REMEMBERED = 5
"""Earlier failovers that are looked at for the expected time."""
AGED = 64
"""Positions per look whose age is read; more would cost more than it tells."""


class Behind(NamedTuple):
    """Tell how old the first record behind a position is, and how much younger the newest one there: in seconds."""

    age: float | None
    late: float | None


NOTHING = Behind(0.0, 0.0)
"""Where no record lies behind a position."""
UNTOLD = Behind(None, None)


def forecast(
    world: World, source: str, target: str, *, ask: bool | None = None, deep: bool = True, partly: bool = False
) -> Forecast:
    """Return what a failover from ``source`` to ``target`` costs now; ``ask``: whether the source answers, if known.

    Unless it is ``deep`` no records are read for the groups, and what they would read again is unknown. Raises what the
    target raises where it does not answer: then there is nowhere to go; ``partly`` notes that, with what is known.
    """
    ask_ahead(world)
    now = world.clock.now()
    reach = answers(world.sites[source]) if ask is None else ask
    # Side by side, so that a link that is silent does not delay what the target's brokers tell.
    (loss, unknown), (held, failure) = both(
        lambda: _loss(world, source, target, reach=reach), lambda: _held(told_or_noted(world), target, partly=partly)
    )
    world = told_or_noted(world)
    groups, never = dict[str, GroupForecast](), tuple[str, ...]()
    try:
        if failure is None:
            groups, never = _groups(world, source, target, held, (loss if reach else None, now) if deep else None)
    except DrctlError as error:
        if not partly:
            raise
        failure = error
        groups = {group: _counted(world, positions) for group, positions in held.items() if positions}
    covered, sinks = uncovered(world.plan.topics_at(target), held), world.plan.unknown_sinks
    unsure = {sink: each.unknown for sink, each in sinks.items()}
    return Forecast(source, target, now, loss, groups, covered, recovery(world), unknown, failure, unsure, never)


def _held(world: World, target: str, *, partly: bool) -> tuple[Held, DrctlError | None]:
    try:
        return world.sites[target].positions.committed(world.plan.groups), None
    except DrctlError as error:
        if not partly:
            raise
        return {}, error


def _groups(
    world: World, source: str, target: str, held: Held, deep: tuple[Loss | None, datetime] | None
) -> tuple[dict[str, GroupForecast], tuple[str, ...]]:
    """Each group with positions at the target, and where one was never committed.

    ``deep`` is the loss where the source answers, and the time.
    """
    site = world.sites[target]
    topics = site.brokers.topics(world.plan.topics_at(target))
    bounds = site.records.bounds([p for name in sorted(topics) for p in topics[name].spread()])
    there = _known(held, bounds)
    reached = _reached(world, source, site, there, bounds) if deep and deep[0] else {}
    behind = _behind(site, there, bounds, deep[1]) if deep else {}
    never = _never_committed(world, target, held, reached) if deep else ()
    forecasts: dict[str, GroupForecast] = {}
    for group, positions in there.items():
        if positions:
            rereads = _rereads(positions, bounds, reached.get(group, {})) if deep else None
            found = [behind.get((partition, held.offset), UNTOLD) for partition, held in positions.items()]
            age, late = _oldest([each.age for each in found]), _oldest([each.late for each in found])
            forecasts[group] = replace(_counted(world, positions), rereads=rereads, age=age, late=late)
    return forecasts, never


def _counted(world: World, positions: Mapping[TopicPartition, Committed]) -> GroupForecast:
    """How many positions there are, and how many of this epoch; how old they are is not looked at."""
    epoch = world.epochs.current()
    synced = sum(origin(c, world.plan.name, epoch) == "group-sync" for c in positions.values())
    return GroupForecast(len(positions), synced, None, None)


def recovery(world: World) -> tuple[float, ...]:
    """Seconds from the start of earlier failovers until clients worked again, newest first."""
    done = [run for run, state in world.journal.runs() if run.kind == FAILOVER and state is RunState.DONE]
    return tuple(seconds for run in done[: -REMEMBERED - 1 : -1] for seconds in _seconds(world, run.id))


def _seconds(world: World, run: str) -> Iterator[float]:
    entries = world.journal.entries(run)
    for entry in entries:
        if entry.step == AwaitClients.name and entry.event is Event.STEP_OBSERVED and entry.body["traffic restored"]:
            yield (datetime.fromisoformat(entry.body["traffic restored"]) - entries[0].at).total_seconds()


def _loss(world: World, source: str, target: str, *, reach: bool) -> tuple[Loss | None, str]:
    try:
        return measure(world, source, target, ask=reach), ""
    except DrctlError as error:
        return None, str(error)


def _known(held: Held, bounds: Mapping[TopicPartition, LogBounds]) -> Held:
    return only(held, lambda _group, partition, _held: partition in bounds)


def _reached(
    world: World, source: str, target: SitePorts, held: Held, bounds: Mapping[TopicPartition, LogBounds]
) -> Mapping[str, Mapping[TopicPartition, int]]:
    """How far at the target, under its names, each group has read, where the source tells and it can be proven."""
    try:
        own = world.sites[source].positions.committed(tuple(held))
        found = translate_committed(world, source, target.name, own, held)
    except DrctlError:
        return {}
    image = Images(world, source, target.name).of
    reached: dict[str, dict[TopicPartition, int]] = {}
    for group, translated in renamed(found, image).items():
        offsets = {partition: _offset(answer, bounds.get(partition)) for partition, answer in translated.items()}
        reached[group] = {partition: offset for partition, offset in offsets.items() if offset is not None}
    return reached


def _offset(answer: Translation, there: LogBounds | None) -> int | None:
    """How far that is at the target: all of it where the copy is not as far as the group; None if nobody can tell."""
    if isinstance(answer, Exact):
        return answer.offset
    return there.stable if there is not None and answer.waits_for_copy else None


def _never_committed(
    world: World, target: str, held: Held, reached: Mapping[str, Mapping[TopicPartition, int]]
) -> tuple[str, ...]:
    """Lines about partitions in which groups have no position there, nor would get one that the source tells."""
    known: dict[str, dict[TopicPartition, Committed]] = {}
    for group, positions in held.items():
        told = {partition: Committed(offset) for partition, offset in reached.get(group, {}).items()}
        known[group] = {**told, **positions}
    return tuple(told_at_target(uncommitted(world, target, known, closely=False), target))


def _rereads(
    positions: Mapping[TopicPartition, Committed],
    bounds: Mapping[TopicPartition, LogBounds],
    reached: Mapping[TopicPartition, int],
) -> int:
    """At most what lies between its positions and how far it has read, or the end where nobody tells how far."""
    ends = {p: reached.get(p, bounds[p].stable) for p in positions}
    return sum(max(0, ends[p] - max(c.offset, bounds[p].start)) for p, c in positions.items())


def _oldest(ages: Iterable[float | None]) -> float | None:
    known = list(ages)
    return None if None in known else max(each for each in known if each is not None)


def _behind(
    site: SitePorts,
    held: Held,
    bounds: Mapping[TopicPartition, LogBounds],
    now: datetime,
) -> Mapping[tuple[TopicPartition, int], Behind]:
    """Tell what lies behind each position, of so many as are looked at."""
    asked = sorted({(p, c.offset) for positions in held.values() for p, c in positions.items()})
    found = {(p, offset): NOTHING for p, offset in asked if offset >= bounds[p].stable}
    read = [each for each in asked if each not in found][:AGED]
    newest = _newest(site, {p: bounds[p].stable for p, _ in read})
    for partition, offset in read:
        first = site.records.following(partition, offset, 1)
        found[partition, offset] = _between(first[0].milliseconds, newest[partition], now) if first else NOTHING
    return found


def _between(first: int | None, newest: int | None, now: datetime) -> Behind:
    if first is None:
        return UNTOLD
    late = None if newest is None else max(0.0, (newest - first) / 1000)
    return Behind(max(0.0, now.timestamp() - first / 1000), late)


def _newest(site: SitePorts, ends: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int | None]:
    """When the newest record below each end was written, in milliseconds; None where none near it tells."""
    if not ends:
        return {}
    records = site.records.identities_all({p: (max(0, end - LOOKED_BACK), end) for p, end in ends.items()})
    newest = {partition: found[-1].milliseconds for partition, found in records.items() if found}
    return {partition: newest.get(partition) for partition in ends}
