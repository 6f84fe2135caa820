"""A command given twice under the same key is one run: the second one is told how the first has ended."""

from drctl.errors import Refused, RolledBack
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunResult, RunState, StepTiming
from drctl.plans.plan import Plan
from drctl.plans.selection import chosen
from drctl.ports import World


def told_before(plan: Plan, world: World, key: str) -> RunResult | None:
    """The result of the ended run of that key; None if there is none, or it is unfinished and so goes on.

    Refused if the key belongs to another command, or to a run that its gates refused; RolledBack if to one that was
    rolled back.
    """
    if not key:
        return None
    for run, state in reversed(world.journal.runs()):
        if chosen(world, run.id).get("key") != key:
            continue
        if (run.kind, run.source, run.target) != (plan.kind, plan.source, plan.target):
            raise Refused(
                f"the key {key} belongs to run {run.id}, a {run.kind} from {run.source} to {run.target}",
                remedy="a new command takes a new key",
            )
        if state is RunState.ROLLED_BACK:
            raise RolledBack(f"run {run.id} of the key {key} was rolled back", remedy="to try again, take a new key")
        if state is RunState.STOPPED:
            raise Refused(f"run {run.id} of the key {key} was refused", remedy="to try again, take a new key")
        return None if state is RunState.RUNNING else result(run, state, world.journal.entries(run.id))
    return None


def result(run: Run, state: RunState, entries: tuple[JournalEntry, ...]) -> RunResult:
    """How a run ended, from its journal alone.

    A step's seconds begin with its first intent, so those of a run that was cut off count all attempts and the time
    between them.
    """
    seen: dict[str, Evidence] = {}
    timings: dict[str, StepTiming] = {}
    began: dict[str, JournalEntry] = {}
    exceptions: tuple[str, ...] = ()
    for entry in entries:
        if entry.event is Event.STEP_INTENDED:
            began.setdefault(entry.step, entry)
        elif entry.event in (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE):
            found_done = entry.event is Event.STEP_FOUND_DONE
            since = began.get(entry.step, entry)
            seen[entry.step] = entry.body
            seconds = max(0.0, (entry.at - since.at).total_seconds())
            # The first observation counts: a later one, found done on the way back, took no time that
            # clients felt.
            timings.setdefault(entry.step, StepTiming(entry.step, seconds, found_done))
        elif entry.event is Event.RUN_ENDED:
            exceptions = tuple(entry.body.get("exceptions", ()))
    return RunResult(run, state, tuple(timings.values()), seen, exceptions)
