"""resume-sinks."""

from collections.abc import Sequence
from typing import ClassVar

from drctl.model.link import ConnectorState
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.steps.stop_sinks import that_ran, that_were_paused


class ResumeSinks(Step):
    """Let the sink connectors at the source run on that this run has stopped, and pause those that were paused."""

    name: ClassVar[str] = "resume-sinks"
    title: ClassVar[str] = "Let the sink connectors at the source run on"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "drctl groups list"

    def check(self, ctx: StepContext) -> bool:
        return not any(ctx.source.connectors.state(name).halted for name in self._ran(ctx)) and not self._stopped(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        for name in self._ran(ctx):
            ctx.check_authority()
            ctx.source.connectors.resume(name, ctx.check_authority)
        for name in self._stopped(ctx):
            ctx.check_authority()
            ctx.source.connectors.pause(name, ctx.check_authority)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        names = (*self._ran(ctx), *self._paused(ctx))
        return {"sinks": {name: ctx.source.connectors.state(name).state.value for name in names}}

    def _ran(self, ctx: StepContext) -> Sequence[str]:
        return that_ran(ctx)

    def _paused(self, ctx: StepContext) -> Sequence[str]:
        return that_were_paused(ctx)

    def _stopped(self, ctx: StepContext) -> list[str]:
        """Paused ones that are STOPPED; one that somebody has removed or lets run meanwhile is left as it is."""
        states = {name: ctx.source.connectors.state(name).state for name in self._paused(ctx)}
        return [name for name, state in states.items() if state is ConnectorState.STOPPED]
