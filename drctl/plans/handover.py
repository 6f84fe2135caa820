"""Handover: groups go on at the other site while everything else stays, for migrations and single workloads."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from drctl.decide.readiness import Blocker, GateCategory, Rule, blockers
from drctl.model.facts import Facts
from drctl.model.fence import CanaryResult
from drctl.model.guards import Guards
from drctl.model.reading import Reading
from drctl.plans.observing import Observe
from drctl.plans.plan import Plan
from drctl.plans.selection import HANDOVER
from drctl.plans.steps.check_gates import CheckGates
from drctl.plans.steps.check_source_unmoved import CheckSourceUnmoved
from drctl.plans.steps.hand_over_positions import HandOverPositions
from drctl.plans.steps.place_sinks import PlaceSinks
from drctl.plans.steps.prove_ahead import ProveAhead
from drctl.plans.steps.raise_epoch import RaiseEpoch
from drctl.plans.steps.restore_positions import RestorePositions
from drctl.plans.steps.resume_sinks import ResumeSinks
from drctl.plans.steps.scale_back_source import ScaleBackSource
from drctl.plans.steps.scale_down_source import ScaleDownSource
from drctl.plans.steps.scale_up_target import ScaleUpTarget
from drctl.plans.steps.start_sinks import StartSinks
from drctl.plans.steps.stop_sinks import StopSinks
from drctl.plans.steps.wait_until_copied import WaitUntilCopied
from drctl.plans.steps.wait_until_empty import WaitUntilEmpty
from drctl.plans.steps.watch_first_commits import WatchFirstCommits


def ordered(source: str, target: str, *, observe: Observe, accept_repeats: bool = False) -> Plan:
    """The handover of the plan's groups from ``source`` to ``target``; narrow the world's plan to choose some."""
    return Plan(
        kind=HANDOVER,
        source=source,
        target=target,
        steps=(
            CheckGates(observe, handover_blockers, accept_repeats=accept_repeats),
            RaiseEpoch(),
            PlaceSinks(),
            ProveAhead(accept_repeats),
            StopSinks(),
            ScaleDownSource(),
            WaitUntilEmpty(),
            WaitUntilCopied(),
            HandOverPositions(accept_repeats),
            CheckSourceUnmoved(),
            StartSinks(),
            ScaleUpTarget(),
            WatchFirstCommits(),
        ),
        point_of_no_return=StartSinks.name,
        rollback=(RestorePositions(), ResumeSinks(), ScaleBackSource()),
        options={"accept repeats": accept_repeats},
    )


def handover_blockers(facts: Facts, guards: Guards, now: datetime) -> Iterator[Blocker]:
    """Reasons not to hand groups over. Nothing is fenced, so who writes where is nobody's concern."""
    apart = {Rule.CANARY_TOPIC_MISSING}
    unasked = Reading(CanaryResult(refused=True, answer="not asked for"), facts.target_canary.seen_at)
    # Nor is client routing turned, so nobody is restarted.
    alone = replace(facts, deployments=facts.handed_over, capacity=None, target_canary=unasked, held_restarts=())
    # Producers write on at the source, so that an open standby, a canary or a writer says nothing against
    # it.
    return (b for b in blockers(alone, guards, now) if b.concern is not GateCategory.WRITERS and b.rule not in apart)
