"""fence-standby."""

from typing import ClassVar

from drctl.errors import DeadlinePassed, StepFailed
from drctl.model.fence import DenyRule
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.waiting import wait_until_none


class FenceStandby(Step):
    """Deny every writer but the replication principals to write at the target until it is opened.

    It finds itself done where the standby is fenced already. The first move of a plan file meets a standby that never
    was. An ordinary client must be refused there before the source is touched: one that is not would write at both
    sites, or shows that the fence does not bind.
    """

    name: ClassVar[str] = "fence-standby"
    title: ClassVar[str] = "Deny writes at the target, except replication"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "kafka-acls.sh --bootstrap-server {target} --list"

    def check(self, ctx: StepContext) -> bool:
        # A run that an earlier version began knows no such step: a target that it has opened stays open.
        return ctx.past_point_of_no_return or not _missing(ctx)

    def snapshot(self, ctx: StepContext) -> Evidence:
        return {"missing": sorted(f"{each.principal} {each.scope}" for each in _missing(ctx))}

    def do(self, ctx: StepContext) -> Evidence:
        missing = _missing(ctx)
        ctx.check_authority()
        ctx.target.fence.deny(missing)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        if ctx.past_point_of_no_return:
            return {}
        name, fence = ctx.target.name, ctx.target.fence
        try:
            wait_until_none(ctx, f"all are denied at {name}", lambda: sorted(map(str, _missing(ctx))), within=15)
            wait_until_none(
                ctx,
                f"{name} refuses an ordinary client",
                lambda: [] if (met := fence.canary()).refused else [met.answer],
                within=15,
            )
        except DeadlinePassed as late:
            raise StepFailed(
                f"{name}: the standby does not refuse writes: {late}",
                remedy="see who writes there: neither an application nor the canary's user may be a super user",
            ) from late
        ctx.saw_target_closed = True
        denied = sorted({denial.principal for denial in fence.standing()})
        return {"denied": denied, "canary": fence.canary().answer}


def _missing(ctx: StepContext) -> frozenset[DenyRule]:
    return fencing.needed(ctx.world, ctx.target) - ctx.target.fence.standing()
