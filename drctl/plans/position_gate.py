"""Every position as it could be handed over now, asked before anybody is stopped."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from drctl.decide.rules import Blocker, Rule
from drctl.decide.rules_positions import Place, open_places, position_blockers
from drctl.errors import DrctlError
from drctl.model.facts import Facts
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.run import Event, RunState
from drctl.model.translation import Unproven
from drctl.plans.positions import Answers, translate_groups
from drctl.plans.proofs import Proofs
from drctl.plans.selection import MOVES
from drctl.ports import World
from drctl.ports.asking import first_records

AGAIN = 1.0
"""Seconds between two looks at what was refused."""
AGED = 10.0
"""Seconds after which what was observed before is observed again: to observe two sites takes some of them itself."""
PATIENCE = 6.0
"""Seconds within which it is asked again. Longer than consumers' default auto.commit.interval.ms of 5 s: a group that
reads has told a newer position by then. A log that was compacted or cut while it was read, a high watermark that a new
leader does not know yet and a sync on its way need less."""
SYNCS = 75.0
"""The same for an offset sync of a link that is not exactly-once: what MirrorMaker 2 held back it writes only with the
next offset commit, by default after Connect's offset.flush.interval.ms of 60 s."""


class JudgedPositions(NamedTuple):
    """The answers, or None and why there are none; every reason to wait that positions give; whether that took time."""

    answers: Answers | None
    unknown: str
    reasons: tuple[Blocker, ...]
    waited: bool = False


type Say = Callable[[str], None]
"""Shows what is waited for."""


def nowhere(_: str) -> None:
    """Show nothing."""


def judge_positions(
    world: World, facts: Facts, *, accept_repeats: bool, proofs: Proofs | None = None, say: Say = nowhere
) -> JudgedPositions:
    """Translate every position that would move, and name what no waiting makes better.

    Raises nothing that a port raises. Where a site, the topics or the offset syncs are unknown, nothing is asked: that
    is a reason of its own; so it is where clients are not sent to the source, unless a move this way has begun:
    positions in use would look like ones that are left over, to be deleted.
    """
    source, target = facts.source, facts.target
    if facts.client_routing.value != source.name and not _has_begun(world, source.name, target.name):
        return JudgedPositions(None, f"clients are not sent to {source.name}", ())
    needed = (source.cluster, target.cluster, source.topics, target.topics, facts.link.syncs)
    if missing := next((reading for reading in needed if not reading.known), None):
        return JudgedPositions(None, missing.unknown, ())
    began = world.clock.monotonic()
    ask = partial(translate_groups, world, source.name, target.name, world.plan.groups, proofs=proofs)
    try:
        answers, reasons = once_nothing_helps(
            world, source.name, target.name, ask, accept_repeats=accept_repeats, say=say
        )
    except DrctlError as error:
        why = str(error)
        remedy = error.remedy or "see 'drctl groups translate'"
        return JudgedPositions(None, why, (Blocker(Rule.POSITIONS_UNKNOWN, f"no position can be told: {why}", remedy),))
    return JudgedPositions(answers, "", reasons, waited=world.clock.monotonic() - began >= AGED)


def _has_begun(world: World, source: str, target: str) -> bool:
    """Whether an unfinished move between these sites has passed its gates: it is that which closed client routing."""
    going = (run for run, state in world.journal.runs() if state is RunState.RUNNING and run.kind in MOVES)
    between = [run for run in going if (run.source, run.target) == (source, target)]
    return any(entry.event is Event.STEP_OBSERVED for run in between for entry in world.journal.entries(run.id))


def once_nothing_helps(
    world: World,
    source: str,
    target: str,
    ask: Callable[[], Answers],
    *,
    accept_repeats: bool,
    say: Say = nowhere,
) -> tuple[Answers, tuple[Blocker, ...]]:
    """Return the newest answers, and what stands in the way after all the waiting that may help; usually nothing.

    Transient errors are asked past for as long; then, and at once if they are not transient, they are raised.
    """
    clock = world.clock
    began = clock.monotonic()
    movement = Movement(world, source, target)
    # Before the first question, which takes a second or more itself: what moves is then seen to by its answer, and no
    # other question is asked for want of a second look.
    movement.begin()
    while True:
        waited = clock.monotonic() - began
        try:
            answers = ask()
            firm = tuple(position_blockers(answers, accept_repeats=accept_repeats))
            still = movement.missing(open_places(answers, accept_repeats=accept_repeats))
            every = tuple(position_blockers(answers, accept_repeats=accept_repeats, still=still))
            if not every or (firm and waited >= PATIENCE) or (waited >= PATIENCE and waited >= movement.patience()):
                return answers, firm or every
            say(f"asking again what waiting may make provable: {every[0].detail}")
        except DrctlError as error:
            if not error.transient or clock.monotonic() - began >= PATIENCE:  # the question itself may have waited
                raise
            say(f"asking again: {error}")
        clock.sleep(AGAIN)


def once_settled(
    world: World, source: str, target: str, ask: Callable[[], Answers], *, accept_repeats: bool
) -> Answers:
    """Return the newest answers, once none of them waits for an offset sync or a sync would have come by now.

    Never waits longer than the step timeout.
    """
    clock, began = world.clock, world.clock.monotonic()
    answers, patience = ask(), world.plan.guards.step_timeout.total_seconds()
    if _waits_for_sync(answers, accept_repeats=accept_repeats):
        patience = min(patience, Movement(world, source, target).patience())
    while _waits_for_sync(answers, accept_repeats=accept_repeats) and clock.monotonic() - began < patience:
        clock.sleep(AGAIN)
        answers = ask()
    return answers


def _waits_for_sync(answers: Answers, *, accept_repeats: bool) -> bool:
    return any(each.unsettled for each in open_places(answers, accept_repeats=accept_repeats).values())


class Movement:
    """Whether what positions are judged by still changes: where it does not, it stays as it is behind the fence."""

    def __init__(self, world: World, source: str, target: str) -> None:
        self._source, self._link = world.sites[source], world.links[source, target]
        self._topics = world.plan.topics_at(source)
        self._ends: dict[TopicPartition, int] = {}
        self._first: dict[Place, int] = {}

    def begin(self) -> None:
        """Look for the first time. Raises nothing that a port raises: who cannot look has seen nothing move."""
        with suppress(DrctlError):
            topics = self._source.brokers.topics(self._topics)
            bounds = self._source.records.bounds([p for name in sorted(topics) for p in topics[name].spread()])
            self._ends = {p: each.high for p, each in bounds.items()}

    def missing(self, places: Mapping[Place, Unproven]) -> frozenset[Place]:
        """Return those of the places where nothing has moved since the first look, and nothing will.

        Records, copies and syncs will come where a record is not copied yet or a transaction is open; the group will
        read on where members have still to read. Between two syncs only that makes the position another one.
        """
        if not places:
            return frozenset()
        bounds = self._source.records.bounds(sorted({p for _, p in places}))
        alive = {p for p, each in bounds.items() if self._ends.setdefault(p, each.high) != each.high}
        alive |= {p for p, each in bounds.items() if each.stable < each.high}
        alive |= self._uncopied({p: each for p, each in bounds.items() if p not in alive})
        described = self._source.positions.describe({group for group, _ in places})
        return frozenset(
            (group, partition)
            for (group, partition), refused in places.items()
            if not (refused.unsettled and partition in alive)
            and not self._reads((group, partition), refused.position, members=bool(described[group].members))
        )

    def patience(self) -> float:
        """Seconds in which a sync that is not written yet would be."""
        return PATIENCE if self._link.replication.status().exactly_once else SYNCS

    def _uncopied(self, bounds: Mapping[TopicPartition, LogBounds]) -> set[TopicPartition]:
        if not bounds:  # the worker takes up to a second for its answer
            return set()
        frontier = self._link.replication.frontier()
        begins = {p: max(frontier.get(p, 0), each.start) for p, each in bounds.items()}
        return set(first_records(self._source.records, {p: (begin, bounds[p].stable) for p, begin in begins.items()}))

    def _reads(self, place: Place, position: int, *, members: bool) -> bool:
        moved = self._first.setdefault(place, position) != position
        return moved or (members and bool(self._source.records.following(place[1], position, 1)))
