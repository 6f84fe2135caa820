"""place-sinks."""

from collections.abc import Mapping
from typing import ClassVar, override

from drctl.errors import NotFound
from drctl.model.link import ConnectorState
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Step, StepContext


class PlaceSinks(Step):
    """Create the sink connectors at the target, STOPPED, with the configuration that they have at the source.

    A connector that exists there keeps its own configuration: its database may be another one. Only names are written
    down, for a configuration may hold secrets.
    """

    name: ClassVar[str] = "place-sinks"
    title: ClassVar[str] = "Place the sink connectors at the target, stopped"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "drctl groups list"

    def check(self, ctx: StepContext) -> bool:
        return not self._absent(ctx)

    @override
    def foresee(self, ctx: StepContext) -> None:
        for name in self._absent(ctx):
            _definition(ctx, name)

    def do(self, ctx: StepContext) -> Evidence:
        placed = self._absent(ctx)
        for name in placed:
            config = _definition(ctx, name)
            ctx.check_authority()
            # STOPPED from its creation on: a sink that ran for a moment would begin where its group has no
            # position yet.
            ctx.target.connectors.put(name, config, ctx.check_authority)
        return {"placed": placed}

    def verify(self, ctx: StepContext) -> Evidence:
        return {"sinks": {name: ctx.target.connectors.state(name).state.value for name in ctx.sinks}}

    def _absent(self, ctx: StepContext) -> list[str]:
        return [name for name in ctx.sinks if ctx.target.connectors.state(name).state is ConnectorState.ABSENT]


def _definition(ctx: StepContext, name: str) -> Mapping[str, str]:
    """The configuration that the source has; NotFound if it has no such connector."""
    config = ctx.source.connectors.definition(name)
    if config is None:
        raise NotFound(f"{ctx.source.name}: there is no connector {name}", remedy="correct the sinks in the plan file")
    return config
