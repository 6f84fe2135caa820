"""start-sinks."""

from typing import ClassVar

from drctl.errors import DeadlinePassed
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.steps.stop_sinks import that_ran
from drctl.plans.waiting import wait_until_none


class StartSinks(Step):
    """Start the sink connectors at the target that ran at the source, from the positions of their groups.

    One that does not work there is noted with its reason and is no failure of the run: its position waits for it.
    """

    name: ClassVar[str] = "start-sinks"
    title: ClassVar[str] = "Start the sink connectors at the target"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "drctl groups list"

    def check(self, ctx: StepContext) -> bool:
        return not self._idle(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        for name in self._startable(ctx):
            ctx.check_authority()
            ctx.target.connectors.resume(name, ctx.check_authority)
        try:
            wait_until_none(ctx, "the sinks work", lambda: self._waited_for(ctx))
        except DeadlinePassed as late:
            ctx.report(str(late))
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        return {"not working": self._idle(ctx)}

    def _startable(self, ctx: StepContext) -> list[str]:
        return that_ran(ctx)

    def _idle(self, ctx: StepContext) -> dict[str, str]:
        states = {name: ctx.target.connectors.state(name) for name in that_ran(ctx)}
        return {name: seen.reason or str(seen.state) for name, seen in states.items() if not seen.working}

    def _waited_for(self, ctx: StepContext) -> list[str]:
        states = (ctx.target.connectors.state(name) for name in self._startable(ctx))
        # One that has failed with a reason is not waited for: the reason does not go away while clients
        # wait.
        return [f"{seen.name} is {seen.state}" for seen in states if not seen.working and not seen.reason]
