"""route-clients-to-target."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Step, StepContext


class RouteClientsToTarget(Step):
    """Point client routing at the target: producers and consumers go there."""

    name: ClassVar[str] = "route-clients-to-target"
    title: ClassVar[str] = "Send the clients to the target"
    at: ClassVar[Place] = Place.TARGET
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "cat client-routing.json"

    def check(self, ctx: StepContext) -> bool:
        return ctx.world.client_routing.site() == ctx.target.name

    def do(self, ctx: StepContext) -> Evidence:
        ctx.check_authority()
        ctx.world.client_routing.route_to(ctx.target.name)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        site = ctx.world.client_routing.site()
        if site != ctx.target.name:
            raise StepFailed(f"client routing points to {site}, not to {ctx.target.name}")
        return {"client routing": site}
