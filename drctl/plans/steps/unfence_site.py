"""unfence-site."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.steps.check_others_closed import open_sites
from drctl.plans.waiting import wait_until_none


class UnfenceSite(Step):
    """Lift the deny rules that drctl made at the site, and see an ordinary client write there again.

    Every other site is asked once more right before. Rules that somebody else made stay, and are named.
    """

    name: ClassVar[str] = "unfence-site"
    title: ClassVar[str] = "Open the site for writing"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "kafka-acls.sh --bootstrap-server {source} --list"

    def check(self, ctx: StepContext) -> bool:
        return not fencing.own(ctx.source)

    def do(self, ctx: StepContext) -> Evidence:
        if reasons := list(open_sites(ctx)):
            raise StepFailed(f"{ctx.source.name} stays closed: {'; '.join(reasons)}", remedy="see 'drctl status'")
        ctx.check_authority()
        lifted = fencing.own(ctx.source)
        ctx.source.fence.lift(lifted)
        return {"lifted": sorted({denial.principal for denial in lifted})}

    def verify(self, ctx: StepContext) -> Evidence:
        fence = ctx.source.fence
        wait_until_none(ctx, "the site takes writes", lambda: fencing.refusals(fence))
        return {"canary": "written", "left as they are": fencing.of_others(ctx.source)}
