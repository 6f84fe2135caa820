"""stop-checkpoints."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.model.wording import counted
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.waiting import wait_until_none


class StopCheckpoints(Step):
    """Stop the link's checkpoint and heartbeat connectors before the pause; what copies runs on.

    They copy no records, and no position is handed over by what they write. A Connect worker stops three connectors
    one after the other, so the two that clients need not wait for stop first; `stop-link` looks at all of them again.
    """

    name: ClassVar[str] = "stop-checkpoints"
    title: ClassVar[str] = "Stop the link's checkpoints and heartbeats"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = 'curl "{target.connect}/connectors?expand=status"'

    def check(self, ctx: StepContext) -> bool:
        return not self._running(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        ctx.check_authority()
        ctx.forward.replication.stop_checkpoints(ctx.check_authority)
        wait_until_none(ctx, "checkpoints and heartbeats have stopped", lambda: self._running(ctx))
        ctx.stopped_checkpoints = True
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        return {"connectors": {c.name: c.state.value for c in ctx.forward.replication.status().connectors}}

    def _running(self, ctx: StepContext) -> list[str]:
        status = ctx.forward.replication.status()
        beside = (status.checkpoint, status.heartbeat)
        return [f"{c.name} is {c.state} with {counted(len(c.tasks), 'task')}" for c in beside if not c.halted]
