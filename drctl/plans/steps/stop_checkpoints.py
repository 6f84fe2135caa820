"""stop-checkpoints."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.plans.link_evidence import left_running, link_evidence
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
        return link_evidence(ctx.forward.replication.status())

    def _running(self, ctx: StepContext) -> list[str]:
        status = ctx.forward.replication.status()
        beside = (status.checkpoint, status.heartbeat)
        return left_running(status, (each for each in beside if not each.halted))
