"""Switchover: both sites are healthy, work moves from one to the other, nothing is lost and nothing is read twice."""

from dataclasses import replace

from drctl.errors import NotFound
from drctl.plans.observing import Observe
from drctl.plans.plan import Plan
from drctl.plans.steps.await_open_transactions import AwaitOpenTransactions
from drctl.plans.steps.check_gates import CheckGates
from drctl.plans.steps.check_source_unmoved import CheckSourceUnmoved
from drctl.plans.steps.close_client_routing import CloseClientRouting
from drctl.plans.steps.drain_consumers import DrainConsumers
from drctl.plans.steps.drain_link import DrainLink
from drctl.plans.steps.fence_standby import FenceStandby
from drctl.plans.steps.fence_transactions import FenceTransactions
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.steps.hand_over_positions import HandOverPositions
from drctl.plans.steps.place_sinks import PlaceSinks
from drctl.plans.steps.prepare_capacity import PrepareCapacity
from drctl.plans.steps.prove_ahead import ProveAhead
from drctl.plans.steps.prove_fence import ProveFence
from drctl.plans.steps.raise_epoch import RaiseEpoch
from drctl.plans.steps.record_handover_point import RecordHandoverPoint
from drctl.plans.steps.restore_positions import RestorePositions
from drctl.plans.steps.resume_link import ResumeLink
from drctl.plans.steps.resume_sinks import ResumeSinks
from drctl.plans.steps.reverse_replication import ReverseReplication
from drctl.plans.steps.route_clients_to_source import RouteClientsToSource
from drctl.plans.steps.route_clients_to_target import RouteClientsToTarget
from drctl.plans.steps.scale_back_source import ScaleBackSource
from drctl.plans.steps.scale_down_source import ScaleDownSource
from drctl.plans.steps.scale_up_target import ScaleUpTarget
from drctl.plans.steps.start_sinks import StartSinks
from drctl.plans.steps.stop_checkpoints import StopCheckpoints
from drctl.plans.steps.stop_link import StopLink
from drctl.plans.steps.stop_sinks import StopSinks
from drctl.plans.steps.unfence_source import UnfenceSource
from drctl.plans.steps.unfence_target import UnfenceTarget
from drctl.plans.steps.watch_first_commits import WatchFirstCommits
from drctl.ports import World


def plan(world: World, source: str, target: str, *, observe: Observe, accept_repeats: bool = False) -> Plan:
    """The switchover from ``source`` to ``target``.

    ``observe`` looks at the world for the gates. With ``accept_repeats`` a position that cannot be proven is replaced
    by an earlier one that certainly skips nothing. NotFound if the plan file lacks a site, or a link of either
    direction.
    """
    for site in (source, target):
        if site not in world.sites:
            raise NotFound(f"the plan file names no site {site}", remedy=f"use one of {', '.join(sorted(world.sites))}")
    for pair in ((source, target), (target, source)):
        if pair not in world.links:
            raise NotFound(f"the plan file names no link from {pair[0]} to {pair[1]}", remedy="add it under spec.links")
    steps = ordered(source, target, observe=observe, accept_repeats=accept_repeats)
    return without_turning(steps) if world.plan.link(source, target).prefix else steps


def without_turning(plan: Plan) -> Plan:
    """The same under the default replication policy: both links run all the time, and nothing turns around.

    Copies have other names than what applications write, so nothing is copied in a circle.
    """
    links = (StopCheckpoints.name, StopLink.name, RecordHandoverPoint.name, ReverseReplication.name, ResumeLink.name)
    return replace(
        plan,
        steps=tuple(step for step in plan.steps if step.name not in links),
        rollback=tuple(step for step in plan.rollback if step.name not in links),
    )


def ordered(source: str, target: str, *, observe: Observe, accept_repeats: bool = False) -> Plan:
    """The same without a world to check against, for the runbook."""
    return Plan(
        kind="switchover",
        source=source,
        target=target,
        steps=(
            CheckGates(observe, accept_repeats=accept_repeats),
            RaiseEpoch(),
            FenceStandby(),
            PrepareCapacity(),
            PlaceSinks(),
            ProveAhead(accept_repeats),
            StopCheckpoints(),
            FenceWrites(),
            AwaitOpenTransactions(),
            FenceTransactions(),
            CloseClientRouting(),
            ProveFence(),
            DrainLink(),
            StopSinks(),
            ScaleDownSource(),
            DrainConsumers(),
            HandOverPositions(accept_repeats),
            StopLink(),
            RecordHandoverPoint(),
            CheckSourceUnmoved(),
            UnfenceTarget(),
            RouteClientsToTarget(),
            ScaleUpTarget(),
            StartSinks(),
            ReverseReplication(),
            WatchFirstCommits(),
        ),
        point_of_no_return=UnfenceTarget.name,
        rollback=(
            UnfenceSource(),
            RouteClientsToSource(),
            RestorePositions(),
            ResumeSinks(),
            ScaleBackSource(),
            ResumeLink(),
        ),
        options={"accept repeats": accept_repeats},
    )
