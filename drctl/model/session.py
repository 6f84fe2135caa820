"""Consumer groups as their coordinator tells them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from drctl.model.offsets import TopicPartition


class GroupProtocol(StrEnum):
    """How a group agrees on its members: the classic protocol, KIP-848's, or those of share and streams groups.

    OTHER is a kind that is not known here; UNTOLD is classic or KIP-848's, at brokers that do not tell which.
    """

    CLASSIC = "classic"
    CONSUMER = "consumer"
    SHARE = "share"
    STREAMS = "streams"
    OTHER = "other"
    UNTOLD = "unknown"


IMMOVABLE: Mapping[GroupProtocol, str] = {
    GroupProtocol.SHARE: "a share group: which records it has acknowledged, one by one, cannot be moved",
    GroupProtocol.STREAMS: "a streams group: its state stores cannot be moved",
    GroupProtocol.OTHER: "a group of a kind that is not known here: it cannot be moved",
}
"""Kinds of groups that drctl cannot move, and why."""


class GroupState(StrEnum):
    """A group's state, in the words of Kafka's own tools."""

    EMPTY = "Empty"
    STABLE = "Stable"
    REBALANCING = "Rebalancing"
    DEAD = "Dead"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Member:
    """One consumer in a group; ``instance_id`` is its static membership id (``group.instance.id``) or None.

    ``left``: it has told its coordinator that it leaves, and only its place is kept. Of classic groups that is never
    known: a static member leaves them without a word, like one that lives, until its session times out.
    """

    member_id: str
    client_id: str
    host: str
    instance_id: str | None = None
    assignment: frozenset[TopicPartition] = frozenset()
    left: bool = False

    @property
    def address(self) -> str:
        """The address that its coordinator has seen it at, in its usual form; empty if the host tells none."""
        try:
            return str(ip_address(self.host.rpartition("/")[2]))
        except ValueError:
            return ""

    def __str__(self) -> str:
        return f"{self.client_id} at {self.host}" + (f", static member {self.instance_id}" if self.instance_id else "")


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group. A group that does not exist is DEAD and has no members.

    Of share and streams groups the members are not told.
    """

    name: str
    protocol: GroupProtocol
    state: GroupState
    members: tuple[Member, ...] = ()

    @property
    def takes_positions(self) -> bool:
        """Whether a position can be committed from outside: only while nobody is in the group.

        Never for a share or streams group: it would be none of the states in which such a group goes on. Nor for one of
        a kind that is not known here.
        """
        if self.protocol in (GroupProtocol.SHARE, GroupProtocol.STREAMS) or self.immovable:
            return False
        return self.state in (GroupState.EMPTY, GroupState.DEAD) and not self.members

    @property
    def immovable(self) -> str:
        """Why a group of its kind cannot be moved; empty if it can be, or does not exist."""
        return "" if self.state is GroupState.DEAD else IMMOVABLE.get(self.protocol, "")

    @property
    def static_ids(self) -> list[str]:
        """The static membership ids of its members, sorted."""
        return sorted(member.instance_id for member in self.members if member.instance_id)
