"""raise-epoch, of a failover."""

from typing import override

from drctl.model.run import Event, Evidence, RunState
from drctl.plans.plan import StepContext
from drctl.plans.steps.raise_epoch import RaiseEpoch
from drctl.plans.takeover import others


class RaiseEpochOver(RaiseEpoch):
    """Raise the plan's epoch by one, in one atomic step. Whoever holds a lower one stops at its next change.

    So does the service that keeps the standby in sync: from here on nobody else touches the groups. A move that was cut
    off, and that this run goes on from, is closed as superseded. The epoch stays raised when the run is rolled back.
    """

    @override
    def check(self, ctx: StepContext) -> bool:
        return super().check(ctx) and not others(ctx.world, ctx.run)

    @override
    def do(self, ctx: StepContext) -> Evidence:
        if not super().check(ctx):
            super().do(ctx)
        over = others(ctx.world, ctx.run)
        for run in over:
            ctx.check_authority()
            body = {"state": RunState.SUPERSEDED.value, "by": ctx.run.id}
            ctx.world.journal.append(run.id, Event.RUN_ENDED, body=body)
            ctx.world.journal.end(run.id, RunState.SUPERSEDED)
        return {"superseded": [run.id for run in over]}
