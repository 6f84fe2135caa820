"""record-handover-point."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.step_evidence import HandoverPoint, left
from drctl.plans.waiting import wait_until_none


class RecordHandoverPoint(Step):
    """Write the target's end offsets to the journal, before anybody may write there.

    The link home starts from exactly this point. Once the target is open it can no longer be measured, so a resumed
    run takes it from the journal.
    """

    name: ClassVar[str] = HandoverPoint.step
    title: ClassVar[str] = "Record where the link home will begin"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "kafka-get-offsets.sh --bootstrap-server {target} --time latest"

    def check(self, ctx: StepContext) -> bool:
        return ctx.past_point_of_no_return

    def do(self, ctx: StepContext) -> Evidence:
        partitions, ends = ctx.partitions(ctx.target), dict[TopicPartition, int]()

        def open_transactions() -> list[str]:
            # The look that finds none open is the one that counts: all ends as they were then, when nobody may write.
            bounds = ctx.target.records.bounds(partitions)
            ends.update({p: each.stable for p, each in bounds.items()})
            return [str(p) for p, each in sorted(bounds.items()) if each.stable < each.high]

        wait_until_none(
            ctx,
            "the link's last transaction has ended",
            open_transactions,
            remedy="is somebody else writing at the target?",
        )
        return HandoverPoint(ends).to_json()

    def verify(self, ctx: StepContext) -> Evidence:
        grown = fencing.growth(ctx.target, left(HandoverPoint, ctx.evidence).ends)
        if grown:
            raise StepFailed(
                f"{ctx.target.name}: {', '.join(map(str, grown))} grew while nobody may write there",
                remedy="find who writes at the target",
            )
        return {}
