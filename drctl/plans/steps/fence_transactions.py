"""fence-transactions."""

from dataclasses import dataclass
from typing import ClassVar

from drctl.model.fence import Scope
from drctl.model.run import Evidence
from drctl.plans import fencing, standing_still
from drctl.plans.plan import Place, Step, StepContext


@dataclass(frozen=True, slots=True)
class FenceTransactions(Step):
    """Deny the same principals their transactional ids.

    Denying topics alone is not enough: a transaction that was open before could still be committed, and records would
    appear behind the fence. Once the rules were read back, the source's ends are looked at for the first time: the
    fence window begins here, if no transaction is open.
    """

    drained_next: bool = False
    """Whether `drain-link` comes behind the proof: what it asks Connect first is then asked within the window."""

    name: ClassVar[str] = "fence-transactions"
    title: ClassVar[str] = "Deny commits of transactions that are still open"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "kafka-acls.sh --bootstrap-server {source} --list --transactional-id '*'"

    def check(self, ctx: StepContext) -> bool:
        return fencing.stand(ctx, Scope.TRANSACTIONAL_IDS)

    def snapshot(self, ctx: StepContext) -> Evidence:
        return {"stood before": fencing.standing(ctx, Scope.TRANSACTIONAL_IDS)}

    def do(self, ctx: StepContext) -> Evidence:
        fencing.put_up(ctx, Scope.TRANSACTIONAL_IDS)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        denied = fencing.require(ctx, Scope.TRANSACTIONAL_IDS)
        standing_still.begin(ctx, drained_next=self.drained_next)
        return {"denied": denied}
