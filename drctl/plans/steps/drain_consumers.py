"""drain-consumers."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.plans.membership import membership
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.waiting import wait_until_none


class DrainConsumers(Step):
    """Wait until every group at the source is empty.

    Client routing was closed before. A group that does not empty is named with its members, their client ids and hosts.
    """

    name: ClassVar[str] = "drain-consumers"
    title: ClassVar[str] = "Let the consumers leave the source"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {source} --describe --all-groups --state"

    def check(self, ctx: StepContext) -> bool:
        return not self._inside(ctx)

    def snapshot(self, ctx: StepContext) -> Evidence:
        return membership(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        wait_until_none(
            ctx,
            "every group is empty",
            lambda: self._inside(ctx),
            remedy="stop these consumers, or make them follow client routing",
        )
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        groups = ctx.source.positions.describe(ctx.groups)
        return {"groups": {name: groups[name].state.value for name in sorted(groups)}}

    def _inside(self, ctx: StepContext) -> list[str]:
        """Groups that are not empty, with their members."""
        groups = ctx.source.positions.describe(ctx.groups)
        inside = [group for _, group in sorted(groups.items()) if not group.takes_positions]
        return [
            f"group {group.name} is {group.state} with "
            + (", ".join(f"{m.client_id} at {m.host}" for m in group.members) or "no member")
            for group in inside
        ]
