"""drain-consumers."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.scaling import SCALE_DOWN
from drctl.plans.waiting import wait_until_none


class DrainConsumers(Step):
    """Close client routing, and wait until every group at the source is empty.

    Consumers that obey the door finish the record in hand, commit and leave. A group that does not empty is named with
    its members, their client ids and hosts.
    """

    name: ClassVar[str] = "drain-consumers"
    title: ClassVar[str] = "Let the consumers leave the source"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {source} --describe --all-groups --state"

    def check(self, ctx: StepContext) -> bool:
        return ctx.world.client_routing.site() != ctx.source.name and not self._inside(ctx)

    def snapshot(self, ctx: StepContext) -> Evidence:
        return {"client routing": ctx.world.client_routing.site()} | membership(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        if ctx.world.client_routing.site() == ctx.source.name:
            ctx.check_authority()
            ctx.world.client_routing.route_to(None)
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


def membership(ctx: StepContext) -> Evidence:
    """Who is to be met again at the target: members by group, and their static ids.

    Pods that are scaled down leave their groups before this step begins: what that step saw counts, too.
    """
    groups, before = ctx.source.positions.describe(ctx.groups), ctx.snapshots.get(SCALE_DOWN, {})
    members = {name: len(groups[name].members) for name in sorted(groups)}
    static = {name: ids for name in sorted(groups) if (ids := groups[name].static_ids)}
    return {
        "members": {name: max(count, before.get("members", {}).get(name, 0)) for name, count in members.items()},
        "static ids": before.get("static ids", {}) | static,
    }
