"""From a run in the journal back to its plan: whatever its kind, it is continued from the journal alone.

A new kind of run adds its line to :data:`KINDS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from drctl.errors import Unsupported
from drctl.model.fence import Attestation
from drctl.model.loss import AcceptedLoss
from drctl.model.run import Evidence, Run
from drctl.model.salvage import Decision
from drctl.plans import (
    automatic_failover,
    decision,
    failback,
    failover,
    fence,
    handover,
    reversal,
    salvage,
    switchover,
    undo,
    unfence,
)
from drctl.plans.aftermath import aftermath, last_salvage
from drctl.plans.live import ABOUT
from drctl.plans.observing import Observe
from drctl.plans.plan import Plan
from drctl.plans.selection import (
    DECISION,
    FAILBACK,
    FAILOVER,
    FENCE,
    HANDOVER,
    REVERSAL,
    SALVAGE,
    SWITCHOVER,
    UNDO,
    UNFENCE,
    chosen,
    moving,
    narrowed,
)
from drctl.plans.sink_groups import told_or_noted
from drctl.plans.steps.compare_returned_site import ACCEPTED
from drctl.ports import World

type Rebuild = Callable[[World, Run, Evidence, Observe], tuple[Plan, World]]
"""Given what the run said at its start, the plan that is continued and the world it moves in."""


def rebuilt(world: World, run: Run, observe: Observe) -> tuple[Plan, World]:
    """The plan of an unfinished run. Unsupported for a kind that this drctl does not know."""
    if run.kind not in KINDS:
        raise Unsupported(
            f"run {run.id} is a {run.kind}, which this drctl does not know", remedy="continue it with the newer one"
        )
    return KINDS[run.kind](world, run, chosen(world, run.id), observe)


def _switchover(world: World, run: Run, said: Evidence, observe: Observe) -> tuple[Plan, World]:
    smaller = moving(world, run.target)
    repeats = _accepts_repeats(said)
    plan = switchover.plan(smaller, run.source, run.target, observe=observe, accept_repeats=repeats)
    # What a live drill was approved with is part of the plan's digest, and so of the run that goes on.
    return replace(plan, about={ABOUT: said[ABOUT]} if ABOUT in said else {}), smaller


def _handover(world: World, run: Run, said: Evidence, observe: Observe) -> tuple[Plan, World]:
    smaller = narrowed(world, groups=said["groups"], topics=said["topics"])
    repeats = _accepts_repeats(said)
    return handover.ordered(run.source, run.target, observe=observe, accept_repeats=repeats), smaller


def _undo(world: World, run: Run, said: Evidence, observe: Observe) -> tuple[Plan, World]:  # noqa: ARG001 - one shape
    kept = undo.kept_for(world, said["undoes"], run.target, said["groups"])
    smaller = narrowed(told_or_noted(world), groups=said["groups"])
    return undo.ordered(run.source, run.target, kept, said["undoes"]), smaller


def _accepts_repeats(said: Evidence) -> bool:
    return bool(said.get("options", {}).get("accept repeats"))


def _failover(world: World, run: Run, said: Evidence, observe: Observe) -> tuple[Plan, World]:
    accepted, attestation = accepted_loss(said), attestation_of(said)
    smaller = moving(world, run.target)
    if (trusted := automatic_failover.trusted_by(said)) is not None:
        own = automatic_failover.ordered(run.source, run.target, observe=observe, accepted=accepted, trusted=trusted)
        return own, smaller
    plan = failover.plan(smaller, run.source, run.target, observe=observe, accepted=accepted, attestation=attestation)
    return plan, smaller


def attestation_of(said: Evidence) -> Attestation | None:
    """Return the word that a failover was begun on, from what it said at its start; None if there was none."""
    attested = said.get("attested")
    return Attestation(attested["by"], attested["why"]) if attested else None


def accepted_loss(said: Evidence) -> AcceptedLoss:
    """Return the loss that a run was begun with, from what it said at its start."""
    told = str(said.get("accepted loss", ""))
    return AcceptedLoss(int(told.split(maxsplit=1)[0])) if told[:1].isdigit() else AcceptedLoss(unknown=bool(told))


def failback_again(world: World, run: Run, said: Evidence, observe: Observe, *, accept_repeats: bool) -> Plan:
    """An unfinished failback as it was begun: what it recreates does not change any more."""
    return failback.plan(
        world,
        run.source,
        run.target,
        observe=observe,
        accept_repeats=accept_repeats,
        recreate=said.get("recreate", ()),
        accepted=accepted_loss(said),
    )


def _failback(world: World, run: Run, said: Evidence, observe: Observe) -> tuple[Plan, World]:
    smaller = moving(world, run.target)
    return failback_again(smaller, run, said, observe, accept_repeats=_accepts_repeats(said)), smaller


def _fence(world: World, run: Run, said: Evidence, observe: Observe) -> tuple[Plan, World]:  # noqa: ARG001 - one shape
    return fence.ordered(run.source, run.target, said.get("failover", "")), world


def _reversal(world: World, run: Run, said: Evidence, observe: Observe) -> tuple[Plan, World]:  # noqa: ARG001 - one shape
    return reversal.ordered(run.source, run.target, said.get("move", "")), world


def _unfence(world: World, run: Run, said: Evidence, observe: Observe) -> tuple[Plan, World]:  # noqa: ARG001 - one shape
    return unfence.ordered(run.source, run.target), world


def _salvage(world: World, run: Run, said: Evidence, observe: Observe) -> tuple[Plan, World]:  # noqa: ARG001 - one shape
    told = said.get(ACCEPTED)
    less = Attestation(told["by"], told["why"]) if told else None
    return salvage.ordered(run.source, run.target, said.get("failover", ""), less), world


def _decision(world: World, run: Run, said: Evidence, observe: Observe) -> tuple[Plan, World]:  # noqa: ARG001 - one shape
    failover = aftermath(world)
    wanted, records = Decision(said["decision"]), said["records"]
    made = decision.made(
        failover,
        last_salvage(world, failover),
        said["topic"],
        wanted,
        by=said["by"],
        reason=said["reason"],
        records=records if wanted is Decision.DISCARD else None,
    )
    return made, world


KINDS: Mapping[str, Rebuild] = {
    SWITCHOVER: _switchover,
    HANDOVER: _handover,
    UNDO: _undo,
    FAILOVER: _failover,
    FAILBACK: _failback,
    FENCE: _fence,
    REVERSAL: _reversal,
    UNFENCE: _unfence,
    SALVAGE: _salvage,
    DECISION: _decision,
}
