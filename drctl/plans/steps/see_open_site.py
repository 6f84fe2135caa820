"""see-open-site."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from drctl.errors import Refused
from drctl.model.fence import FenceState
from drctl.model.run import Evidence
from drctl.plans import failovers, openness
from drctl.plans.failovers import StandingFailover
from drctl.plans.plan import Place, Step, StepContext


@dataclass(frozen=True, slots=True)
class SeeOpenSite(Step):
    """See that the site which answers is the one that a failover left behind and could not close.

    Nothing is asked of it but where its logs end: every moment counts. When it was last found silent is written down,
    for from then on it may have taken writes.
    """

    silent: datetime | None = None
    answered: datetime | None = None
    name: ClassVar[str] = "see-open-site"
    title: ClassVar[str] = "See that the site that is back was left by a failover"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "drctl status"

    def check(self, ctx: StepContext) -> bool:
        return self.name in ctx.evidence

    def snapshot(self, ctx: StepContext) -> Evidence:
        left = _left(ctx)
        known = [each for each in (self.silent, left.silent_at) if each is not None]
        return openness.begun(max(known, default=None), self.answered or ctx.world.clock.now())

    def do(self, ctx: StepContext) -> Evidence:  # noqa: ARG002 - looking is all
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        left = _left(ctx)
        if ctx.world.client_routing.site() == ctx.source.name:
            raise Refused(
                f"client routing points at {ctx.source.name}: clients are sent there, so it is not closed",
                remedy="see 'drctl status'; to leave it use 'drctl switchover' or 'drctl failover'",
            )
        found = openness.ends(ctx.source, ctx.partitions(ctx.source))
        return {"failover": left.run.id, "fence was": left.fence.value, "ends": found}


def _left(ctx: StepContext) -> StandingFailover:
    """The failover that stands, if it left this site; Refused else, and once the site is proven to be closed."""
    left, name = failovers.standing(ctx.world), ctx.source.name
    if left is None or left.left != name:
        raise Refused(f"no failover that stands has left {name}: it is not closed", remedy="see 'drctl status'")
    if left.fence is FenceState.PROVEN:
        raise Refused(f"{name} is closed, and it was proven: {left.fence_why}", remedy="'drctl salvage' is next")
    return left
