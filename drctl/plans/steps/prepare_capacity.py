"""prepare-capacity."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.model.scaling import TASKS_MAX, Scalable, Scale
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.scaling import HAD, PREPARE, number_of, scaled_ahead, set_number, shift_now
from drctl.plans.waiting import wait_until_none


class PrepareCapacity(Step):
    """Scale up at the target, while nothing is stopped yet, what the shift that is on demands and may run at a standby.

    These are Deployments that a shift names and no workload does, and where the plan file lets drctl scale them node
    pools (`scaleNodePools`) and `tasks.max` of the link's source connector (`scaleTasks`), while that runs. Nothing is
    scaled down here, on the rollback neither. New brokers hold no partition until somebody rebalances.
    """

    name: ClassVar[str] = PREPARE
    title: ClassVar[str] = "Scale up what the target needs before it serves"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "drctl status"

    def check(self, ctx: StepContext) -> bool:
        return not self._short(ctx)

    def snapshot(self, ctx: StepContext) -> Evidence:
        shift, due = shift_now(ctx.world), self._due(ctx)
        had = {str(what): seen.wanted for what in due if (seen := self._seen(ctx, what)) is not None}
        return {
            "shift": shift.name if shift else None,
            "replicas": {str(what): replicas for what, replicas in due.items()},
            HAD: had,
        }

    def do(self, ctx: StepContext) -> Evidence:
        for what, replicas in self._due(ctx).items():
            seen = self._seen(ctx, what)
            if seen is not None and seen.wanted < replicas:
                set_number(ctx.world, ctx.run.source, ctx.run.target, what, replicas, permit=ctx.check_authority)
        wait_until_none(ctx, "the target has what it needs", lambda: self._short(ctx))
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        if short := self._short(ctx):
            raise StepFailed(f"{ctx.target.name}: {'; '.join(short)}", remedy="see what scales it down")
        return {"replicas": {str(what): replicas for what, replicas in self._due(ctx).items()}}

    def _due(self, ctx: StepContext) -> dict[Scalable, int]:
        """Return what the shift demands now, or demanded when this step began."""
        shift, plan = shift_now(ctx.world), ctx.world.plan
        if shift is None:
            return {}
        may_scale = scaled_ahead(plan, ctx.run.source, ctx.run.target)
        wanted = [(what, shift.demand.replicas(what)) for what in may_scale]
        demanded: dict[str, int] = ctx.snapshots.get(self.name, {}).get("replicas") or {
            str(what): replicas for what, replicas in wanted if replicas
        }
        return {what: demanded[str(what)] for what in may_scale if str(what) in demanded}

    def _seen(self, ctx: StepContext, what: Scalable) -> Scale | None:
        """How it stands; None of a link's tasks once they were seen: from then on the run may hold the link stopped."""
        if what.kind == TASKS_MAX and self.name in ctx.evidence:
            return None
        return number_of(ctx.world, ctx.run.source, ctx.run.target, what)

    def _short(self, ctx: StepContext) -> list[str]:
        states = {what: (self._seen(ctx, what), n) for what, n in self._due(ctx).items()}
        return [
            f"{what} has {seen.available} of {replicas}" + ("" if what.kind == TASKS_MAX else " replicas")
            for what, (seen, replicas) in states.items()
            if seen is not None and not seen.has(replicas)
        ]
