"""Switchover: both sites are healthy, work moves from one to the other, nothing is lost and nothing is read twice."""

from dataclasses import replace

from drctl.errors import NotFound
from drctl.plans.observing import Observe
from drctl.plans.plan import Plan
from drctl.plans.steps.ask_link_to_stop import AskLinkToStop
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
from drctl.plans.steps.restart_clients import RestartClients
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
    links = {
        StopCheckpoints.name,
        AskLinkToStop.name,
        StopLink.name,
        RecordHandoverPoint.name,
        ReverseReplication.name,
        ResumeLink.name,
    }
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
            # Before the first change at a site: whoever still holds the old epoch, the group-offset sync
            # above all, stops here.
            RaiseEpoch(),
            # Before the source is touched: at no instant may both be open, and a standby that nobody fenced
            # is open.
            FenceStandby(),
            # What takes long and disturbs nobody is done while applications still work, so that it is no
            # part of the pause: capacity, sinks, the proof of positions as they are now.
            PrepareCapacity(),
            PlaceSinks(),
            ProveAhead(accept_repeats),
            # Connect stops one connector after the other. These two copy nothing, so they are stopped
            # before the pause.
            StopCheckpoints(),
            # The pause of writes begins. Topics first, transactional ids after a few seconds: a live
            # producer can still end its transaction, so that nothing has to be aborted.
            FenceWrites(),
            AwaitOpenTransactions(),
            FenceTransactions(drained_next=True),
            # Consumers begin to leave while the fence is proven and the link drains: they are waited for
            # only once there is nothing else to wait for.
            CloseClientRouting(),
            ProveFence(drained_next=True),
            # Behind the proof: a link is drained only of a log that stands still.
            DrainLink(),
            # Behind the last copy, and only once no offset sync is still to come: a worker takes a second or more to
            # stop a link, which passes while consumers leave and positions are handed over.
            AskLinkToStop(),
            # Sinks and pods before the groups: their members are in them.
            StopSinks(),
            ScaleDownSource(),
            DrainConsumers(),
            # Once the groups are empty and nothing more is copied, so that a position and the records
            # around it stay what they are.
            HandOverPositions(accept_repeats),
            # Behind the last look at its offset syncs if it still had to write some, and before the target takes
            # writes: it would append copies behind them.
            StopLink(),
            RecordHandoverPoint(),
            # The last moment at which the run can be rolled back: a group that has committed at the source
            # meanwhile would read again at the target.
            CheckSourceUnmoved(),
            UnfenceTarget(),
            # Behind the opening: clients that came earlier would be denied, and some give up after that.
            RouteClientsToTarget(),
            # Once whoever starts is led to the target.
            RestartClients(),
            ScaleUpTarget(),
            StartSinks(),
            # When clients are at work: it asks the old site, which may be slow or gone, and nobody is to
            # wait for that.
            ReverseReplication(),
            WatchFirstCommits(),
        ),
        point_of_no_return=UnfenceTarget.name,
        rollback=(
            # First: whatever else of the rollback may fail, clients can work.
            UnfenceSource(),
            RouteClientsToSource(),
            RestorePositions(),
            ResumeSinks(),
            ScaleBackSource(),
            ResumeLink(),
        ),
        options={"accept repeats": accept_repeats},
    )
