"""record-handover-point, of a failover."""

from typing import override

from drctl.plans.plan import StepContext
from drctl.plans.steps.record_handover_point import RecordHandoverPoint


class RecordFailoverPoint(RecordHandoverPoint):
    """Write the target's end offsets to the journal, before anybody may write there.

    After the source's return the link home starts from exactly this point. A move that was taken over after it had
    opened the target has written it down already; it can no longer be measured.
    """

    @override
    def check(self, ctx: StepContext) -> bool:
        return ctx.past_point_of_no_return and self.name in ctx.evidence
