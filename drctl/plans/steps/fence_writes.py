"""fence-writes."""

from typing import ClassVar

from drctl.model.fence import Scope
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Step, StepContext


class FenceWrites(Step):
    """Deny every writer but the replication principals to write to any topic of the source.

    Users of the platform that the plan file names, and that can write nothing that moves, are left their own topics. A
    deny rule is applied to each request, also on open connections, and beats every allow rule. It does not bind super
    users. Transactional ids are not denied yet, so that live producers can end their open transactions.
    """

    name: ClassVar[str] = "fence-writes"
    title: ClassVar[str] = "Deny writes at the source, except replication"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "kafka-acls.sh --bootstrap-server {source} --list --topic '*'"

    def check(self, ctx: StepContext) -> bool:
        return fencing.stand(ctx, Scope.TOPICS)

    def snapshot(self, ctx: StepContext) -> Evidence:
        return {"stood before": fencing.standing(ctx, Scope.TOPICS)}

    def do(self, ctx: StepContext) -> Evidence:
        fencing.put_up(ctx, Scope.TOPICS)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        return {"denied": fencing.require(ctx, Scope.TOPICS)}
