"""A run that is unfinished, told from the journal and the lease alone: how far it came, and both ways out of it."""

from dataclasses import dataclass
from datetime import datetime

from drctl.errors import DrctlError
from drctl.model.fence import FenceState
from drctl.model.run import Event, JournalEntry, Run
from drctl.plans.kinds import rebuilt
from drctl.plans.observing import Observe
from drctl.plans.rolled_back import waiting_rollback
from drctl.plans.selection import FAILBACK, FAILOVER, MOVES, SWITCHOVER
from drctl.plans.standing import RunStanding, told_run
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.steps.unfence_source import UnfenceSource
from drctl.plans.steps.unfence_target import UnfenceTarget
from drctl.plans.unfinished import unfinished
from drctl.ports import World

CLOSING = (FenceWrites.name, FenceWhatAnswers.name)
OPENING = (UnfenceTarget.name, UnfenceSource.name)
HAPPENED = (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)


@dataclass(frozen=True, slots=True)
class Interruption:
    """An unfinished run. ``number`` of ``total`` is the step that it came to, 0 where its plan cannot be made again.

    ``closed_since`` is when writing was first stopped at the source, None while it was not, or once a site was opened;
    ``may_abort`` says that the point of no return was not begun; ``fence`` is how surely a failover has closed its
    source, empty for other runs and before it was tried. ``waits``: the rollback has opened the source again, and the
    rest of it waits for the target. ``continues`` are the runs that it has taken over.
    """

    run: Run
    standing: RunStanding
    step: str
    number: int
    total: int
    closed_since: datetime | None
    may_abort: bool
    fence: str = ""
    waits: bool = False
    continues: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what an operator must know first, a line each: where it stands, what that means, and what to type."""
        run = self.run
        place = f" at step {self.number} of {self.total}, {self.step}" if self.number else ""
        told = [f"UNFINISHED RUN {run.id}: {run.kind} from {run.source} to {run.target}, {self.standing}{place}"]
        if self.continues:
            told.append(f"  it continues {', '.join(self.continues)}, which it has taken over")
        if self.closed_since is not None and self.fence not in ("", FenceState.PROVEN):
            told.append(f"  the fence of {run.source} is {self.fence}, not proven; {run.target} was not opened yet")
        elif self.closed_since is not None:
            since = f"{self.closed_since:%Y-%m-%d %H:%M:%S} UTC"
            told.append(f"  writing was stopped at {run.source} at {since}; no site was opened since: nobody can write")
        if self.waits:
            told.append(f"  {run.source} is open again; the rest of the rollback waits until {run.target} answers")
        if self.standing is RunStanding.RUNNING:
            return (*told, "  another drctl is at work on it: wait for it, or look at 'drctl runs show'")
        told.append(f"  go on:   drctl runs resume {run.id}")
        if self.may_abort:
            told.append(f"  give up: drctl runs abort {run.id} --reason '…'")
            if run.kind in (SWITCHOVER, FAILBACK):
                told.append(f"  if {run.source} is lost: drctl failover --to {run.target} takes it over")
        else:
            told.append(f"  give up: no longer possible, {run.target} may be open")
        return tuple(told)


def interruption(world: World, observe: Observe) -> Interruption | None:
    """Return the newest unfinished run, None if there is none. No site is asked."""
    left = unfinished(world)
    if not left:
        return None
    run = left[-1]
    told = told_run(world, run.id)
    names, boundary = _steps(world, run, observe)
    begun = [entry.step for entry in told.entries if entry.event is Event.STEP_INTENDED]
    number = names.index(told.step) + 1 if told.step in names else 1 if names and not told.step else 0
    step = told.step or (names[0] if names else "")
    # Other kinds close a site beside the one that serves.
    closed = _closed_since(told.entries) if run.kind in MOVES else None
    return Interruption(
        run,
        told.standing,
        step,
        number,
        len(names),
        closed,
        boundary not in begun,
        _fence(run, told.entries),
        waiting_rollback(world) == run,
        told.continues,
    )


def _fence(run: Run, entries: tuple[JournalEntry, ...]) -> str:
    """How surely a failover has closed its source: as it was seen last, *pending* where its end was not seen."""
    if run.kind != FAILOVER:
        return ""
    seen = [str(e.body.get("fence", "")) for e in entries if e.step == FenceWhatAnswers.name and e.event in HAPPENED]
    return next((each for each in reversed(seen) if each), FenceState.PENDING.value)


def _steps(world: World, run: Run, observe: Observe) -> tuple[tuple[str, ...], str]:
    """Names of the run's steps and its point of no return; no names where the plan file lacks its parts by now."""
    try:
        plan, _ = rebuilt(world, run, observe)
    except DrctlError:
        return (), UnfenceTarget.name
    return tuple(step.name for step in plan.steps), plan.point_of_no_return


def _closed_since(entries: tuple[JournalEntry, ...]) -> datetime | None:
    if any(entry.step in OPENING and entry.event in HAPPENED for entry in entries):
        return None
    # From the intent on: who died between that and the observation may have closed it.
    return next((e.at for e in entries if e.step in CLOSING and e.event is Event.STEP_INTENDED), None)
