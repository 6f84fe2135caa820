"""unfence-source."""

from collections.abc import Mapping
from typing import ClassVar, override

from drctl.errors import StepFailed, Unreachable
from drctl.model.fence import Attestation, DenyRule, Scope
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.closed import LEFT_CLOSED, UNFENCE_SOURCE, require_closed, vouched
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.selection import FAILOVER
from drctl.plans.steps.check_gates import CheckGates
from drctl.plans.steps.fence_transactions import FenceTransactions
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.waiting import wait_until_none

TOOK_A_WRITE = "canary"
"""Key in this step's evidence: only then is the source said to be open."""
_PUT_UP_BY = {Scope.TOPICS: FenceWrites.name, Scope.TRANSACTIONAL_IDS: FenceTransactions.name}


class UnfenceSource(Step):
    """Lift the deny rules that this run put up at the source, both kinds, and see an ordinary client write again.

    First on the rollback: whatever else may fail, clients can work. It asks the target first, which has to be closed as
    the target itself tells. One that is silent counts as closed only if the journal proves that it was, and that no run
    has begun to open it since, and a person attests that it takes no writes (`--attest-target-down`).

    A run that has passed its gates found no rule of drctl at the source, so all that stand there are its own, whether
    its journal still knows of them or not. Of one that has not, rules that stood before are not touched, and it is said
    that the site is left closed. Nor are those that somebody else made.
    """

    name: ClassVar[str] = UNFENCE_SOURCE
    title: ClassVar[str] = "Open the source again"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "kafka-acls.sh --bootstrap-server {source} --list"

    def check(self, ctx: StepContext) -> bool:
        return not self._ours(ctx)

    @override
    def foresee(self, ctx: StepContext) -> None:
        self._require_closed_target(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        word = self._require_closed_target(ctx)
        ctx.check_authority()
        return self._lift(ctx) | vouched(word)

    def _lift(self, ctx: StepContext) -> Evidence:
        ctx.source.fence.lift(self._ours(ctx))
        return {}

    @staticmethod
    def _require_closed_target(ctx: StepContext) -> Attestation | None:
        """StepFailed if it is open. One that fell silent is as closed as this process has seen it, or as is vouched."""
        try:
            reasons = fencing.not_closed(ctx.world, ctx.target)
        except Unreachable as silent:
            # Seen closed by this very process, which holds the lease: no other run can have opened it
            # since, and this one has not come to that.
            return None if ctx.saw_target_closed else require_closed(ctx, ctx.target, silent)
        if reasons:
            raise StepFailed(
                f"{ctx.source.name} stays closed, because {ctx.target.name} is not: {'; '.join(reasons)}",
                remedy=f"deny these writers at {ctx.target.name} by hand, then run the same command again",
            )
        return None

    def verify(self, ctx: StepContext) -> Evidence:
        fence = ctx.source.fence
        wait_until_none(ctx, "the deny rules are gone", lambda: sorted(d.principal for d in self._ours(ctx)))
        if left := fencing.own(ctx.source):
            return {LEFT_CLOSED: sorted({denial.principal for denial in left})}
        wait_until_none(ctx, "the source takes writes", lambda: fencing.refusals(fence))
        return {TOOK_A_WRITE: "written", "left as they are": fencing.of_others(ctx.source)}

    def _ours(self, ctx: StepContext) -> frozenset[DenyRule]:
        passed = ctx.run.kind != FAILOVER and CheckGates.name in ctx.evidence
        return frozenset(d for d in fencing.own(ctx.source) if passed or _is_ours(ctx, d))


def _is_ours(ctx: StepContext, denial: DenyRule) -> bool:
    """Whether the rule came with this run; a step that never intended anything put up nothing."""
    snapshot = ctx.snapshots.get(_PUT_UP_BY[denial.scope])
    return snapshot is not None and denial.principal not in snapshot["stood before"]


def is_open(seen: Mapping[str, Evidence]) -> bool:
    """Whether the rollback has opened the source again, by the evidence of a run."""
    return bool(seen.get(UnfenceSource.name, {}).get(TOOK_A_WRITE))
