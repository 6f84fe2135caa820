"""prepare-capacity."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.model.scaling import Scalable
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.scaling import scaled_ahead, scaling_at, shift_now
from drctl.plans.waiting import wait_until_none


class PrepareCapacity(Step):
    """Scale up at the target, while nothing is stopped yet, what the shift that is on demands and may run at a standby.

    These are Deployments that a shift names and no workload does, and node pools where the plan file lets drctl scale
    them (`scaleNodePools`). Nothing is ever scaled down, on the rollback neither. New brokers hold no partition until
    somebody rebalances.
    """

    name: ClassVar[str] = "prepare-capacity"
    title: ClassVar[str] = "Scale up what the target needs before it serves"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "drctl status"

    def check(self, ctx: StepContext) -> bool:
        return not self._short(ctx)

    def snapshot(self, ctx: StepContext) -> Evidence:
        shift = shift_now(ctx.world)
        due = {str(what): replicas for what, replicas in self._due(ctx).items()}
        return {"shift": shift.name if shift else None, "replicas": due}

    def do(self, ctx: StepContext) -> Evidence:
        scaling = scaling_at(ctx.target)
        for what, replicas in self._due(ctx).items():
            if scaling.state(what).wanted < replicas:
                ctx.check_authority()
                scaling.scale(what, replicas)
        wait_until_none(ctx, "the target has what it needs", lambda: self._short(ctx))
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        if short := self._short(ctx):
            raise StepFailed(f"{ctx.target.name}: {'; '.join(short)}", remedy="see what scales it down")
        return {"replicas": {str(what): replicas for what, replicas in self._due(ctx).items()}}

    def _due(self, ctx: StepContext) -> dict[Scalable, int]:
        """Return what the shift demands now, or demanded when this step began."""
        shift, may_scale = shift_now(ctx.world), scaled_ahead(ctx.world.plan, ctx.target.name)
        if shift is None:
            return {}
        wanted = [(what, shift.demand.replicas(what)) for what in may_scale]
        demanded: dict[str, int] = ctx.snapshots.get(self.name, {}).get("replicas") or {
            str(what): replicas for what, replicas in wanted if replicas
        }
        return {what: demanded[str(what)] for what in may_scale if str(what) in demanded}

    def _short(self, ctx: StepContext) -> list[str]:
        states = {what: (scaling_at(ctx.target).state(what), n) for what, n in self._due(ctx).items()}
        return [
            f"{what} has {seen.available} of {replicas} replicas"
            for what, (seen, replicas) in states.items()
            if not seen.has(replicas)
        ]
