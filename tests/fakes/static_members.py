"""Static members of one site's groups, in memory."""

from collections.abc import Collection

from drctl.errors import Conflict, Forbidden
from drctl.model.session import Member
from drctl.ports.permit import Permit, always
from tests.fakes.effects import Effects
from tests.fakes.site import FakeSite


class FakeStaticMembers:
    """Implements :class:`drctl.ports.StaticMembers`. ``READ`` in what the site withholds keeps anybody from removal."""

    def __init__(self, site: FakeSite, effects: Effects | None = None) -> None:
        self.site = site
        self._effects = effects or Effects()

    def remove(self, group: str, members: Collection[Member], permit: Permit = always) -> frozenset[str]:
        for each in members:
            if not each.instance_id or not each.member_id:
                lacks = "static id" if each.member_id else "member id"
                raise Conflict(f"{self.site.name}: {each.client_id} of group {group} has no {lacks}")
        permit()
        self.site.reach()
        if "READ group" in self.site.withheld:
            raise Forbidden(f"{self.site.name}: User:drctl may not READ group {group}")
        there = self.site.groups.get(group)
        wanted = {(each.member_id, each.instance_id) for each in members}
        gone = {m.member_id for m in there.members if (m.member_id, m.instance_id) in wanted} if there else set()
        if there and gone:
            names = " and ".join(sorted(gone))
            with self._effects(f"remove {names} from {group} at {self.site.name}"):
                there.members = tuple(each for each in there.members if each.member_id not in gone)
        return frozenset(gone)
