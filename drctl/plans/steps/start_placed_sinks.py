"""start-sinks, of a failover."""

from typing import override

from drctl.model.link import ConnectorState
from drctl.plans.plan import StepContext
from drctl.plans.step_evidence import CONFIRMED, group_positions
from drctl.plans.steps.start_sinks import StartSinks
from drctl.plans.steps.stop_sinks import StopSinks, that_ran


class StartPlacedSinks(StartSinks):
    """Start the sink connectors that are placed at the target and whose group has a position there.

    One that was never placed is named. So is one whose group has no position: started, it would deliver everything
    once more. One that does not work is noted with its reason; none of these is a failure of the run.
    """

    @override
    def _idle(self, ctx: StepContext) -> dict[str, str]:
        bare = self._bare(ctx)
        states = {name: ctx.target.connectors.state(name) for name in ctx.sinks}
        why = {name: seen.reason or str(seen.state) for name, seen in states.items() if not seen.working}
        never = [name for name, seen in states.items() if seen.state is ConnectorState.ABSENT]
        why |= dict.fromkeys(never, "it was never placed at the target")
        why |= {name: "not started: its group has no position at the target" for name in bare if name in why}
        return why

    @override
    def _startable(self, ctx: StepContext) -> list[str]:
        bare = self._bare(ctx)
        wanted = that_ran(ctx) if StopSinks.name in ctx.snapshots else ctx.sinks
        states = {name: ctx.target.connectors.state(name).state for name in wanted}
        return [name for name, state in states.items() if state is not ConnectorState.ABSENT and name not in bare]

    def _bare(self, ctx: StepContext) -> list[str]:
        covered = group_positions(ctx.evidence, CONFIRMED)
        return [name for name in ctx.sinks if ctx.world.plan.group_of(name) not in covered]
