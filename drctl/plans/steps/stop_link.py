"""stop-link."""

from typing import ClassVar

from drctl.errors import DeadlinePassed, DrctlError
from drctl.model.link import LinkStatus
from drctl.model.run import Evidence
from drctl.plans.link_evidence import left_running, link_evidence, times_woken
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.waiting import wait_until_none

_ASKED = 5.0
"""Seconds that a link which was asked to stop before is waited for: measured, one stops within two. Then it is asked
again, for somebody may have started it."""


class StopLink(Step):
    """Stop the link to the target, so that nothing is appended behind the records that clients will write there.

    A link that this process has asked to stop before is waited for, and asked again only if it does not stop.
    """

    name: ClassVar[str] = "stop-link"
    title: ClassVar[str] = "Stop the link to the target"
    at: ClassVar[Place] = Place.TARGET
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = 'curl "{target.connect}/connectors?expand=status"'

    def check(self, ctx: StepContext) -> bool:
        status = self._told(ctx)
        return status is not None and status.halted

    def do(self, ctx: StepContext) -> Evidence:
        ctx.check_authority()
        if not self._stops_as_asked(ctx):
            self._stop(ctx)
        wait_until_none(ctx, "the link has stopped", lambda: self._running(ctx))
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        return link_evidence(ctx.forward.replication.status())

    def _told(self, ctx: StepContext) -> LinkStatus | None:
        """Return the link's state; None while its worker, or its operator, is about to do what this process asked."""
        try:
            return ctx.forward.replication.status()
        except DrctlError as error:
            if error.transient and ctx.asked_link_to_stop and self.name not in ctx.evidence:
                return None
            raise

    def _stops_as_asked(self, ctx: StepContext) -> bool:
        """Whether it need not be asked, or not again: each stop is a rebalance that clients wait for."""
        if not ctx.asked_link_to_stop:
            return False
        halted: list[bool] = []

        def copying() -> list[str]:
            status = ctx.forward.replication.status()
            halted[:] = [status.halted]
            if status.source.halted:
                return []
            return [f"{status.source.name} is {status.source.state}", *times_woken(status)]

        try:
            wait_until_none(ctx, "the link has stopped as it was asked to", copying, within=_ASKED)
        except DeadlinePassed:
            return False
        return halted == [True]

    def _stop(self, ctx: StepContext) -> None:
        ctx.forward.replication.stop(ctx.check_authority, copying_only=self._others_stopped(ctx))

    @staticmethod
    def _others_stopped(ctx: StepContext) -> bool:
        try:
            return ctx.stopped_checkpoints and others_stopped(ctx, ctx.forward.replication.status())
        except DrctlError:
            return False  # to stop them is asked for longer than to tell of them

    def _running(self, ctx: StepContext) -> list[str]:
        status = ctx.forward.replication.status()
        return [] if status.halted else left_running(status, status.connectors)


def others_stopped(ctx: StepContext, status: LinkStatus) -> bool:
    """Whether this process has stopped what of the link copies no records, and nobody has started it since."""
    # Each stop is a rebalance that clients wait for, also of a connector that is stopped. That one is told as stopped
    # is not enough to leave it out: until one that is being started has started, it is told so, too.
    return ctx.stopped_checkpoints and status.checkpoint.halted and status.heartbeat.halted
