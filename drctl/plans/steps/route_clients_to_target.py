"""route-clients-to-target."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans.entry_point import wait_until_reached
from drctl.plans.plan import Place, Step, StepContext


class RouteClientsToTarget(Step):
    """Point client routing at the target: producers and consumers go there.

    Where the plan file names what clients bootstrap through (`clientRouting.entryPoint`), the cluster that answers
    there must be the target's: that proves it, and not what was just written.
    """

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
        return {"client routing": site} | wait_until_reached(ctx, ctx.target)
