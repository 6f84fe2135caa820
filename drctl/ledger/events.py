"""List what a history consists of: each value says one thing that one client saw."""

from dataclasses import dataclass
from typing import NamedTuple


class Stream(NamedTuple):
    """Name what one producer sends to one partition: its sequences are dense from 1 and rise along the log."""

    producer: int
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The brokers acknowledged this, or committed its transaction. ``key`` only where keys matter (compaction)."""

    stream: Stream
    sequence: int
    at: float
    site: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Sent, and nobody knows whether it was written."""

    stream: Stream
    sequence: int


@dataclass(frozen=True, slots=True)
class Aborted:
    """Written in a transaction that was aborted: no reader may ever see it."""

    stream: Stream
    sequence: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A fresh reader of the final primary found this, in log order. ``stream`` is None if it carries no number."""

    topic: str
    partition: int
    offset: int
    stream: Stream | None
    sequence: int = 0
    intact: bool = True
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Stranded:
    """A file of a salvage holds this record: it was committed at a site that was lost, and never reached the other.

    ``offset`` is that of the lost site; the rest is as in ``Seen``.
    """

    topic: str
    partition: int
    offset: int
    stream: Stream | None
    sequence: int = 0
    intact: bool = True
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Processed:
    """A member of a group processed this record."""

    group: str
    stream: Stream
    sequence: int
    at: float
    site: str


type Event = Acknowledged | Doubtful | Aborted | Seen | Stranded | Processed
