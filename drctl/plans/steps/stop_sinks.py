"""stop-sinks."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.link import ConnectorState
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Step, StepContext


class StopSinks(Step):
    """Stop the workload's sink connectors at the source, and wait until they have no task.

    Which of them ran is written down first, for only these are started at the target, and which were paused.
    """

    name: ClassVar[str] = "stop-sinks"
    title: ClassVar[str] = "Stop the sink connectors at the source"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "drctl groups list"

    def check(self, ctx: StepContext) -> bool:
        return all(ctx.source.connectors.state(name).halted for name in ctx.sinks)

    def snapshot(self, ctx: StepContext) -> Evidence:
        states = {name: ctx.source.connectors.state(name).state for name in ctx.sinks}
        resting = (ConnectorState.STOPPED, ConnectorState.PAUSED, ConnectorState.ABSENT)
        return {
            # A failed one counts as running: at the target its cause may not be there.
            "running": [name for name, state in states.items() if state not in resting],
            "paused": [name for name, state in states.items() if state is ConnectorState.PAUSED],
        }

    def do(self, ctx: StepContext) -> Evidence:
        for name in ctx.sinks:
            ctx.check_authority()
            ctx.source.connectors.stop(name, ctx.check_authority)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        states = {name: ctx.source.connectors.state(name) for name in ctx.sinks}
        busy = [name for name, seen in states.items() if not seen.halted]
        if busy:
            raise StepFailed(f"{ctx.source.name}: not stopped: {', '.join(busy)}", remedy="look at the worker's log")
        return {"sinks": {name: seen.state.value for name, seen in states.items()}}


def that_ran(ctx: StepContext) -> list[str]:
    """Sinks that this run has stopped."""
    return list(ctx.snapshots.get(StopSinks.name, {}).get("running", ()))


def that_were_paused(ctx: StepContext) -> list[str]:
    """Sinks that this run has stopped and that did not read before; an earlier drctl noted none."""
    return list(ctx.snapshots.get(StopSinks.name, {}).get("paused", ()))
