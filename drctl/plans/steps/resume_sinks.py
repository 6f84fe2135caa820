"""resume-sinks."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.steps.stop_sinks import that_ran


class ResumeSinks(Step):
    """Let the sink connectors at the source run on that this run has stopped."""

    name: ClassVar[str] = "resume-sinks"
    title: ClassVar[str] = "Let the sink connectors at the source run on"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "drctl groups list"

    def check(self, ctx: StepContext) -> bool:
        return not any(ctx.source.connectors.state(name).halted for name in that_ran(ctx))

    def do(self, ctx: StepContext) -> Evidence:
        for name in that_ran(ctx):
            ctx.check_authority()
            ctx.source.connectors.resume(name, ctx.check_authority)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        return {"sinks": {name: ctx.source.connectors.state(name).state.value for name in that_ran(ctx)}}
