"""scale-down-source, of a failover."""

from typing import ClassVar, override

from drctl.errors import DrctlError, Refused
from drctl.model.run import Evidence
from drctl.plans.plan import StepContext
from drctl.plans.steps.scale_down_source import ScaleDownSource, replicas_before


class ScaleDownWhatAnswers(ScaleDownSource):
    """Scale the workload's Deployments at the left site to 0, if its Kubernetes answers.

    The work goes on at the target whatever comes of it, so this is one of the last steps; what could not be scaled down
    is named with its reason. Its pods are at work at the old site still, or come back with it.
    """

    title: ClassVar[str] = "Scale the workload's Deployments at the left site to 0"
    lasting: ClassVar[bool] = False

    @override
    def check(self, ctx: StepContext) -> bool:
        try:
            return super().check(ctx)
        except DrctlError:
            return self.name in ctx.evidence

    @override
    def snapshot(self, ctx: StepContext) -> Evidence:
        try:
            return {"replicas": replicas_before(ctx)}
        except DrctlError:
            return {"replicas": {}}

    @override
    def do(self, ctx: StepContext) -> Evidence:
        try:
            return super().do(ctx)
        except Refused:
            raise
        except DrctlError as error:
            ctx.report(str(error))
            return {"left as they are": str(error)}

    @override
    def verify(self, ctx: StepContext) -> Evidence:
        try:
            return super().verify(ctx)
        except DrctlError as error:
            return {"left as they are": str(error)}
