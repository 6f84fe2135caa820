"""Model what a failover left behind on the lost site: its stranded tail, record by record, and what becomes of it."""

from dataclasses import dataclass
from enum import StrEnum

from drctl.model.offsets import Span, TopicPartition


class Fate(StrEnum):
    """How the transaction of a record ended; a record of none is committed. OPEN: it has not ended yet."""

    COMMITTED = "committed"
    ABORTED = "aborted"
    OPEN = "open"


class Stamped(StrEnum):
    """Who set a record's time."""

    PRODUCER = "CreateTime"
    LOG = "LogAppendTime"
    NOBODY = "none"


class Decision(StrEnum):
    """Say what becomes of a topic's stranded records."""

    REPLAY = "replay"
    DISCARD = "discard"
    HAND_OVER = "hand-over"


@dataclass(frozen=True, slots=True)
class Content:
    """A record as it is in the log, bytes untouched: ``value`` None is a tombstone. ``milliseconds`` since 1970.

    Its bytes appear in no ``repr``: they may be personal data.
    """

    partition: TopicPartition
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    milliseconds: int | None = None
    stamped: Stamped = Stamped.PRODUCER
    fate: Fate = Fate.COMMITTED
    leader_epoch: int | None = None

    def __repr__(self) -> str:
        return f"Content({self.partition} at {self.offset}, {self.fate})"


@dataclass(frozen=True, slots=True)
class StrandedSpan:
    """One partition's stranded span on a topic of that id; what lies in ``[frontier, span.start)`` was copied, proven.

    ``gone`` is how many offsets of it were deleted before anybody could look.
    """

    partition: TopicPartition
    topic_id: str
    frontier: int
    span: Span
    gone: int = 0
