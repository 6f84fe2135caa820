"""route-clients-to-source."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.steps.close_client_routing import CloseClientRouting
from drctl.plans.steps.drain_consumers import DrainConsumers


class RouteClientsToSource(Step):
    """Point client routing to where it pointed before: the consumers go on at the source where they left off."""

    name: ClassVar[str] = "route-clients-to-source"
    title: ClassVar[str] = "Send the clients back to the source"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "cat client-routing.json"

    def check(self, ctx: StepContext) -> bool:
        return ctx.world.client_routing.site() == self._before(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        ctx.check_authority()
        ctx.world.client_routing.route_to(self._before(ctx))
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        site = ctx.world.client_routing.site()
        if site != self._before(ctx):
            raise StepFailed(f"client routing points to {site}, not to {self._before(ctx)}")
        return {"client routing": site}

    def _before(self, ctx: StepContext) -> str:
        """Where it pointed before this run closed it; where it points if this run did not.

        Closed client routing was closed by this run, whether its journal knows that or not: the gates want it open.
        """
        steps = (CloseClientRouting.name, DrainConsumers.name)  # up to version 0.2 the second one closed it
        noted = (ctx.snapshots.get(step, {}).get("client routing") for step in steps)
        return next((site for site in noted if site), ctx.world.client_routing.site()) or ctx.source.name
