"""prove-fence, for a site that came back."""

from typing import override

from drctl.model.run import Evidence
from drctl.plans import evidence, fencing, openness
from drctl.plans.plan import StepContext
from drctl.plans.standing_still import refuse
from drctl.plans.step_evidence import FenceProof, left_if_any
from drctl.plans.steps.prove_fence import ProveFence
from drctl.plans.steps.see_open_site import SeeOpenSite


class ProveClosed(ProveFence):
    """Prove by data that nobody can write at the returned site any more: what the failover could not, is proven now.

    First no transaction may be open (those whose producers are gone are aborted by their coordinators when they time
    out), then no partition may gain a record over the whole fence window, then an ordinary client must be refused.
    """

    @override
    def disprove(self, ctx: StepContext) -> None:
        if proven := left_if_any(FenceProof, ctx.evidence):
            refuse(ctx, fencing.growth(ctx.source, proven.ends))

    @override
    def foresee(self, ctx: StepContext) -> None:
        """Nothing: the Connect worker of a site that came back may still be silent, and is not asked."""

    @override
    def verify(self, ctx: StepContext) -> Evidence:
        return fencing.proven(super().verify(ctx))


class ProveClosedLate(ProveClosed):
    """Prove by data that nobody can write at the site any more, and tell for how long it may have been written to.

    First no transaction may be open (those whose producers are gone are aborted by their coordinators when they time
    out), then no partition may gain a record over the whole fence window, then an ordinary client must be refused. What
    was acknowledged since the site was last found silent is part of the tail that a salvage saves.
    """

    @override
    def verify(self, ctx: StepContext) -> Evidence:
        proven = super().verify(ctx)
        known, seen = ctx.snapshots[SeeOpenSite.name], ctx.evidence[SeeOpenSite.name]
        return proven | {"open": openness.ended(known, evidence.from_json(seen["ends"]), proven, ctx.world.clock)}
