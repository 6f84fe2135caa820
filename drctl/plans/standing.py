"""How a run stands, from the journal and the lease alone: no site is asked, so it is told with both of them down."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from drctl.errors import NotFound, Refused
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState
from drctl.plans.selection import (
    APPROVAL,
    CAPACITY,
    DRILL,
    DRILL_WORD,
    FAILOVER,
    GROUP_SYNC,
    LIVE_DRILL,
    MOVES,
    PAUSE,
    RESTART,
)
from drctl.plans.takeover import taken_over
from drctl.plans.unfinished import unfinished
from drctl.ports import World

APART = (GROUP_SYNC, APPROVAL, PAUSE, DRILL, LIVE_DRILL, DRILL_WORD, RESTART, CAPACITY)
"""Kinds that are no run of a plan. What drills hold is no lease, so that nobody can tell that they work."""


class RunStanding(StrEnum):
    """States as people see them.

    UNFINISHED is what a site's copy tells: whether another machine's drctl is at work on the run is not seen from here.
    """

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    PAUSED = "paused-by-failed-step"
    ROLLING_BACK = "rolling-back"
    DONE = "done"
    EXCEPTIONS = "completed-with-exceptions"
    ROLLED_BACK = "rolled-back"
    ABORTED = "aborted"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Told:
    """A run with how it stands. ``ended`` is None while it is unfinished; ``why`` is the last failure or cause.

    ``continued_by`` is the run that has taken it over, or None.
    """

    run: Run
    standing: RunStanding
    entries: tuple[JournalEntry, ...]
    why: str = ""
    continued_by: str | None = None

    @property
    def began(self) -> datetime | None:
        """When it was begun."""
        return self.entries[0].at if self.entries else None

    @property
    def ended(self) -> datetime | None:
        """When it ended."""
        return next((entry.at for entry in reversed(self.entries) if entry.event is Event.RUN_ENDED), None)

    @property
    def by(self) -> str:
        """Who began it, as far as that was said."""
        return str(self.entries[0].body.get("by", "")) if self.entries else ""

    @property
    def continues(self) -> tuple[str, ...]:
        """The runs that it has taken over, and goes on from, oldest first: only a failover does."""
        return taken_over(self.entries) if self.run.kind == FAILOVER else ()

    @property
    def step(self) -> str:
        """The step that it came to last."""
        steps = (entry.step for entry in reversed(self.entries) if entry.step and not _of_a_hook(entry))
        return next(steps, "")


def told_runs(world: World, *, everything: bool = False, copied: bool = False) -> tuple[Told, ...]:
    """Every run, newest first; with ``everything`` also notes of synced standbys, approvals, pauses and drills.

    ``copied`` says that the journal is a site's copy, of which the lease tells nothing.
    """
    holder = "" if copied else world.lease.holder()
    runs = [each for each in world.journal.runs() if everything or each[0].kind not in APART]
    found = [_told(world, run, state, holder) for run, state in reversed(runs)]
    by = {each: told.run.id for told in reversed(found) for each in told.continues}
    found = [replace(told, continued_by=by.get(told.run.id)) for told in found]
    return tuple(_as_copied(told) for told in found) if copied else tuple(found)


def told_run(world: World, identity: str, *, copied: bool = False) -> Told:
    """One run by its id or the beginning of it; of an empty one the newest. NotFound if there is none or several."""
    found = [t for t in told_runs(world, everything=bool(identity), copied=copied) if t.run.id.startswith(identity)]
    if not found or (identity and len(found) > 1 and all(t.run.id != identity for t in found)):
        what = f"{len(found)} runs begin with {identity}" if found else f"there is no run {identity}".rstrip()
        raise NotFound(what, remedy="see 'drctl runs list'")
    return next((t for t in found if t.run.id == identity), found[0])


def require_unfinished(world: World, identity: str) -> Run:
    """The run to resume or abort: the one that is named, or the only one; Refused if it is not unfinished."""
    run = told_run(world, identity).run if identity else None
    left = unfinished(world)
    if run is None and left:
        return left[-1]
    if run is None or run not in left:
        what = f"run {run.id} has ended" if run else "no run is unfinished"
        raise Refused(what, remedy="see 'drctl runs list'")
    return run


def being_left(world: World) -> str | None:
    """The site from which an unfinished move takes the work, None without one."""
    return next((run.source for run in reversed(unfinished(world)) if run.kind in MOVES), None)


def _as_copied(told: Told) -> Told:
    unfinished = (RunStanding.INTERRUPTED, RunStanding.PAUSED, RunStanding.ROLLING_BACK)
    return replace(told, standing=RunStanding.UNFINISHED) if told.standing in unfinished else told


def _told(world: World, run: Run, state: RunState, holder: str) -> Told:
    entries = world.journal.entries(run.id)
    ended: Evidence = next((e.body for e in reversed(entries) if e.event is Event.RUN_ENDED), {})
    back: Evidence = next((e.body for e in entries if e.event is Event.ROLLBACK_STARTED), {})
    failures = [e for e in entries if e.event is Event.STEP_FAILED]
    last: Evidence = failures[-1].body if failures else {}
    why = str(back.get("cause") or last.get("message") or "")
    if state is RunState.DONE:
        exceptions = ended.get("exceptions", ())
        return Told(run, RunStanding.EXCEPTIONS if exceptions else RunStanding.DONE, entries, "; ".join(exceptions))
    if state is RunState.ROLLED_BACK:
        return Told(run, RunStanding.ABORTED if "aborted by" in back else RunStanding.ROLLED_BACK, entries, why)
    if state is not RunState.RUNNING:
        return Told(run, RunStanding(ended.get("why", state.value)), entries, why)
    # By the lease, not by the journal: the journal of a run at work and that of one that was killed look
    # alike.
    if holder:
        return Told(run, RunStanding.RUNNING, entries, holder)
    if back:
        return Told(run, RunStanding.ROLLING_BACK, entries, why)
    paused = bool(last) and "interrupted" not in last and _is_last(entries, failures[-1])
    return Told(run, RunStanding.PAUSED if paused else RunStanding.INTERRUPTED, entries, why)


def _is_last(entries: tuple[JournalEntry, ...], failure: JournalEntry) -> bool:
    """Whether nothing but hooks was written after it."""
    return all(_of_a_hook(entry) for entry in entries if entry.sequence > failure.sequence)


def _of_a_hook(entry: JournalEntry) -> bool:
    return entry.event in (Event.HOOK_INTENDED, Event.HOOK_ENDED)
