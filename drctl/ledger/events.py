"""List what a history consists of: each value says one thing that one client saw."""

from dataclasses import dataclass
from typing import NamedTuple

from drctl.ledger.retention import Retention


class Stream(NamedTuple):
    """Name what one producer sends to one partition: its sequences are dense from 1 and rise along the log."""

    producer: int
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The brokers acknowledged this, or committed its transaction. ``key`` only where keys matter (compaction).

    ``offset``: where in the site's log, None if the brokers did not tell.
    """

    stream: Stream
    sequence: int
    at: float
    site: str
    key: str | None = None
    offset: int | None = None


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
    """A fresh reader of the final primary found this, in log order. ``stream`` is None if it carries no number.

    ``site``: whose log it is; empty if nobody told, and then its offset is held against no other.
    """

    topic: str
    partition: int
    offset: int
    stream: Stream | None
    sequence: int = 0
    intact: bool = True
    foreign: bool = False
    site: str = ""


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
    site: str = ""


@dataclass(frozen=True, slots=True)
class Processed:
    """A member of a group processed this record. ``offset``: where in the site's log, None if nobody told."""

    group: str
    stream: Stream
    sequence: int
    at: float
    site: str
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class PolledInTransaction:
    """A reader of committed records was given this while its client's own transaction was open.

    ``own``: that transaction had sent it, so that nobody could have been given it before the commit.
    """

    stream: Stream
    sequence: int
    own: bool


@dataclass(frozen=True, slots=True)
class LogStart:
    """The log that a fresh reader read began at this offset when it had read it: what lay below is gone.

    ``retention``: what the topic's settings said then, None if nobody told.
    """

    site: str
    topic: str
    partition: int
    offset: int
    retention: Retention | None = None


type Event = Acknowledged | Doubtful | Aborted | Seen | Stranded | Processed | PolledInTransaction | LogStart
