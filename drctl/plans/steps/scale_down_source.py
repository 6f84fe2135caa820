"""scale-down-source."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans.departures import members_in_pods
from drctl.plans.membership import membership_of
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.scaling import SCALE_DOWN, had_at, scaling_at, taken_along
from drctl.plans.waiting import wait_until_none


class ScaleDownSource(Step):
    """Scale the workload's Deployments and StatefulSets at the source to 0, and wait until no pod of them is left.

    How many replicas each had is written down first: in the journal, and on the object as the annotation
    `drctl.io/replicas`. One is down when its controller has acted on the newest generation, counts no replica, and no
    pod that its selector matches is there, not even one that is ending. Which static members ran in these pods is
    written down, too: `drain-consumers` does not wait for their sessions to time out.
    """

    name: ClassVar[str] = SCALE_DOWN
    title: ClassVar[str] = "Scale the workload's Deployments at the source to 0"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "kubectl get deployments,statefulsets,pods"

    def check(self, ctx: StepContext) -> bool:
        return not self._left(ctx)

    def snapshot(self, ctx: StepContext) -> Evidence:
        groups = ctx.source.positions.describe(ctx.groups)
        return {"replicas": replicas_before(ctx)} | membership_of(groups) | members_in_pods(ctx, groups.values())

    def do(self, ctx: StepContext) -> Evidence:
        scaling, before = scaling_at(ctx.source), ctx.snapshots[self.name]["replicas"]
        for what in taken_along(ctx):
            if scaling.state(what).wanted:
                ctx.check_authority()
                # The annotation first: between the two a cut leaves a number that is still true, the other
                # way round a 0 that nobody can explain.
                scaling.keep(what, before.get(str(what)))
                ctx.check_authority()
                scaling.scale(what, 0)
        wait_until_none(
            ctx, "the pods are gone", lambda: self._left(ctx), remedy="see why these pods do not end, or scaled up"
        )
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        if left := self._left(ctx):
            raise StepFailed(f"{ctx.source.name}: not scaled down: {'; '.join(left)}", remedy="see what scales it up")
        return {"scaled down": [str(what) for what in taken_along(ctx)]}

    def _left(self, ctx: StepContext) -> list[str]:
        states = {what: scaling_at(ctx.source).state(what) for what in taken_along(ctx)}
        return [
            f"{what} has {', '.join(seen.pods) or f'{max(seen.wanted, seen.present)} replicas'}"
            for what, seen in states.items()
            if not seen.is_down
        ]


def replicas_before(ctx: StepContext) -> dict[str, int]:
    """Return what each has at the source, or had before drctl took it to 0."""
    return {str(what): had_at(ctx.source, what) for what in taken_along(ctx)}
