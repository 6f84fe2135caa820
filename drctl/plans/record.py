"""A run in the journal: begun or found unfinished, and what it wrote down so far."""

import secrets
from dataclasses import dataclass, field

from drctl.errors import Refused
from drctl.model.run import Event, Evidence, Run, RunState
from drctl.plans.plan import Plan
from drctl.ports import World


@dataclass(slots=True)
class Record:
    """A run with what its journal holds.

    ``seen``: each step's latest evidence; ``remembered``: what each step wrote down with its first intent;
    ``crossed``: the point of no return was at least intended; ``turned_back``: why the way back was begun, or empty.
    """

    run: Run
    resumed: bool = False
    seen: dict[str, Evidence] = field(default_factory=dict)
    remembered: dict[str, Evidence] = field(default_factory=dict)
    crossed: bool = False
    turned_back: str = ""


def begin_or_resume(plan: Plan, world: World) -> Record:
    """Continue the unfinished run of this plan, or begin a new one; Refused if another one is unfinished."""
    unfinished = [run for run, state in world.journal.runs() if state is RunState.RUNNING]
    if not unfinished:
        return _begin(plan, world)
    run = unfinished[-1]
    if (run.kind, run.source, run.target) != (plan.kind, plan.source, plan.target):
        raise Refused(
            f"run {run.id}, a {run.kind} from {run.source} to {run.target}, is unfinished",
            remedy=f"finish it first: drctl {run.kind} --to {run.target}",
        )
    record = _read(plan, world, run)
    world.journal.append(run.id, Event.RUN_RESUMED, body={"plan_digest": world.plan.digest})
    return record


def _begin(plan: Plan, world: World) -> Record:
    run = Run(
        id=f"{world.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        kind=plan.kind,
        plan=world.plan.name,
        plan_digest=world.plan.digest,
        source=plan.source,
        target=plan.target,
        epoch=world.epochs.current() + 1,
    )
    world.journal.begin(run)
    world.journal.append(run.id, Event.RUN_STARTED, body={"epoch": run.epoch, "plan_digest": run.plan_digest})
    return Record(run)


def _read(plan: Plan, world: World, run: Run) -> Record:
    record = Record(run, resumed=True)
    for entry in world.journal.entries(run.id):
        if entry.step == plan.point_of_no_return and entry.event is not Event.STEP_FAILED:
            record.crossed = True
        if entry.event is Event.STEP_INTENDED:
            record.remembered.setdefault(entry.step, entry.body)
        elif entry.event in (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE):
            record.seen[entry.step] = entry.body
        elif entry.event is Event.COMPENSATION_STARTED:
            record.turned_back = str(entry.body["cause"])
    return record
