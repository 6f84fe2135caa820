"""Partitions, offsets and the identity of records."""

from dataclasses import dataclass, field
from typing import NamedTuple


class TopicPartition(NamedTuple):
    """A partition of a topic; sorts by topic, then number."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


@dataclass(frozen=True, slots=True)
class LogBounds:
    """Offsets of one partition's log: ``start <= stable <= high``.

    ``start`` is the first offset still there, ``stable`` the last stable offset (read_committed readers stop before
    it), ``high`` the high watermark. ``stable < high`` means that a transaction is open.
    """

    start: int
    stable: int
    high: int
    leader_epoch: int | None = field(default=None, compare=False)
    """Rises with each election of the partition's leader, so a log that was cut never has the one from before; None
    where the broker does not tell. Bounds are compared without it."""


class Span(NamedTuple):
    """Offsets of one log with ``start <= offset < stop``."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class OffsetSync:
    """MirrorMaker 2 wrote the source record at ``upstream`` to the target at ``downstream``."""

    upstream: int
    downstream: int


class Mark(NamedTuple):
    """A place in a link's offset-syncs topic of that id: what is written at ``offset`` or behind it came later."""

    topic_id: str
    offset: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Hold what MirrorMaker 2 itself would give a group: ``upstream`` translated, early, to ``downstream``."""

    upstream: int
    downstream: int


@dataclass(frozen=True, slots=True)
class RecordId:
    """A data record reduced to its place and its identity.

    ``digest`` covers key, value, headers and (unless the log stamps its own) the timestamp; two records with the same
    digest are the same record.
    """

    offset: int
    digest: bytes
    milliseconds: int | None = None
    """The record's own timestamp since 1970, as its producer or its log set it; None where it has none."""
    bare: bytes = b""
    """The same as ``digest`` without the timestamp; empty where nobody took it."""
    fault: str = ""
    """Why the record could not be read whole, empty if it could. The digest of such a record equals no other."""
    key: bytes = b""
    """A hash of its key; empty where nobody took it."""
    tombstone: bool = False
    """Whether it has no value: compaction takes it for no later one, after ``delete.retention.ms``."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A group's position in one partition: ``offset`` is the next record to read."""

    offset: int
    metadata: str = ""
