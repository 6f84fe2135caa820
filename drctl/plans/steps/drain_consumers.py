"""drain-consumers."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.model.session import Group
from drctl.plans.departures import Departures
from drctl.plans.membership import membership
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.waiting import wait_until_none


class DrainConsumers(Step):
    """Wait until every group at the source is empty.

    Client routing was closed before. A static member that leaves keeps its place until its session times out, which is
    waited for, with one exception: where all who are left in a group are certainly gone they are removed from it. That
    is so where the pod of a member has ended in `scale-down-source`, or where the member of a KIP-848 group has told
    its coordinator that it leaves. A group that does not empty is named with its members, their client ids and hosts.
    """

    name: ClassVar[str] = "drain-consumers"
    title: ClassVar[str] = "Let the consumers leave the source"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {source} --describe --all-groups --state"
    until: ClassVar[str] = "every group is empty"
    remedy: ClassVar[str] = "stop these consumers, or make them follow client routing"

    def check(self, ctx: StepContext) -> bool:
        return not _inside(ctx)

    def snapshot(self, ctx: StepContext) -> Evidence:
        return membership(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        departures = Departures(ctx)

        def left() -> list[str]:
            groups = _inside(ctx)
            # Looked at again right away: the group that has just become empty is the one that clients wait
            # for.
            if departures.remove(groups):
                groups = _inside(ctx)
            return [_shown(group, departures.kept(group)) for group in groups]

        wait_until_none(ctx, self.until, left, remedy=self.remedy)
        return {"static members removed": departures.removed} if departures.removed else {}

    def verify(self, ctx: StepContext) -> Evidence:
        groups = ctx.source.positions.describe(ctx.groups)
        return {"groups": {name: groups[name].state.value for name in sorted(groups)}}


def _inside(ctx: StepContext) -> list[Group]:
    """Groups that are not empty."""
    groups = ctx.source.positions.describe(ctx.groups)
    return [group for _, group in sorted(groups.items()) if not group.takes_positions]


def _shown(group: Group, kept: str) -> str:
    """Such a group with its members."""
    members = ", ".join(map(str, group.members)) or "no member"
    return f"group {group.name} is {group.state} with {members}" + (f" (gone, and not removed: {kept})" if kept else "")
