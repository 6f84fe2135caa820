"""read-handover-point."""

from dataclasses import dataclass
from typing import ClassVar

from drctl.errors import Refused
from drctl.model.fence import Scope
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.pending import evidence_of, pending_reversal
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.standing_still import refuse
from drctl.plans.step_evidence import FenceProof, HandoverPoint, left


@dataclass(frozen=True, slots=True)
class ReadHandoverPoint(Step):
    """Read from the journal where the move that is made up for left both sites, and hold the old one to it.

    Its logs must end where its fence was proven: a record behind that was copied by nobody, and the link home would
    leave it lying there unseen.
    """

    move: str
    name: ClassVar[str] = "read-handover-point"
    title: ClassVar[str] = "Read where the move left both sites"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "drctl runs show --evidence"

    def check(self, ctx: StepContext) -> bool:  # noqa: ARG002 - read again by every process, for the steps that follow
        return False

    def do(self, ctx: StepContext) -> Evidence:
        owed = pending_reversal(ctx.world)
        if owed is None or owed.run.id != self.move:
            raise Refused("replication home is not pending: nothing is to be made up for", remedy="see 'drctl status'")
        if ctx.world.client_routing.site() == ctx.source.name:
            raise Refused(
                f"clients are sent to {ctx.source.name}: replication to it cannot begin", remedy="see 'drctl status'"
            )
        before = evidence_of(ctx.world, self.move)
        for name in (FenceProof.step, HandoverPoint.step):
            ctx.evidence[name] = before[name]
        return {"move": self.move, "was pending": owed.why}

    def verify(self, ctx: StepContext) -> Evidence:
        # A site that is open is closed first; one that is closed and has grown is left as it is, epoch and all.
        closed = all(fencing.stand(ctx, scope) for scope in Scope)
        if closed and ctx.home.replication.status().copies_nothing:
            refuse(ctx, fencing.growth(ctx.source, left(FenceProof, ctx.evidence).ends))
        return {"was closed": closed}
