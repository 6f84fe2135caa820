"""start-sinks, of a failover."""

from collections.abc import Mapping
from typing import override

from drctl.decide.sink_groups import group_in
from drctl.model.link import ConnectorState
from drctl.model.workloads import NOT_ASKED
from drctl.plans.plan import StepContext
from drctl.plans.step_evidence import CONFIRMED, group_positions
from drctl.plans.steps.start_sinks import StartSinks
from drctl.plans.steps.stop_sinks import StopSinks, that_ran


class StartPlacedSinks(StartSinks):
    """Start the sink connectors that are placed at the target and whose group has a position there.

    One that was never placed is named. So is one whose group has no position, or is not the group that it would read as
    there, or is known to nobody: started, it would deliver everything once more. One that does not work is noted with
    its reason; none of these is a failure of the run.
    """

    @override
    def _idle(self, ctx: StepContext) -> dict[str, str]:
        states = {name: ctx.target.connectors.state(name) for name in ctx.sinks}
        why = {name: seen.reason or str(seen.state) for name, seen in states.items() if not seen.working}
        never = [name for name, seen in states.items() if seen.state is ConnectorState.ABSENT]
        why |= {name: f"not started: {reason}" for name, reason in _declined(ctx).items() if name in why}
        return why | dict.fromkeys(never, "it was never placed at the target")

    @override
    def _startable(self, ctx: StepContext) -> list[str]:
        wanted = that_ran(ctx) if StopSinks.name in ctx.snapshots else ctx.sinks
        states = {name: ctx.target.connectors.state(name).state for name in wanted}
        declined = _declined(ctx)
        return [name for name, state in states.items() if state is not ConnectorState.ABSENT and name not in declined]


def _declined(ctx: StepContext) -> Mapping[str, str]:
    """Sinks that nobody may start, with why."""
    covered = group_positions(ctx.evidence, CONFIRMED)
    found: dict[str, str] = {}
    for name in ctx.sinks:
        told = ctx.world.plan.sink_groups.get(name, NOT_ASKED)
        if told.name is None:
            found[name] = f"the group that it reads as is unknown: {told.unknown}"
        elif told.name not in covered:
            found[name] = "its group has no position at the target"
        elif (there := _group_there(ctx, name)) not in (None, told.name):
            found[name] = f"there it reads as {there}, and its position is that of {told.name}"
    return found


def _group_there(ctx: StepContext, sink: str) -> str | None:
    config = ctx.target.connectors.definition(sink)
    return None if config is None else group_in(sink, config)
