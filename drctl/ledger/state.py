"""Hold what a checker has taken in so far: a few bitmaps per stream, which any number of checkers can bring together.

Of what it holds, the order matters in one thing only: records found in one log (a partition of a topic at the site that
is read, or the same in a stranded tail) are taken in log order. So each log is read by one checker at a time, or by one
that goes on from what its predecessor had taken in; all else may be spread as it comes.

| what                                                | brought together                                          |
| --- | --- |
| acknowledged, doubtful, aborted, processed          | union                                                     |
| processed in both                                   | repeated, once more for each                              |
| the newest record of a key                          | the later one; the other is superseded                    |
| found in logs                                       | side by side; a log in both is refused: it was read twice |
| found twice in a log, out of order, corrupt, …      | counts added; of the names the first few in their order   |
| told at offsets of a site's log                     | union                                                     |
| where a site's log begins                           | the later one, with the retention that was told of it     |
| the highest sequence acknowledged by each minute    | the higher one                                            |

Found in two logs (misrouted, or in the stranded tail and at the survivor) is told once all are together. Invariant: any
split and any order of merging give the state that one checker of everything has.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pyroaring import BitMap64

from drctl.ledger.events import (
    Aborted,
    Acknowledged,
    Doubtful,
    Event,
    LogStart,
    PolledInTransaction,
    Processed,
    Seen,
    Stranded,
    Stream,
)
from drctl.ledger.findings import EXAMPLES, Examples
from drctl.ledger.offset_runs import OffsetRuns
from drctl.ledger.stream_state import LogName, LogState, StreamState

type Key = tuple[str, int, int, int]
"""Orders the names of a class: by topic and partition, then offset or producer and sequence."""

PLACED = ("duplicated", "reordered", "corrupt", "misrouted", "foreign")
"""Classes of which a record is told by where it was found."""
CLASSES = (*PLACED, "precommitted_read")
"""Classes that are known as soon as a record is taken in."""


class SiteLog(NamedTuple):
    """Name a log of one site, at whose offsets records were told."""

    site: str
    topic: str
    partition: int


@dataclass(slots=True)
class NamedClass:
    """Count the records of a class, and name the first few in their order, whoever found them."""

    count: int = 0
    named: list[tuple[Key, str]] = field(default_factory=list)

    def add(self, key: Key, name: str) -> None:
        """Count one."""
        self.count += 1
        if len(self.named) < EXAMPLES or (key, name) < self.named[-1]:
            insort(self.named, (key, name))
            del self.named[EXAMPLES:]

    def merge(self, other: "NamedClass") -> None:
        """Count another checker's."""
        self.count += other.count
        self.named = sorted([*self.named, *other.named])[:EXAMPLES]

    def examples(self) -> Examples:
        """Return count and names."""
        return Examples(self.count, tuple(name for _, name in self.named))


class CheckerState:
    """Everything that a checker has taken in. ``processed`` and ``repeated`` are by group; ``seen`` counts records.

    ``told`` are the offsets at which clients and readers told records, by log; ``starts`` where logs began.
    """

    def __init__(self) -> None:
        self.streams: defaultdict[Stream, StreamState] = defaultdict(StreamState)
        self.processed: defaultdict[str, defaultdict[Stream, BitMap64]] = defaultdict(lambda: defaultdict(BitMap64))
        self.repeated: defaultdict[str, NamedClass] = defaultdict(NamedClass)
        self.classes = {name: NamedClass() for name in CLASSES}
        self.told: defaultdict[SiteLog, defaultdict[Stream, OffsetRuns]] = defaultdict(lambda: defaultdict(OffsetRuns))
        self.starts: dict[SiteLog, LogStart] = {}
        self.seen = 0

    def take(self, event: Event) -> None:
        """Take one event in."""
        match event:  # in the order of how often they come: a drill has some ten thousand, and is judged many times
            case Processed(group, stream, sequence, site=site, offset=offset):
                done = self.processed[group][stream]
                if sequence in done:
                    self.repeated[group].add(sequence_key(stream, sequence), name_of(stream, sequence))
                done.add(sequence)
                self._tell_offset(SiteLog(site, stream.topic, stream.partition), stream, sequence, offset)
            case Seen() | Stranded():
                self._found(event)
            case Acknowledged(stream, sequence, at, site, key, offset):
                held = self.streams[stream]
                held.acknowledged.add(sequence)
                held.note_time(sequence, at)
                if key is not None:
                    held.note_key(key, sequence)
                self._tell_offset(SiteLog(site, stream.topic, stream.partition), stream, sequence, offset)
            case Doubtful(stream, sequence):
                self.streams[stream].doubtful.add(sequence)
            case Aborted(stream, sequence):
                self.streams[stream].aborted.add(sequence)
            case PolledInTransaction(stream, sequence, own=True):
                self.classes["precommitted_read"].add(sequence_key(stream, sequence), name_of(stream, sequence))
            case LogStart():
                self._begin_log(event)

    def merge(self, other: "CheckerState") -> None:
        """Take in what another checker has; it stays as it is. ValueError where both have read one log."""
        for stream, state in other.streams.items():
            self.streams[stream].merge(state, f"{stream.topic}-{stream.partition} producer {stream.producer}")
        for group, streams in other.processed.items():
            for stream, done in streams.items():
                mine = self.processed[group][stream]
                for sequence in mine & done:
                    self.repeated[group].add(sequence_key(stream, sequence), name_of(stream, sequence))
                mine |= done
        for group, repeated in other.repeated.items():
            self.repeated[group].merge(repeated)
        for name, found in other.classes.items():
            self.classes[name].merge(found)
        for place, streams_there in other.told.items():
            for stream, runs in streams_there.items():
                self.told[place][stream].merge(runs)
        for start in other.starts.values():
            self._begin_log(start)
        self.seen += other.seen

    def _tell_offset(self, place: SiteLog, stream: Stream, sequence: int, offset: int | None) -> None:
        if offset is not None:
            self.told[place][stream].tell(sequence, offset)

    def _begin_log(self, start: LogStart) -> None:
        place = SiteLog(start.site, start.topic, start.partition)
        self.starts[place] = max(start, self.starts.get(place, start), key=_order_of_starts)

    def log_state(self, stream: Stream, log: LogName) -> LogState:
        """Return what was found of a stream in a log, to be added to."""
        logs = self.streams[stream].logs
        held = logs.get(log)
        if held is None:
            held = logs[log] = LogState()
        return held

    def _found(self, event: Seen | Stranded) -> None:
        log = LogName(event.topic, event.partition, isinstance(event, Stranded))
        self.seen += not log.stranded
        if event.stream is None or not event.intact:
            return self._tell("corrupt", event, log)
        if event.foreign:
            return self._tell("foreign", event, log)
        if (event.stream.topic, event.stream.partition) != (event.topic, event.partition):
            self._tell("misrouted", event, log)
        if event.site:
            place = SiteLog(event.site, event.topic, event.partition)
            self._tell_offset(place, event.stream, event.sequence, event.offset)
        held = self.log_state(event.stream, log)
        if event.sequence in held.there:
            self._tell("duplicated", event, log)
        # Held against the highest before it, so that one record that came too late is one fault and not one
        # for each behind it.
        elif event.sequence < held.last:
            self._tell("reordered", event, log)
        else:
            held.last = event.sequence
        held.there.add(event.sequence)
        return None

    def _tell(self, kind: str, event: Seen | Stranded, log: LogName) -> None:
        tail = " of the stranded tail" if log.stranded else ""
        place = f"{event.topic}-{event.partition} offset {event.offset}{tail}"
        known = None if kind in ("corrupt", "foreign") else event.stream
        name = place if known is None else f"{name_of(known, event.sequence)} at {place}"
        self.classes[kind].add((event.topic, event.partition, event.offset, int(log.stranded)), name)


def _order_of_starts(start: LogStart) -> tuple[int, tuple[object, ...]]:
    return start.offset, start.retention or ()


def merged(states: Iterable[CheckerState]) -> CheckerState:
    """Bring the states of several checkers together; none of them is changed. ValueError as in ``merge``."""
    whole = CheckerState()
    for state in states:
        whole.merge(state)
    return whole


def sequence_key(stream: Stream, sequence: int) -> Key:
    """Order a record by its stream and sequence."""
    return (stream.topic, stream.partition, stream.producer, sequence)


def name_of(stream: Stream, sequence: int) -> str:
    """Name a record for people."""
    return f"{stream.topic}-{stream.partition} producer {stream.producer} sequence {sequence}"
