"""A run in the journal: begun or found unfinished, and what it wrote down so far."""

import secrets
from dataclasses import dataclass, field

from drctl.errors import Refused
from drctl.model.run import Event, Evidence, Run, RunState
from drctl.plans.plan import Plan
from drctl.plans.selection import SWITCHOVER, WARM, chosen, contents
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
    left = unfinished(world)
    if not left:
        return _begin(plan, world)
    run = left[-1]
    same = (run.kind, run.source, run.target) == (plan.kind, plan.source, plan.target)
    if not same or (plan.kind != SWITCHOVER and _another_choice(plan, world, run)):
        raise Refused(
            f"run {run.id}, a {run.kind} from {run.source} to {run.target}, is unfinished",
            remedy=f"finish it first: {_command(world, run)}",
        )
    record = _read(plan, world, run)
    world.journal.append(run.id, Event.RUN_RESUMED, body={"plan_digest": world.plan.digest})
    return record


def unfinished(world: World) -> tuple[Run, ...]:
    """Runs at work or cut off, oldest first; what keeps positions warm only notes what was there, and never ends."""
    return tuple(run for run, state in world.journal.runs() if state is RunState.RUNNING and run.kind != WARM)


def _another_choice(plan: Plan, world: World, run: Run) -> bool:
    wanted = contents(world.plan) | plan.about
    began = chosen(world, run.id)
    return any(began.get(key, value) != value for key, value in wanted.items())


def _command(world: World, run: Run) -> str:
    if run.kind == SWITCHOVER:
        return f"drctl switchover --to {run.target}"
    groups = " ".join(f"--group {group}" for group in chosen(world, run.id).get("groups", ()))
    return f"drctl groups {run.kind} --to {run.target} {groups}".rstrip()


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
    started = {"epoch": run.epoch, "plan_digest": run.plan_digest} | contents(world.plan) | plan.about
    world.journal.append(run.id, Event.RUN_STARTED, body=started)
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
