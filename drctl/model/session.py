"""Consumer groups as their coordinator tells them."""

from dataclasses import dataclass
from enum import StrEnum

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
    """One consumer in a group; ``instance_id`` is its static membership id (``group.instance.id``) or None."""

    member_id: str
    client_id: str
    host: str
    instance_id: str | None = None
    assignment: frozenset[TopicPartition] = frozenset()


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
