"""fence-standby."""

from typing import ClassVar

from drctl.errors import DeadlinePassed, StepFailed
from drctl.model.fence import CanaryResult, DenyRule
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.waiting import wait_until_none
from drctl.ports.asking import both


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
        name, fence, met = ctx.target.name, ctx.target.fence, list[CanaryResult]()

        def refused() -> list[str]:
            met.append(fence.canary())
            return [] if met[-1].refused else [met[-1].answer]

        try:
            wait_until_none(ctx, f"all are denied at {name}", lambda: sorted(map(str, _missing(ctx))), within=15)
            wait_until_none(ctx, f"{name} refuses an ordinary client", refused, within=15)
        except DeadlinePassed as late:
            raise StepFailed(
                f"{name}: the standby does not refuse writes: {late}",
                remedy="see who writes there: neither an application nor the canary's user may be a super user",
            ) from late
        ctx.saw_target_closed = True
        denied = sorted({denial.principal for denial in fence.standing()})
        return {"denied": denied, "canary": met[-1].answer}


def _missing(ctx: StepContext) -> frozenset[DenyRule]:
    needed, standing = both(lambda: fencing.needed(ctx.world, ctx.target), ctx.target.fence.standing)
    return needed - standing
