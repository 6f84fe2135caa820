"""The failover that the service begins by itself: the same steps, with a claim at the arbiter and a sure fence."""

from collections.abc import Collection
from dataclasses import replace

from drctl.model.fence import FenceState
from drctl.model.loss import AcceptedLoss
from drctl.model.run import Event, Evidence, Run, RunState
from drctl.plans import failover
from drctl.plans.observing import Observe
from drctl.plans.plan import Plan
from drctl.plans.selection import FAILOVER, MOVES, chosen
from drctl.plans.steps.claim_at_arbiter import ClaimAtArbiter
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers
from drctl.plans.steps.raise_epoch import RaiseEpoch
from drctl.plans.steps.require_fence import RequireFence
from drctl.plans.unfinished import unfinished
from drctl.ports import World

AUTOMATIC = "automatic"
"""Key in what a failover says at its start: the fences that it trusts, if no person has begun it."""


def ordered(
    source: str, target: str, *, observe: Observe, accepted: AcceptedLoss, trusted: Collection[FenceState]
) -> Plan:
    """The failover from ``source`` to ``target`` without a person: begun or continued by the service alone.

    A person who continues it by ``drctl failover`` takes it over: on their word, without the arbiter.
    """
    plan = failover.ordered(source, target, observe=observe, accepted=accepted)
    gates, *rest = plan.steps
    fence = next(number for number, step in enumerate(rest, 1) if step.name == FenceWhatAnswers.name)
    steps = (gates, ClaimAtArbiter(), *rest[:fence], RequireFence(frozenset(trusted)), *rest[fence:])
    return replace(plan, steps=steps, about=plan.about | {AUTOMATIC: sorted(each.value for each in trusted)})


def trusted_by(said: Evidence) -> frozenset[FenceState] | None:
    """Return the fences that a failover trusts, from what it said at its start; None if a person began it."""
    return frozenset(map(FenceState, said[AUTOMATIC])) if AUTOMATIC in said else None


def begun(world: World) -> Run | None:
    """Return the newest unfinished run if it is a failover that the service began by itself."""
    left = unfinished(world)
    return left[-1] if left and AUTOMATIC in chosen(world, left[-1].id) else None


def seen_to(world: World) -> bool:
    """Whether a person has moved the work since the service last failed over, or tried to in earnest.

    An attempt that changed nothing, such as one that its gates or the arbiter refused, needs no person.
    """
    for run, state in reversed(world.journal.runs()):
        if run.kind not in MOVES:
            continue
        if run.kind == FAILOVER and AUTOMATIC in chosen(world, run.id):
            if _acted(world, run):
                return False
        elif state is RunState.DONE:
            return True
    return True


def _acted(world: World, run: Run) -> bool:
    told = (Event.STEP_INTENDED, Event.STEP_FOUND_DONE)
    return any(entry.step == RaiseEpoch.name and entry.event in told for entry in world.journal.entries(run.id))
