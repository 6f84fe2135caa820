"""Whether a plan goes on with the run that is unfinished, and whether that run can still be continued."""

from drctl.errors import Refused, Unsupported
from drctl.model.run import Event, Evidence, JournalEntry, Run
from drctl.plans.authority import require_nobody_at_work
from drctl.plans.closed import way_out
from drctl.plans.plan import Plan
from drctl.plans.selection import FAILOVER, HANDOVER, MOVE_GROUPS, MOVES, UNFENCE, chosen, contents, moves_digest
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.unfinished import unfinished
from drctl.ports import World

FORMER_STEPS = frozenset(
    (
        "settle-transactions", "close-consumers", "open-target", "reopen-source", "point-clients-over",
        "point-clients-back", "turn-link-around", "confirm-source",
    )
)  # fmt: skip
"""Names that 0.1.0 gave to steps. A step's name is never given to another one."""


def under_way(plan: Plan, world: World) -> Run | None:
    """Return the unfinished run that this plan goes on with; None if it would begin a new one.

    Refused if another run is unfinished, except for a failover, which takes over what it finds; to a site that is open
    since an unfinished move has not closed it yet there is none. Locked if another process is at work.
    """
    left = unfinished(world)
    _require_own(world, left)
    if not left:
        return None
    require_nobody_at_work(world)
    run = left[-1]
    same = (run.kind, run.source, run.target) == (plan.kind, plan.source, plan.target)
    if not same and plan.kind == FAILOVER:
        _require_left(plan, world, run)
        return None
    if not same or (plan.kind not in MOVES and _another_choice(plan, world, run)):
        raise Refused(
            f"run {run.id}, a {run.kind} from {run.source} to {run.target}, is unfinished",
            remedy=f"finish it first: 'drctl runs resume {run.id}'{_way_out(plan, run)}",
        )
    return run


def _way_out(plan: Plan, run: Run) -> str:
    """How a site is opened that an unfinished move has closed, also where that move's target is lost."""
    if plan.kind != UNFENCE or run.kind not in MOVES or plan.source != run.source:
        return ""
    return (
        f"; or give it up, which opens {run.source}: 'drctl runs abort {run.id} --reason …'; where {run.target} does"
        f" not answer and is down for certain: {way_out(run)}"
    )


def _require_left(plan: Plan, world: World, run: Run) -> None:
    """A failover to where clients are at work would only hide the run that was to take them away from there."""
    back = run.kind in (*MOVES, HANDOVER) and (run.source, run.target) == (plan.target, plan.source)
    if not back or world.client_routing.site() != plan.target:
        return
    begun = {entry.step for entry in world.journal.entries(run.id) if entry.event is Event.STEP_INTENDED}
    if begun.isdisjoint((FenceWrites.name, FenceWhatAnswers.name)):
        raise Refused(
            f"clients are at work at {plan.target}: run {run.id}, a {run.kind} from {run.source} to {run.target}, is"
            " unfinished and has closed nothing",
            remedy=f"'drctl runs abort {run.id} --reason …' leaves them there, 'drctl runs resume {run.id}' goes on",
        )


def _require_own(world: World, left: tuple[Run, ...]) -> None:
    for run in left:
        if run.plan != world.plan.name:
            raise Refused(
                f"run {run.id}, a {run.kind} from {run.source} to {run.target}, is unfinished and belongs to the plan "
                f"file {run.plan}, not to {world.plan.name}",
                remedy=f"finish it with its own plan file, and give {world.plan.name} a state file of its own",
            )


def require_continuable(world: World, run: Run) -> None:
    """Refused if the plan file was edited since the run was begun, Unsupported if another version has begun it."""
    _require_unedited(world, run)
    _require_known(run, world.journal.entries(run.id))


def _require_unedited(world: World, run: Run) -> None:
    """A run ends with what it was begun with: a group that was added since has no position, nor a fence its writers."""
    began, moves = chosen(world, run.id), moves_digest(world.plan)
    if began.get("moves", moves) == moves:
        return
    now = contents(world.plan)
    differ = {name for what in ("groups", "topics") for name in set(began[what]) ^ set(now[what])}
    told = f" (differing: {', '.join(sorted(differ))})" if differ else ""
    raise Refused(
        f"the plan file was edited since run {run.id} was begun: it moves something else, or elsewhere{told}",
        remedy=f"put back what it had, its digest was {run.plan_digest[:12]}…, and finish the run; then edit it",
    )


def _another_choice(plan: Plan, world: World, run: Run) -> bool:
    # What a person chose on the command line is part of the run: the same words with another topic are
    # another run.
    wanted: Evidence = {"moves": moves_digest(world.plan)} | plan.about
    if plan.kind in MOVE_GROUPS:
        wanted = contents(world.plan) | plan.about
    began = chosen(world, run.id)
    return any(began.get(key, value) != value for key, value in wanted.items())


def _require_known(run: Run, entries: tuple[JournalEntry, ...]) -> None:
    """Refuse a run with steps that are called otherwise here: they would count as not done, and as not crossed."""
    if former := next((entry.step for entry in entries if entry.step in FORMER_STEPS), None):
        raise Unsupported(
            f"run {run.id} was begun by another version of drctl: this one does not know its step {former}",
            remedy="continue or abort it with the version that began it; see CHANGELOG.md",
        )
