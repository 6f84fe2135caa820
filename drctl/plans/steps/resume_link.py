"""resume-link."""

from typing import ClassVar

from drctl.model.link import LinkStatus
from drctl.model.run import Evidence
from drctl.plans.link_evidence import link_evidence
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.restarting import wait_until_works
from drctl.plans.steps.ask_link_to_stop import AskLinkToStop
from drctl.plans.steps.check_gates import CheckGates
from drctl.plans.steps.stop_checkpoints import StopCheckpoints
from drctl.plans.steps.stop_link import StopLink


class ResumeLink(Step):
    """Let the link to the target run on from where this run stopped it.

    A link that stands still, or whose checkpoints do, was stopped by this run, whether its journal still knows that or
    not: the gates want it to run.
    """

    name: ClassVar[str] = "resume-link"
    title: ClassVar[str] = "Let the link to the target run on"
    at: ClassVar[Place] = Place.TARGET
    may_end_pending: ClassVar[bool] = True
    inspect: ClassVar[str] = "drctl status -o wide"

    def check(self, ctx: StepContext) -> bool:
        status = ctx.forward.replication.status()
        asked = AskLinkToStop.name in ctx.snapshots
        if status.working:
            # One that was asked and not waited for may be told as RUNNING, and stop a moment later.
            return not asked or StopLink.name in ctx.evidence
        stopped = asked or StopLink.name in ctx.snapshots or StopCheckpoints.name in ctx.snapshots
        return not (stopped or self._stood_still(ctx, status))

    def do(self, ctx: StepContext) -> Evidence:
        ctx.check_authority()
        ctx.forward.replication.resume(ctx.check_authority)
        return wait_until_works(ctx, self.name, ctx.forward, "the link works")

    def verify(self, ctx: StepContext) -> Evidence:
        return link_evidence(ctx.forward.replication.status())

    def _stood_still(self, ctx: StepContext, status: LinkStatus) -> bool:
        return CheckGates.name in ctx.evidence and status.checkpoint.halted
