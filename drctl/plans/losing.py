"""Measuring what a failover would lose: the source is asked if it answers, else it is judged by its last sighting."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from drctl.decide.loss import counted, sighted
from drctl.errors import NotFound, Unauthenticated, Unreachable
from drctl.model.cluster import Topic
from drctl.model.loss import EndsFrom, Loss
from drctl.model.offsets import LogBounds, RecordId, TopicPartition
from drctl.model.run import Event, Evidence, JournalEntry
from drctl.plans.images import Images
from drctl.plans.selection import FAILBACK, SWITCHOVER
from drctl.plans.step_evidence import HandoverPoint, MeasuredLoss
from drctl.plans.steps.record_handover_point import RecordHandoverPoint
from drctl.ports import SitePorts, World

type Offsets = Mapping[TopicPartition, int]

COUNTED_UP_TO = 10_000
"""Offsets per partition up to which records are counted one by one."""
LOOKED_BACK = 50
"""Offsets before the target's end in which the newest record is looked for: transaction markers lie there, too."""


def answers(site: SitePorts) -> bool:
    """Whether the site's brokers answer at all; one that rejects us or denies us something is alive."""
    try:
        site.brokers.cluster()
    except Unauthenticated:
        return True
    except Unreachable:
        return False
    return True


def measure(world: World, source: str, target: str, *, ask: bool = True) -> Loss:
    """Measure what is at ``source`` and not at ``target``; only what the target must know is waited for.

    Unreachable where the link's worker at the target does not tell the frontier.
    """
    frontier = _still_there(world, source, target, _frontier(world, source, target))
    if ask:
        try:
            return _asked(world, source, frontier)
        except Unreachable:
            pass
    loss = sighted(frontier, world.sightings.last(source), world.clock.now())
    return replace(loss, seconds=_ages(world, source, target, loss))


def made_anew(world: World, site: str, topics: Mapping[str, Topic]) -> frozenset[str]:
    """Which of these topics of a site are others than were first seen there."""
    known = world.memory.topic_ids(site)
    return frozenset(name for name, topic in topics.items() if known.get(name, topic.topic_id) != topic.topic_id)


def frozen(world: World, source: str, target: str, ends: Offsets, drained: Offsets | None) -> Loss:
    """The same where the source's ends are known for certain, because it was fenced and proven to stand still.

    ``drained`` is the frontier at which no data record was left, None if it was never reached; beyond it are markers.
    """
    frontier = _possible(_frontier(world, source, target), ends)
    wanted = ends if drained is None else drained
    behind = {p for p, end in wanted.items() if frontier.get(p, 0) < end}
    # Offsets, for nobody can ask the source any more: markers count as records. Too many rather than too
    # few.
    records = {p: max(0, end - frontier.get(p, 0)) if p in behind else 0 for p, end in ends.items()}
    exact = not any(records.values())
    return counted(frontier, ends, records, dict.fromkeys({p.topic for p in ends}), world.clock.now(), exact=exact)


def told(loss: Loss) -> Evidence:
    """The loss as evidence."""
    return {
        **MeasuredLoss(loss.frontier, loss.ends).to_json(),
        "seen at": loss.seen_at.isoformat() if loss.seen_at else None,
        "source": loss.ends_from.value,
        "records": dict(loss.records),
        "unseen": loss.unseen,
        "seconds": dict(loss.seconds),
        "total": loss.total,
        "exact": loss.exact,
    }


def _frontier(world: World, source: str, target: str) -> Offsets:
    """Return what the link has copied; what lay at the source when the work came there is at the target already."""
    try:
        found = world.links[source, target].replication.frontier()
    except NotFound:  # the connector does not exist: nothing was ever copied by it
        found = {}
    # Records that came from the target are there already, though this link has never copied them: without
    # this a site that had just taken the work over would count its whole log as lost.
    came = _came_with(world, source, target)
    both = {p: max(offset, came.get(p, 0)) for p, offset in {**came, **found}.items()}
    return {p: offset for p, offset in both.items() if p.topic in world.plan.topics}


def _still_there(world: World, source: str, target: str, frontier: Offsets) -> Offsets:
    """The frontier without topics whose copies were recreated: what had been copied of these is gone."""
    images = Images(world, source, target)
    try:
        there = images.topics({p.topic for p in frontier})
    except Unreachable:  # who goes on there is told so by whatever needs more than this
        return frontier
    gone = made_anew(world, target, {topic.name: topic for topic in there.values()})
    return {p: offset for p, offset in frontier.items() if images.of(p).topic not in gone}


def _possible(frontier: Offsets, ends: Offsets) -> Offsets:
    """The frontier without what lies beyond the source's end: such a claim proves nothing, so nothing counts as copied.

    Its topic was recreated, or somebody has set the offset.
    """
    return {p: offset for p, offset in frontier.items() if offset <= ends.get(p, offset)}


def _came_with(world: World, source: str, target: str) -> Offsets:
    """Where the source's logs ended when the last move from the target to it opened it; empty if there was none."""
    for run, _ in reversed(world.journal.runs()):
        if run.kind in (SWITCHOVER, FAILBACK) and (run.source, run.target) == (target, source):
            points = [e.body for e in world.journal.entries(run.id) if _recorded(e)]
            return HandoverPoint.from_json(points[-1]).ends if points else {}
    return {}


def _recorded(entry: JournalEntry) -> bool:
    observed = entry.event in (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)
    return observed and entry.step == RecordHandoverPoint.name


def _asked(world: World, source: str, frontier: Mapping[TopicPartition, int]) -> Loss:
    site = world.sites[source]
    topics = site.brokers.topics(world.plan.topics)
    bounds = site.records.bounds([p for name in sorted(topics) for p in topics[name].spread()])
    anew = made_anew(world, source, topics)
    frontier = {p: offset for p, offset in frontier.items() if p.topic not in anew}
    frontier = _possible(frontier, {p: b.high for p, b in bounds.items()})
    begins = {p: max(frontier.get(p, 0), b.start) for p, b in bounds.items()}
    records = {p: _count(site, p, begins[p], b) for p, b in bounds.items()}
    now, seconds = world.clock.now(), dict[str, float | None]()
    for name in topics:
        first = [r.milliseconds for p in bounds if p.topic == name and records[p] for r in _first(site, p, begins[p])]
        seconds[name] = _since(first, now.timestamp(), any(records[p] for p in bounds if p.topic == name))
    exact = all(b.stable == b.high and b.stable - begins[p] <= COUNTED_UP_TO for p, b in bounds.items())
    exact = exact and not anew  # it may have been copied since
    return counted(frontier, {p: b.stable for p, b in bounds.items()}, records, seconds, now, exact=exact)


def _count(site: SitePorts, partition: TopicPartition, begin: int, bounds: LogBounds) -> int:
    """Data records from ``begin`` on; what lies behind an open transaction may be acknowledged, and counts."""
    # Behind an open transaction lie records of other producers, which were acknowledged. How many of these
    # are aborted ones nobody knows, so all count.
    undecided = bounds.high - max(bounds.stable, begin)
    if begin >= bounds.stable:
        return max(0, undecided)
    if bounds.stable - begin > COUNTED_UP_TO:
        return bounds.high - begin
    return len(site.records.identities(partition, begin, bounds.stable)) + undecided


def _first(site: SitePorts, partition: TopicPartition, begin: int) -> Iterable[RecordId]:
    return site.records.following(partition, begin, 1)


def _ages(world: World, source: str, target: str, loss: Loss) -> Mapping[str, float | None]:
    """Per topic: from the newest record that reached the target until the source fell silent."""
    sighting = world.sightings.last(source)
    if loss.ends_from is not EndsFrom.SIGHTING or sighting is None:
        return {}
    # Until it fell silent, not until now: what has passed since is the outage, and nothing was written in it.
    until = (sighting.silent_since or world.clock.now()).timestamp()
    site, ages = world.sites[target], dict[str, float | None]()
    images = Images(world, source, target)
    topics = images.topics({p.topic for p in loss.ends})
    for name in sorted({p.topic for p in loss.ends}):
        behind = [p for p, end in loss.ends.items() if p.topic == name and end > loss.frontier.get(p, 0)]
        present = [p for p in behind if name in topics and p.partition < len(topics[name].partitions)]
        newest = [r.milliseconds for p in present for r in _last(site, images.of(p))]
        ages[name] = _since(newest, until, bool(behind))
    return ages


def _last(site: SitePorts, partition: TopicPartition) -> Iterable[RecordId]:
    end = site.records.bounds([partition])[partition].stable
    return site.records.identities(partition, max(0, end - LOOKED_BACK), end)[-1:]


def _since(milliseconds: Iterable[int | None], until: float, behind: bool) -> float | None:
    known = [each for each in milliseconds if each is not None]
    if not behind:
        return 0.0
    # From the earliest of them; a producer with a clock of its own makes it wrong by as much as that clock
    # is.
    return max(0.0, until - min(known) / 1000) if known else None
