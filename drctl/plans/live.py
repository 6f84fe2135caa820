"""Live drills in the journal: where one stands, and what its moves are begun with.

A drill is a run of its own kind; its two moves are switchovers whose first entry names it. Where it stands follows from
the journal alone, so whoever goes on with it, on whichever machine, finds the same. The first line that applies counts:

=========================================================  ==========
the journal holds, behind the drill's first entry          phase
=========================================================  ==========
the drill's move home, done / unfinished                   HOME / RETURNING
a word to stay                                             PROMOTED
a move of somebody else's, or one that took ours over      OVERTAKEN
the drill's move there: unfinished / done                  LEAVING / STAYING
nothing of that, or a move there that has changed nothing  BEGUN
=========================================================  ==========

Invariant: a word to stay and a move home exclude each other. Both are begun under the lease, the word only while the
drill stays, the move only while there is no such word (``drctl/plans/live_admission.py``).
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from drctl.errors import ConfigInvalid, NotFound, Refused
from drctl.model.live import LiveDrillTerms
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState
from drctl.model.terms import OF_DRILL, Terms
from drctl.plans.selection import DRILL_WORD, LIVE_DRILL, MOVES
from drctl.ports import Journal, World

THERE, HOME = "there", "home"
"""The two ways of a drill's moves."""
ABOUT = "live drill"
"""Key of a plan's ``about``: what a person approves beside the switchover itself."""
STAYS, OBJECTIVE = "stays seconds", "recovery time objective seconds"
"""Keys of a drill's first entry."""
BY_TIME, BY_SIGNAL, BY_WORD, OVERTAKEN_THERE = "time", "signal", "word", "overtaken"
"""Why a stay ended."""
SILENT_AFTER = timedelta(seconds=90)
"""Without a sign for so long nobody watches any more: a look, or a try of the way home, is due within a minute, and a
slow site takes its time."""


class DrillWord(StrEnum):
    """A person's word on how a live drill ends."""

    STAY = "promote"
    GO_HOME = "go-home"


class LivePhase(StrEnum):
    """Where a live drill is, in the operator's words."""

    BEGUN = "begun"
    LEAVING = "moving there"
    STAYING = "staying"
    RETURNING = "moving home"
    HOME = "home"
    PROMOTED = "promoted"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """Hold what a person said about a drill, when and why."""

    word: DrillWord
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LiveMove:
    """One move of a drill, with its journal."""

    run: Run
    state: RunState
    entries: tuple[JournalEntry, ...]

    @property
    def ended(self) -> datetime | None:
        """When it ended; None while it has not."""
        return next((each.at for each in reversed(self.entries) if each.event is Event.RUN_ENDED), None)


@dataclass(frozen=True, slots=True)
class LiveState:
    """Where a drill stands. ``there`` and ``home`` are its newest move each way; ``word`` is the one that counts.

    ``ended`` is the entry that says why the stay ended, None before; ``looks`` are the looks during the stay.
    """

    run: Run
    entries: tuple[JournalEntry, ...]
    there: LiveMove | None
    home: LiveMove | None
    word: SpokenWord | None
    phase: LivePhase

    @property
    def said(self) -> Evidence:
        """Return what the drill said at its start."""
        return self.entries[0].body if self.entries else {}

    @property
    def since(self) -> datetime | None:
        """When the stay began; None before."""
        return self.there.ended if self.there is not None and self.there.state is RunState.DONE else None

    @property
    def until(self) -> datetime | None:
        """When the stay is over by itself; None before it has begun."""
        return None if self.since is None else self.since + timedelta(seconds=float(self.said[STAYS]))

    @property
    def looks(self) -> tuple[JournalEntry, ...]:
        """The looks at the stay, oldest first."""
        return tuple(each for each in self.entries if each.event is Event.STAY_WATCHED)

    @property
    def ended(self) -> JournalEntry | None:
        """The entry that says why the stay ended; None before."""
        return next((each for each in self.entries if each.event is Event.STAY_ENDED), None)


def begin_live_drill(world: World, source: str, target: str, terms: Terms) -> Run:
    """Write that a drill begins; returns it. ConfigInvalid where the plan file allows none, Refused if one stands."""
    allowed = require_allowed(world)
    if standing := standing_drill(world):
        raise Refused(
            f"live drill {standing.run.id} is not ended: it is {standing.phase}",
            remedy="'drctl drill --level live' continues it",
        )
    plan = world.plan
    identity = f"drill-{world.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    run = Run(identity, LIVE_DRILL, plan.name, plan.digest, source, target, world.epochs.current())
    told = {OBJECTIVE: plan.objectives.recovery_time.total_seconds()}
    world.journal.begin(run, terms_told(allowed) | told | terms.told())
    return run


def require_allowed(world: World) -> LiveDrillTerms:
    """Return the plan file's terms of live drills. ConfigInvalid where it has none, or no calendar."""
    allowed = world.plan.live_drills
    if allowed is None:
        raise ConfigInvalid(
            "the plan file allows no live drill: it moves the real work",
            remedy="set spec.drills.live.stay, see docs/plan-file.md",
        )
    if world.plan.guards.calendar is None:
        raise ConfigInvalid(
            "a live drill begins only in a window of guards.calendar, and the plan file has no calendar",
            remedy="set spec.guards.calendar",
        )
    return allowed


def end_live_drill(world: World, run: Run, *, good: bool, told: Evidence) -> None:
    """Write how it ended, JSON-ready."""
    world.journal.append(run.id, Event.RUN_ENDED, body=told)
    world.journal.end(run.id, RunState.DONE if good else RunState.STOPPED)


def terms_told(terms: LiveDrillTerms) -> Evidence:
    """Return the terms of the stay for the journal and for the plan's digest. Commands are named, never shown."""
    return {
        STAYS: terms.stay.total_seconds(),
        "arrives within seconds": terms.arrive_within.total_seconds(),
        "lag at most seconds": terms.lag_at_most.total_seconds(),
        "watches": [each.name for each in terms.watches],
    }


def standing_drill(world: World) -> LiveState | None:
    """Return the live drill that has not ended; None if there is none. No site is asked."""
    found = [run for run, state in world.journal.runs() if run.kind == LIVE_DRILL and state is RunState.RUNNING]
    return live_state(world.journal, found[-1]) if found else None


def live_drill(journal: Journal, identity: str) -> LiveState:
    """Return the drill of that id. NotFound if there is none."""
    for run, _ in journal.runs():
        if run.kind == LIVE_DRILL and run.id == identity:
            return live_state(journal, run)
    raise NotFound(f"there is no live drill {identity}", remedy="see 'drctl runs list --all'")


def live_state(journal: Journal, drill: Run) -> LiveState:
    """Return where this drill stands, from the journal alone; see the table above."""
    moves: dict[str, LiveMove] = {}
    strange = False
    for run, state in _behind(journal, drill):
        if run.kind not in MOVES:
            continue
        entries = journal.entries(run.id)
        own: Mapping[str, str] = entries[0].body.get(OF_DRILL, {}) if entries else {}
        if own.get("id") == drill.id:
            moves[own["way"]] = LiveMove(run, state, entries)
            strange = strange or state is RunState.SUPERSEDED
        else:
            # One that its gates refused has changed nothing.
            strange = strange or state is not RunState.STOPPED
    there, home, word = moves.get(THERE), moves.get(HOME), spoken(journal, drill)
    phase = _phase(there, home, word, strange=strange)
    entries = journal.entries(drill.id)
    left = any(each.event is Event.STAY_ENDED and each.body["why"] == OVERTAKEN_THERE for each in entries)
    if left and phase is LivePhase.STAYING:
        phase = LivePhase.OVERTAKEN
    return LiveState(drill, entries, there, home, word, phase)


def _phase(there: LiveMove | None, home: LiveMove | None, word: SpokenWord | None, *, strange: bool) -> LivePhase:
    if home is not None and home.state in (RunState.DONE, RunState.RUNNING):
        return LivePhase.HOME if home.state is RunState.DONE else LivePhase.RETURNING
    if word is not None and word.word is DrillWord.STAY:
        return LivePhase.PROMOTED
    if strange:
        return LivePhase.OVERTAKEN
    if there is not None and there.state in (RunState.DONE, RunState.RUNNING):
        return LivePhase.STAYING if there.state is RunState.DONE else LivePhase.LEAVING
    return LivePhase.BEGUN


def is_watched(state: LiveState, now: datetime) -> bool:
    """Whether a drctl has looked at the stay a short time ago, ended it, or tried the way home, or may be about to."""
    written = (*state.looks[-1:], state.ended)
    signs = [state.since, None if state.home is None else state.home.ended]
    signs += [entry.at for entry in written if entry is not None]
    last = max((at for at in signs if at is not None), default=None)
    return last is not None and now - last < SILENT_AFTER


def _behind(journal: Journal, drill: Run) -> Iterator[tuple[Run, RunState]]:
    """Runs that were begun after the drill, oldest first."""
    begun = False
    for run, state in journal.runs():
        if begun:
            yield run, state
        begun = begun or run.id == drill.id


def spoken(journal: Journal, drill: Run) -> SpokenWord | None:
    """Return the word that counts of those said about a drill: the one to stay, else the first; None if there is none.

    Behind a word to go home one to stay is taken only while the way home is not possible
    (:func:`drctl.plans.live_admission.say_word`).
    """
    first: SpokenWord | None = None
    for run, _ in _behind(journal, drill):
        if run.kind != DRILL_WORD:
            continue
        for entry in journal.entries(run.id)[:1]:
            said = entry.body
            if said["about"] != drill.id:
                continue
            found = SpokenWord(DrillWord(said["word"]), str(said.get("by", "")), str(said["reason"]), entry.at)
            if found.word is DrillWord.STAY:
                return found
            first = first or found
    return first
