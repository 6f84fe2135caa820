"""stop-link."""

from typing import ClassVar

from drctl.errors import DrctlError
from drctl.model.run import Evidence
from drctl.model.wording import counted
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.waiting import wait_until_none


class StopLink(Step):
    """Stop the link to the target, so that nothing is appended behind the records that clients will write there."""

    name: ClassVar[str] = "stop-link"
    title: ClassVar[str] = "Stop the link to the target"
    at: ClassVar[Place] = Place.TARGET
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = 'curl "{target.connect}/connectors?expand=status"'

    def check(self, ctx: StepContext) -> bool:
        return ctx.forward.replication.status().halted

    def do(self, ctx: StepContext) -> Evidence:
        ctx.check_authority()
        self._stop(ctx)
        wait_until_none(ctx, "the link has stopped", lambda: self._running(ctx))
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        return {"connectors": {c.name: c.state.value for c in ctx.forward.replication.status().connectors}}

    def _stop(self, ctx: StepContext) -> None:
        ctx.forward.replication.stop(ctx.check_authority, copying_only=self._others_stopped(ctx))

    @staticmethod
    def _others_stopped(ctx: StepContext) -> bool:
        """Whether this process has stopped what copies no records, and nobody has started it since."""
        # Each stop is a rebalance that clients wait for, also of a connector that is stopped. That one is told as
        # stopped is not enough to leave it out: until one that is being started has started, it is told so, too.
        if not ctx.stopped_checkpoints:
            return False
        try:
            status = ctx.forward.replication.status()
        except DrctlError:
            return False  # to stop them is asked for longer than to tell of them
        return status.checkpoint.halted and status.heartbeat.halted

    def _running(self, ctx: StepContext) -> list[str]:
        status = ctx.forward.replication.status()
        if status.halted:
            return []
        return [f"{c.name} is {c.state} with {counted(len(c.tasks), 'task')}" for c in status.connectors]
