"""What a site's groups do, as their coordinator writes it down."""

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
class Tailed:
    """What one look at the tail brought.

    ``behind`` is how many records there were still to read; None while that is not known yet. ``unknown`` counts, since
    the tail was opened, the records whose kind or version this drctl does not know, by that kind. ``polled`` is how
    many seconds a round of asking took where the topic may not be read, None where it is.
    """

    changes: Sequence[Change]
    behind: int | None
    unknown: Mapping[str, int] = field(default_factory=dict)
    polled: float | None = None
