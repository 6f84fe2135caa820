"""Static members of one site's consumer groups: their place in a group outlives them (KIP-345)."""

from collections.abc import Collection
from typing import Protocol

from drctl.model.session import Member
from drctl.ports.permit import Permit, always


class StaticMembers(Protocol):
    """Members with a ``group.instance.id``, as ``Positions.describe`` tells them."""

    def remove(self, group: str, members: Collection[Member], permit: Permit = always) -> frozenset[str]:
        """Take these out of their group; returns the ids of those that were removed now.

        Each only as long as it is that very member: one that is gone already is fine, and whoever has taken its static
        id over since stays. ``permit`` is asked before every request. Forbidden without READ on the group; Conflict if
        one of them has no static id, or no id by which it is told from others with the same.
        """
        ...
