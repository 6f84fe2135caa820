"""drain-consumers, of a handover."""

from typing import ClassVar, override

from drctl.model.run import Evidence
from drctl.plans.plan import StepContext
from drctl.plans.steps.drain_consumers import DrainConsumers
from drctl.plans.waiting import wait_until_none


class WaitUntilEmpty(DrainConsumers):
    """Wait until every group that is handed over is empty at the source.

    Client routing stays where it is, for the others: who runs these consumers stops them. A group that does not empty
    is named with its members, their client ids and hosts.
    """

    title: ClassVar[str] = "Wait until the groups' consumers have left the source"

    @override
    def do(self, ctx: StepContext) -> Evidence:
        wait_until_none(
            ctx, "the groups are empty", lambda: self._inside(ctx), remedy="stop these consumers and run it again"
        )
        return {}
