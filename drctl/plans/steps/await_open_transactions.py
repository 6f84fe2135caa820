"""await-open-transactions."""

from typing import ClassVar

from drctl.errors import DeadlinePassed
from drctl.model.fence import Scope
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.waiting import wait_until_none

_GRACE = 5.0
"""Seconds: a live producer ends its transaction within a few, and clients wait; what stays open is aborted later."""


class AwaitOpenTransactions(Step):
    """Give live producers a few seconds to commit or abort the transactions that were open when the fence came.

    What is still open afterwards is aborted by its coordinator when its timeout passes; prove-fence waits for that.
    """

    name: ClassVar[str] = "await-open-transactions"
    title: ClassVar[str] = "Let open transactions end"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "kafka-transactions.sh --bootstrap-server {source} list"

    def check(self, ctx: StepContext) -> bool:
        return not self._open(ctx) or fencing.stand(ctx, Scope.TRANSACTIONAL_IDS)

    def do(self, ctx: StepContext) -> Evidence:
        try:
            wait_until_none(ctx, "open transactions end", lambda: self._open(ctx), within=_GRACE)
        except DeadlinePassed:
            ctx.report("some transactions stay open: their coordinators will abort them")
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        return {"still open": self._open(ctx)}

    def _open(self, ctx: StepContext) -> list[str]:
        return fencing.open_transactions(ctx.source, ctx.partitions(ctx.source))
