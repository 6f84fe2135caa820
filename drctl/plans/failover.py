"""Failover: the source is gone or distrusted; the work goes on at the target, with a loss that was accepted."""

from drctl.errors import NotFound
from drctl.model.fence import Attestation
from drctl.model.loss import AcceptedLoss
from drctl.plans.observing import Observe
from drctl.plans.plan import Plan
from drctl.plans.selection import FAILOVER
from drctl.plans.steps.await_clients import AwaitClients
from drctl.plans.steps.back_from_failover import (
    LetLinkRunOn,
    ReopenIfFenced,
    RestoreConfirmed,
    ResumeSinksIfTheyAnswer,
    RouteClientsToSourceAgain,
)
from drctl.plans.steps.check_failover import CheckFailover
from drctl.plans.steps.close_if_back import CloseIfBack
from drctl.plans.steps.confirm_positions import ConfirmPositions
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers
from drctl.plans.steps.measure_loss import MeasureLoss
from drctl.plans.steps.raise_epoch_over import RaiseEpochOver
from drctl.plans.steps.record_failover_point import RecordFailoverPoint
from drctl.plans.steps.restart_clients import RestartClients
from drctl.plans.steps.route_clients_to_target import RouteClientsToTarget
from drctl.plans.steps.scale_back_source import ScaleBackIfItAnswers
from drctl.plans.steps.scale_down_what_answers import ScaleDownWhatAnswers
from drctl.plans.steps.scale_up_target import ScaleUpTarget
from drctl.plans.steps.start_placed_sinks import StartPlacedSinks
from drctl.plans.steps.stop_link_at_once import StopLinkAtOnce, StopRestOfLink
from drctl.plans.steps.unfence_target import UnfenceTarget
from drctl.ports import World


def plan(
    world: World,
    source: str,
    target: str,
    *,
    observe: Observe,
    accepted: AcceptedLoss | None = None,
    attestation: Attestation | None = None,
) -> Plan:
    """The failover from ``source`` to ``target``; NotFound if the plan file lacks a site, or the link between them."""
    for site in (source, target):
        if site not in world.sites:
            raise NotFound(f"the plan file names no site {site}", remedy=f"use one of {', '.join(sorted(world.sites))}")
    if (source, target) not in world.links:
        raise NotFound(f"the plan file names no link from {source} to {target}", remedy="add it under spec.links")
    return ordered(source, target, observe=observe, accepted=accepted, attestation=attestation)


def ordered(
    source: str,
    target: str,
    *,
    observe: Observe,
    accepted: AcceptedLoss | None = None,
    attestation: Attestation | None = None,
) -> Plan:
    """The same without a world to check against, for the runbook. Nothing is lost unless it was accepted."""
    loss = accepted or AcceptedLoss()
    return Plan(
        kind=FAILOVER,
        source=source,
        target=target,
        steps=(
            CheckFailover(observe, loss),
            # The first act is local and needs nobody's answer: a source that comes back would append its
            # tail behind what clients write at the target.
            StopLinkAtOnce(),
            RaiseEpochOver(),
            FenceWhatAnswers(attestation),
            # Behind the fence: of a source that still takes writes the loss is a number that grows.
            MeasureLoss(loss),
            ConfirmPositions(),
            RecordFailoverPoint(),
            UnfenceTarget(),
            RouteClientsToTarget(),
            RestartClients(),
            ScaleUpTarget(),
            StartPlacedSinks(),
            AwaitClients(),
            # Behind the clients: a source that came back meanwhile is closed, and nobody waits for it.
            CloseIfBack(),
            # At the end, since a checkpoint task that waits for a silent source takes its time to stop, and
            # copies nothing.
            StopRestOfLink(),
            ScaleDownWhatAnswers(),
        ),
        point_of_no_return=UnfenceTarget.name,
        rollback=(
            ReopenIfFenced(),
            RouteClientsToSourceAgain(),
            RestoreConfirmed(),
            ResumeSinksIfTheyAnswer(),
            ScaleBackIfItAnswers(),
            LetLinkRunOn(),
        ),
        about={"accepted loss": str(loss)}
        | ({"attested": {"by": attestation.by, "why": attestation.why}} if attestation else {}),
    )
