"""unfence-target."""

from functools import partial
from typing import ClassVar

from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import UNFENCE_TARGET, Place, Step, StepContext
from drctl.plans.waiting import wait_until_none
from drctl.ports.asking import both


class UnfenceTarget(Step):
    """Lift the fence at the target. From here on records may exist that are only there, so there is no rollback.

    Only rules that drctl made are lifted; those of somebody else stay, and are named.
    """

    name: ClassVar[str] = UNFENCE_TARGET
    title: ClassVar[str] = "Open the target for writing"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "kafka-acls.sh --bootstrap-server {target} --list"

    def check(self, ctx: StepContext) -> bool:
        return not fencing.own(ctx.target)

    def do(self, ctx: StepContext) -> Evidence:
        # The last instant at which another process may still decide otherwise. Behind the next change there
        # may be records that only this site has.
        ctx.check_authority()
        lifted = fencing.own(ctx.target)
        ctx.target.fence.lift(lifted)
        return {"lifted": sorted({denial.principal for denial in lifted})}

    def verify(self, ctx: StepContext) -> Evidence:
        _, others = both(partial(self._await_writes, ctx), partial(fencing.of_others, ctx.target))
        return {"canary": "written", "left as they are": others}

    @staticmethod
    def _await_writes(ctx: StepContext) -> None:
        fence = ctx.target.fence
        wait_until_none(ctx, "the target takes writes", lambda: fencing.refusals(fence), soon=True)
