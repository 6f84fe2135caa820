"""How a rollback has ended, in words: where it has led, what waits, and what is left to do."""

from collections.abc import Mapping

from drctl.errors import RollbackPending, StepFailed
from drctl.model.run import Evidence, Run, RunState
from drctl.plans.closed import LEFT_CLOSED, LEFT_FENCED, VOUCHED
from drctl.plans.pending import evidence_of
from drctl.plans.plan import Plan, Step, StepContext
from drctl.plans.remedies import places
from drctl.plans.selection import FAILBACK, FAILOVER, MOVES, SWITCHOVER
from drctl.plans.steps.unfence_source import TOOK_A_WRITE, UnfenceSource, is_open
from drctl.ports import World


def _on_whose_word(seen: Evidence, target: str) -> str:
    word = seen.get(VOUCHED)
    return f", on the word of {word['by']} that {target} takes no writes: {word['why']}" if word else ""


def gone_back(plan: Plan, ctx: StepContext) -> tuple[str, str]:
    """Tell in words where the rollback has led, and what is left to do; a source is open only if it took a write."""
    seen, source, target = ctx.evidence.get(UnfenceSource.name), ctx.source.name, ctx.target.name
    first = [f"{target} was not opened"] if plan.kind == FAILOVER else []
    if seen is None:
        return "; ".join(first) or "what it had changed was taken back", ""
    if seen.get(TOOK_A_WRITE):
        return "; ".join([*first, f"{source} is open again{_on_whose_word(seen, target)}"]), ""
    if denied := seen.get(LEFT_CLOSED):
        told = f"{source} stays closed for {', '.join(denied)}: by the journal these rules stood before the run"
        return "; ".join([*first, told]), f"drctl unfence {source} opens it, if no other site is open"
    if why := seen.get(LEFT_FENCED):
        told = f"the deny rules of this run stay at {source}: {why}"
        return "; ".join([*first, told]), f"drctl unfence {source} opens it once it answers, if no other site is open"
    return "; ".join(first), ""


def stuck(plan: Plan, ctx: StepContext, cause: str, place: str, failed: Mapping[Step, str]) -> StepFailed:
    """Return the error of a rollback in which these steps failed: RollbackPending if clients can work without them."""
    why = "; ".join(failed.values())
    told = f"on the rollback not everything succeeded: {why}"
    brief = f"{plan} failed at {place}; the rollback did not succeed at {places(failed.values())}"
    if not is_open(ctx.evidence) or not all(step.may_end_pending for step in failed):
        remedy = "remove the cause and run the same command again: it rolls back to its end"
        if plan.kind in (SWITCHOVER, FAILBACK) and any(step.name == UnfenceSource.name for step in failed):
            remedy += f"; where {plan.source} is lost, 'drctl failover --to {plan.target}' takes the run over"
        return StepFailed(f"{plan} failed at {cause}; {told}", remedy=remedy, brief=brief)
    where, _ = gone_back(plan, ctx)
    return RollbackPending(
        f"{plan} failed at {cause}; {where}; {told}",
        remedy=f"nothing for those who work at {ctx.source.name}; once {ctx.target.name} answers, 'drctl runs resume'"
        " goes on to the end ('drctl service run' does so by itself)",
        brief=f"{brief}; {where}",
    )


def waiting_rollback(world: World) -> Run | None:
    """Return the unfinished move whose rollback has opened its source again and waits for its target."""
    begun = (r for r, state in reversed(world.journal.runs()) if state is RunState.RUNNING and r.kind in MOVES)
    run = next(begun, None)
    return run if run is not None and is_open(evidence_of(world, run.id)) else None
