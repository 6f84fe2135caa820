"""Static members whose process has ended are removed from their groups, instead of waiting for their sessions' end.

Certain it is in two cases only: the pod in which a member ran is gone, or the member itself has told its coordinator
that it leaves, as KIP-848 has it. Why nobody else is removed, and what happens where that is wrong after all, stands in
docs/adr/0027-only-static-members-that-are-gone-are-removed.md.
"""

from collections.abc import Collection
from operator import itemgetter

from drctl.decide.departed import abandoned, inside_pods
from drctl.errors import DrctlError, JournalBroken, Refused
from drctl.model.run import Evidence
from drctl.model.session import Group
from drctl.plans.plan import StepContext
from drctl.plans.scaling import SCALE_DOWN, scaling_at, taken_along

IN_PODS = "static members in pods"
"""Where scale-down-source writes down, by group, who ran in the pods that it ends."""


def members_in_pods(ctx: StepContext, groups: Collection[Group]) -> Evidence:
    """The static members of these groups at the source that run in pods of what is taken along; none is no entry.

    Asked after the groups were, and before any pod is ended.
    """
    if not any(group.static_ids for group in groups):
        return {}
    addresses = {str(what): scaling_at(ctx.source).state(what).addresses for what in taken_along(ctx)}
    found: dict[str, list[dict[str, str | None]]] = {}
    for group in sorted(groups, key=lambda each: each.name):
        members = [
            {"static id": member.instance_id, "member": member.member_id, "in": owner}
            for member, owner in inside_pods(group.members, addresses)
        ]
        if members:
            found[group.name] = members
    return {IN_PODS: found} if found else {}


class Departures:
    """Removes who is certainly gone from the source's groups. Who cannot be removed is waited for.

    ``removed`` are static ids by group.
    """

    def __init__(self, ctx: StepContext) -> None:
        self.ctx = ctx
        self.removed: dict[str, list[str]] = {}
        self._kept: dict[str, str] = {}
        # That the pods are gone is a condition of every step behind the one that ended them, and was just asked.
        in_pods = ctx.snapshots.get(SCALE_DOWN, {}).get(IN_PODS, {})
        self._gone = {group: set(map(itemgetter("member"), members)) for group, members in in_pods.items()}

    def remove(self, groups: Collection[Group]) -> bool:
        """Empty those of these groups in which nobody else is left; whether any member was removed."""
        wanted = [group for group in abandoned(groups, self._gone) if group.name not in self._kept]
        return sum(self._remove(group) for group in wanted) > 0

    def kept(self, group: Group) -> str:
        """Why members that are gone are waited for all the same, for people; empty if there is nothing to say."""
        return self._kept.get(group.name, "")

    def _remove(self, group: Group) -> bool:
        try:
            done = self.ctx.source.static_members.remove(group.name, group.members, self.ctx.check_authority)
        except (Refused, JournalBroken):
            raise  # somebody else is in charge
        except DrctlError as error:
            if not error.transient:  # what may pass by itself is tried again
                self._kept[group.name] = str(error)
            return False
        ids = {member.instance_id for member in group.members if member.instance_id and member.member_id in done}
        self.removed |= {group.name: sorted({*self.removed.get(group.name, ()), *ids})} if ids else {}
        return bool(done)
