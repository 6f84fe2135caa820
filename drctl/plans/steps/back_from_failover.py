"""The rollback of a failover: each step leaves what is out of reach as it is, and says so."""

from typing import ClassVar, override

from drctl.errors import Unreachable
from drctl.model.fence import DenyRule
from drctl.model.link import LinkStatus
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.closed import LEFT_CLOSED, LEFT_FENCED
from drctl.plans.losing import answers
from drctl.plans.plan import StepContext
from drctl.plans.steps.confirm_positions import ConfirmPositions
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers
from drctl.plans.steps.hand_over_positions import HandOverPositions
from drctl.plans.steps.restore_positions import RestorePositions
from drctl.plans.steps.resume_link import ResumeLink
from drctl.plans.steps.resume_sinks import ResumeSinks
from drctl.plans.steps.route_clients_to_source import RouteClientsToSource
from drctl.plans.steps.unfence_source import UnfenceSource
from drctl.plans.waiting import wait_until_none


class ReopenIfFenced(UnfenceSource):
    """Lift the deny rules that this run, or the one it took over, put up at the source, unless it was silent all along.

    A source that is silent now, or does not take the rules away, keeps them; it is named, and comes back closed.
    """

    title: ClassVar[str] = "Open the source again, if this run has fenced it"

    @override
    def check(self, ctx: StepContext) -> bool:
        if not self._put_up(ctx) or not answers(ctx.source):
            return True
        return super().check(ctx)

    @override
    def _lift(self, ctx: StepContext) -> Evidence:
        try:
            return super()._lift(ctx)
        except Unreachable as silent:  # controllers that are gone, behind brokers that answer
            return {LEFT_FENCED: str(silent)}

    @override
    def verify(self, ctx: StepContext) -> Evidence:
        if not self._put_up(ctx):
            stood = _own(ctx)
            return {LEFT_CLOSED: stood} if stood else {"fenced": False}
        why = ctx.evidence.get(self.name, {}).get(LEFT_FENCED)
        if why is None and not answers(ctx.source):
            why = f"{ctx.source.name} is silent"
        if why is not None:
            ctx.report(f"{why}: the deny rules put up at {ctx.source.name} stay until it answers")
            return {LEFT_FENCED: why}
        return super().verify(ctx)

    @override
    def _ours(self, ctx: StepContext) -> frozenset[DenyRule]:
        before = ctx.snapshots.get(FenceWhatAnswers.name, {}).get("stood before")
        if before is None:  # a source whose rules could not be read was not fenced by this run
            return super()._ours(ctx)
        own = {d for d in fencing.own(ctx.source) if d.principal not in before[d.scope.value]}
        return super()._ours(ctx) | own

    @staticmethod
    def _put_up(ctx: StepContext) -> bool:
        known = ctx.snapshots.get(FenceWhatAnswers.name, {}).get("stood before") is not None
        return known or any(name in ctx.snapshots for name in ("fence-writes", "fence-transactions"))


def _own(ctx: StepContext) -> list[str]:
    """Whom rules of drctl deny at the source; nobody where it does not tell."""
    try:
        return sorted({each.principal for each in fencing.own(ctx.source)})
    except Unreachable:
        return []


class RouteClientsToSourceAgain(RouteClientsToSource):
    """Point client routing at the source again, if the run that was taken over has closed it."""

    @override
    def _before(self, ctx: StepContext) -> str:
        return ctx.world.client_routing.site() or ctx.source.name


class RestoreConfirmed(RestorePositions):
    """Give the groups at the target the positions that they had there before.

    Where there was none before, the proven and stamped position stays.
    """

    @override
    def _before(self, ctx: StepContext) -> Evidence:
        own: Evidence = ctx.snapshots.get(ConfirmPositions.name, {}).get("target before", {})
        earlier: Evidence = ctx.snapshots.get(HandOverPositions.name, {}).get("target before", {})
        return own | earlier


class ResumeSinksIfTheyAnswer(ResumeSinks):
    """Let the sink connectors at the source run on that the run taken over has stopped, unless their worker is silent.

    These are named, and have to be resumed by hand.
    """

    @override
    def check(self, ctx: StepContext) -> bool:
        try:
            return super().check(ctx)
        except Unreachable:
            return True

    @override
    def verify(self, ctx: StepContext) -> Evidence:
        try:
            return super().verify(ctx)
        except Unreachable as silent:
            return {"left as they are": [*self._ran(ctx), *self._paused(ctx)], "why": str(silent)}


class LetLinkRunOn(ResumeLink):
    """Let the link to the target run on from where this run stopped it.

    While the source is silent it is enough that it is asked to: it copies when the source is back.
    """

    @override
    def do(self, ctx: StepContext) -> Evidence:
        ctx.check_authority()
        ctx.forward.replication.resume(ctx.check_authority)
        wait_until_none(ctx, "the link runs on", lambda: self._halted(ctx))
        return {}

    @override
    def _stood_still(self, ctx: StepContext, status: LinkStatus) -> bool:
        return False  # a failover passes its gates whether the link runs or not

    def _halted(self, ctx: StepContext) -> list[str]:
        source = ctx.forward.replication.status().source
        return [f"{source.name} is {source.state}"] if source.halted else []
