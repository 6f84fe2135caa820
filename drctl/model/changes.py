"""Model what a site's groups do, as their coordinator writes it down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupProtocol, Member


class PositionMoved(NamedTuple):
    """A group committed a position, at ``milliseconds`` since 1970. ``topic_id`` is None where the record has none."""

    group: str
    partition: TopicPartition
    committed: Committed
    milliseconds: int
    topic_id: str | None = None


class PositionForgotten(NamedTuple):
    """A position was deleted or has expired."""

    group: str
    partition: TopicPartition


class GroupSeen(NamedTuple):
    """A group's whole membership from now on."""

    group: str
    protocol: GroupProtocol
    members: tuple[Member, ...] = ()


class GroupForgotten(NamedTuple):
    """A group was deleted. Its positions are forgotten one by one."""

    group: str


type Change = PositionMoved | PositionForgotten | GroupSeen | GroupForgotten


@dataclass(frozen=True, slots=True)
class UndecidedPartitions:
    """Partitions of ``__consumer_offsets``, of ``count``, whose newest records a transaction hides that does not end.

    ``records`` is how many offsets are hidden there; ``groups`` are named where groups are asked one by one. Nobody can
    tell the positions of these, and of the groups that live there.
    """

    partitions: frozenset[int] = frozenset()
    count: int = 0
    records: int = 0
    groups: frozenset[str] = frozenset()

    def hides(self, group: str) -> bool:
        """Whether that group's newest commits may be among what is hidden."""
        return group in self.groups or (self.count > 0 and partition_of(group, self.count) in self.partitions)


NOTHING_UNDECIDED = UndecidedPartitions()
"""Everything that was written can be read."""


def partition_of(group: str, count: int) -> int:
    """Return the partition of ``__consumer_offsets``, of ``count``, that a group lives in.

    As Kafka's ``GroupMetadataManager.partitionFor``: Java's hash of the name, over UTF-16 units, without its sign.
    """
    raw = group.encode("utf-16-be", "surrogatepass")
    number = 0
    for high, low in zip(raw[::2], raw[1::2], strict=True):
        number = (31 * number + (high << 8 | low)) & 0xFFFFFFFF
    number = number - 2**32 if number >= 2**31 else number
    return (0 if number == -(2**31) else abs(number)) % count  # of the smallest number Java has no absolute value


@dataclass(frozen=True, slots=True)
class TailBatch:
    """Hold what one look at the tail brought.

    ``behind`` is how many records there were still to read; None while that is not known yet, and before all that was
    there when the tail was opened is told. What a transaction hides counts; where that lasts, ``undecided`` says so.
    ``unknown`` counts, since the tail was opened, the records whose kind or version this drctl does not know, by that
    kind. ``polled`` is how many seconds a round of asking took where the topic may not be read, None where it is.
    ``whole``: the changes tell all that there is, and what was told before and is not among them is gone.
    """

    changes: Sequence[Change]
    behind: int | None
    unknown: Mapping[str, int] = field(default_factory=dict)
    polled: float | None = None
    undecided: UndecidedPartitions = NOTHING_UNDECIDED
    whole: bool = False
