"""Consumer groups as their coordinator tells them."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from drctl.model.offsets import TopicPartition


class GroupProtocol(StrEnum):
    """How a group agrees on its members: the classic protocol or KIP-848's."""

    CLASSIC = "classic"
    CONSUMER = "consumer"
    OTHER = "other"


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
    """A consumer group. A group that does not exist is DEAD and has no members."""

    name: str
    protocol: GroupProtocol
    state: GroupState
    members: tuple[Member, ...] = ()

    @property
    def takes_positions(self) -> bool:
        """Whether a position can be committed from outside: only while nobody is in the group."""
        return self.state in (GroupState.EMPTY, GroupState.DEAD) and not self.members

    @property
    def static_ids(self) -> list[str]:
        """The static membership ids of its members, sorted."""
        return sorted(member.instance_id for member in self.members if member.instance_id)
