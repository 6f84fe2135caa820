"""scale-back-source."""

from typing import ClassVar, override

from drctl.errors import DeadlinePassed, DrctlError
from drctl.model.run import Evidence
from drctl.model.scaling import Scalable
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.scaling import SCALE_DOWN, scaling_at, taken_along
from drctl.plans.waiting import wait_until_none


class ScaleBackSource(Step):
    """Scale the Deployments and StatefulSets at the source up again that this run has scaled down, to what they had.

    One that is not available in time is named; Kubernetes goes on trying.
    """

    name: ClassVar[str] = "scale-back-source"
    title: ClassVar[str] = "Scale the workload's Deployments at the source up again"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "kubectl get deployments,statefulsets,pods"

    def check(self, ctx: StepContext) -> bool:
        states = {what: scaling_at(ctx.source).state(what) for what in self._before(ctx)}
        return not self._short(ctx) and all(seen.kept is None for seen in states.values())

    def do(self, ctx: StepContext) -> Evidence:
        scaling, before = scaling_at(ctx.source), self._before(ctx)
        for what, replicas in before.items():
            if not scaling.state(what).wanted:
                ctx.check_authority()
                scaling.scale(what, replicas)
        try:
            wait_until_none(ctx, "the replicas are available", lambda: self._short(ctx))
        except DeadlinePassed as late:
            ctx.report(str(late))
        for what in before:
            ctx.check_authority()
            scaling.keep(what, None)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        replicas = {str(what): n for what, n in self._before(ctx).items()}
        return {"replicas": replicas, "not available": self._short(ctx)}

    def _before(self, ctx: StepContext) -> dict[Scalable, int]:
        """Return what this run has scaled down, or was about to, with what it had."""
        had = ctx.snapshots.get(SCALE_DOWN, {}).get("replicas", {})
        return {what: had[str(what)] for what in taken_along(ctx) if had.get(str(what))}

    def _short(self, ctx: StepContext) -> list[str]:
        states = {what: scaling_at(ctx.source).state(what) for what in self._before(ctx)}
        return [
            f"{what} has {seen.available} of {seen.wanted} replicas"
            for what, seen in states.items()
            if not seen.wanted or not seen.has(seen.wanted)
        ]


class ScaleBackIfItAnswers(ScaleBackSource):
    """Scale the Deployments at the source up again that the run taken over has scaled down, unless it cannot be asked.

    These are named, and the annotation `drctl.io/replicas` on them says what they had.
    """

    @override
    def check(self, ctx: StepContext) -> bool:
        try:
            return super().check(ctx)
        except DrctlError:
            return True

    @override
    def verify(self, ctx: StepContext) -> Evidence:
        try:
            return super().verify(ctx)
        except DrctlError as error:
            return {"left as they are": [str(what) for what in self._before(ctx)], "why": str(error)}
