"""close-client-routing."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.plans.membership import membership
from drctl.plans.plan import Place, Step, StepContext


class CloseClientRouting(Step):
    """Close client routing, so that consumers begin to leave the source; nobody waits for them here.

    Consumers that obey client routing finish the record in hand, commit and leave. A static member's place is kept
    until its session has timed out, unless it is known to be gone: that time passes while the fence is proven and the
    last records are copied.
    Where client routing pointed, and who was in the groups, is written down first.
    """

    name: ClassVar[str] = "close-client-routing"
    title: ClassVar[str] = "Tell the consumers to leave the source"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "cat client-routing.json"

    def check(self, ctx: StepContext) -> bool:
        # Elsewhere is as good as closed. A run that goes on behind the step that sends clients to the target
        # must not take them away from there.
        return ctx.world.client_routing.site() != ctx.source.name

    def snapshot(self, ctx: StepContext) -> Evidence:
        return {"client routing": ctx.world.client_routing.site()} | membership(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        ctx.check_authority()
        ctx.world.client_routing.route_to(None)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        return {"client routing": ctx.world.client_routing.site()}
