"""raise-epoch."""

from typing import ClassVar

from drctl.errors import Superseded
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Step, StepContext


class RaiseEpoch(Step):
    """Raise the plan's epoch by one, in one atomic step. Whoever holds a lower one stops at its next change.

    It stays raised when the run is rolled back.
    """

    name: ClassVar[str] = "raise-epoch"
    title: ClassVar[str] = "Raise the epoch, so that only this run may act"
    at: ClassVar[Place] = Place.BOTH
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "drctl status -o wide"

    def check(self, ctx: StepContext) -> bool:
        return ctx.world.epochs.current() == ctx.run.epoch

    def do(self, ctx: StepContext) -> Evidence:
        ctx.check_authority()
        # Expected is what the run was begun with, not what is there now: somebody who raised it in between
        # has decided something newer.
        ctx.world.epochs.raise_to(ctx.run.epoch, expected=ctx.run.epoch - 1)
        ctx.raised_at = ctx.world.clock.monotonic()
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        current = ctx.world.epochs.current()
        if current != ctx.run.epoch:
            raise Superseded(f"the epoch is {current}, ours is {ctx.run.epoch}: someone newer has decided")
        return {"epoch": current}
