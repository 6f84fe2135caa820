"""reverse-replication."""

from collections.abc import Mapping
from typing import ClassVar, override

from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.plans import evidence
from drctl.plans.link_evidence import link_evidence
from drctl.plans.linking import Point, start_from, was_set
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.step_evidence import HandoverPoint, left
from drctl.plans.steps.read_handover_point import ReadHandoverPoint


class ReverseReplication(Step):
    """Start the link home from exactly the handover point, so that nothing is copied that came from the old source.

    The old source stays fenced; only the replication principal writes there. Both directions never run at once.
    That the point was set is journaled: a link home that somebody else has started counts for nothing.
    Clients do not wait for it: where the old site does not answer, or holds what it should not, the run ends and this
    is pending.
    """

    name: ClassVar[str] = "reverse-replication"
    title: ClassVar[str] = "Start the link home from the handover point"
    at: ClassVar[Place] = Place.SOURCE
    may_end_pending: ClassVar[bool] = True
    inspect: ClassVar[str] = 'curl "{source.connect}/connectors?expand=status"'

    def check(self, ctx: StepContext) -> bool:
        return ctx.home.replication.status().working and was_set(ctx.world, ctx.home, self._move(ctx))

    @override
    def foresee(self, ctx: StepContext) -> None:
        ctx.forward.replication.status()

    def do(self, ctx: StepContext) -> Evidence:
        point = Point(self.name, self._move(ctx), self._ends(ctx))
        return start_from(ctx, ctx.home, ctx.forward, point)

    def verify(self, ctx: StepContext) -> Evidence:
        return {"from": evidence.to_json(self._ends(ctx))} | link_evidence(ctx.home.replication.status())

    def _move(self, ctx: StepContext) -> str:
        """The run whose handover point it is: this one, or the one that a reversal makes up for."""
        return str(ctx.evidence.get(ReadHandoverPoint.name, {}).get("move", ctx.run.id))

    def _ends(self, ctx: StepContext) -> Mapping[TopicPartition, int]:
        return left(HandoverPoint, ctx.evidence).ends
