"""Sort what was acknowledged against what is there and what each group processed: pure, on streams, in bounded memory.

State is a few bitmaps of sequences per stream (and group), so a billion records fit into megabytes. The order of events
matters only within one class: acknowledgements in the order of their sequences, seen and stranded records in log order.

Of one stream, let A be the acknowledged sequences, D those in doubt, X those of aborted transactions, F those that are
there (seen by the fresh reader, or stranded), and E, on a compacted topic, the older ones of each key in A.

| sequences | class | fault |
| --- | --- | --- |
| A - F - E | lost | yes |
| (A - F) & E | superseded: compaction may have taken them | no |
| F - A - D - X | phantom | yes |
| F & X | aborted_read | yes |
| F & D | recovered: the producer never heard, and it is there | no |
| A & stranded - seen | stranded: accounted for, in the salvaged tail only | no |
| found again; found behind a later one | duplicated; reordered | yes |

For a group, with P what it processed and due = (A but for what is stranded only) | (D & seen):

| sequences | class | fault |
| --- | --- | --- |
| due - P below the last of P, unless compaction may have taken them first | skipped | yes |
| due - P beyond the last of P | unread: it did not reach the end | no, but nothing is *proved* |
| taken a second time | repeated | yes |
| P - A - D, or P & X | phantom | yes |

Example: A = {1, 2, 3, 5}, D = {4}, X = {6}; the reader finds 1 2 4 2 6, a group processes 1 4 4. Lost: 3 and 5.
Duplicated: 2. Recovered: 4. Aborted_read: 6. The group's due is {1, 2, 3, 4, 5}: skipped 2 and 3, repeated 4, unread 5.

Invariant: |A| = |A & F| + |lost| + |superseded|, and nothing due to a group is passed over without a word.
A is A & F and A - F, and E divides the latter in superseded and lost. What is due and not in P is not the last of P,
so that it lies below it (skipped, or of E and so not certain to have been there) or beyond it (unread).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap64

from drctl.ledger.events import Aborted, Acknowledged, Doubtful, Event, Processed, Seen, Stranded, Stream
from drctl.ledger.findings import EXAMPLES, Examples, Findings, GroupFindings, RecordFindings
from drctl.ledger.kept import Kept


class _Class:
    """A class of records being filled."""

    def __init__(self) -> None:
        self.count = 0
        self.examples: list[str] = []

    def add(self, example: str) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)

    def named(self) -> Examples:
        return Examples(self.count, tuple(self.examples))


@dataclass(slots=True)
class _Stream:
    """One stream's sequences."""

    acknowledged: BitMap64 = field(default_factory=BitMap64)
    doubtful: BitMap64 = field(default_factory=BitMap64)
    aborted: BitMap64 = field(default_factory=BitMap64)
    superseded: BitMap64 = field(default_factory=BitMap64)
    seen: BitMap64 = field(default_factory=BitMap64)
    stranded: BitMap64 = field(default_factory=BitMap64)
    # The one thing here that grows with the data: a key of each compacted topic, as its log cleaner keeps
    # them. All else is bits.
    newest_of_key: dict[str, int] = field(default_factory=dict)
    last: dict[type[Event], int] = field(default_factory=dict)

    @property
    def found(self) -> BitMap64:
        """Return what a fresh reader found, and what was salvaged."""
        return self.seen | self.stranded

    @property
    def due(self) -> BitMap64:
        """Return what a group must process: acknowledged and not stranded, or doubtful and there all the same."""
        return (self.acknowledged - (self.stranded - self.seen)) | (self.doubtful & self.seen)


def check(
    events: Iterable[Event],
    *,
    compacted: Collection[str] = (),
    groups: Mapping[str, Collection[str]] | None = None,
    kept: Kept | None = None,
) -> Findings:
    """Sort every record of a run into its class.

    ``compacted`` names the topics where old records of a key may go, ``groups`` the topics that each group reads: who
    is named and processed nothing is found, too. Without it no verdict is *proved*. ``kept`` holds what was there for
    every group: of a superseded record that is not in it a group may have found nothing.
    """
    checker = _Checker(frozenset(compacted), dict(groups or {}), kept or {})
    for event in events:
        checker.take(event)
    return checker.findings()


class _Checker:
    def __init__(self, compacted: frozenset[str], groups: Mapping[str, Collection[str]], kept: Kept) -> None:
        self.compacted = compacted
        self.groups = groups
        self.kept = kept
        self.streams: defaultdict[Stream, _Stream] = defaultdict(_Stream)
        self.processed: defaultdict[str, defaultdict[Stream, BitMap64]] = defaultdict(lambda: defaultdict(BitMap64))
        self.repeated: defaultdict[str, _Class] = defaultdict(_Class)
        names = ("duplicated", "reordered", "corrupt", "misrouted", "foreign")
        self.classes = {name: _Class() for name in names}
        self.seen = 0

    def take(self, event: Event) -> None:
        match event:
            case Acknowledged(stream, sequence, key=key):
                self._acknowledged(self.streams[stream], sequence, key)
            case Doubtful(stream, sequence):
                self.streams[stream].doubtful.add(sequence)
            case Aborted(stream, sequence):
                self.streams[stream].aborted.add(sequence)
            case Seen() | Stranded():
                self._found(event)
            case Processed(group, stream, sequence):
                done = self.processed[group][stream]
                if sequence in done:
                    self.repeated[group].add(_name(stream, sequence))
                done.add(sequence)

    @staticmethod
    def _acknowledged(stream: _Stream, sequence: int, key: str | None) -> None:
        stream.acknowledged.add(sequence)
        if key is not None:
            older = stream.newest_of_key.get(key)
            if older is not None:
                # min and max, since histories of several processes are read one after the other: a later
                # line may tell of an earlier record.
                stream.superseded.add(min(older, sequence))
            stream.newest_of_key[key] = max(older or 0, sequence)

    def _found(self, event: Seen | Stranded) -> None:
        stranded = isinstance(event, Stranded)
        self.seen += not stranded
        place = f"{event.topic}-{event.partition} offset {event.offset}{' of the stranded tail' if stranded else ''}"
        if event.stream is None or not event.intact:
            return self.classes["corrupt"].add(place)
        if event.foreign:
            return self.classes["foreign"].add(place)
        name = f"{_name(event.stream, event.sequence)} at {place}"
        if (event.stream.topic, event.stream.partition) != (event.topic, event.partition):
            self.classes["misrouted"].add(name)
        stream = self.streams[event.stream]
        last = stream.last.get(type(event), 0)
        # In the log and in the saved tail as well counts as twice: the tail is what exists nowhere else.
        if event.sequence in stream.seen or event.sequence in stream.stranded:
            self.classes["duplicated"].add(name)
        # Held against the highest before it, so that one record that came too late is one fault and not one
        # for each behind it.
        elif event.sequence < last:
            self.classes["reordered"].add(name)
        (stream.stranded if stranded else stream.seen).add(event.sequence)
        stream.last[type(event)] = max(last, event.sequence)
        return None

    def findings(self) -> Findings:
        found = {name: each.named() for name, each in self.classes.items()}
        unsent = _counted(self._named(lambda s: s.found - s.acknowledged - s.doubtful - s.aborted))
        records = RecordFindings(
            acknowledged=sum(len(s.acknowledged) for s in self.streams.values()),
            seen=self.seen,
            lost=_counted(self._missing()),
            duplicated=found["duplicated"],
            reordered=found["reordered"],
            corrupt=found["corrupt"],
            phantom=Examples(
                found["foreign"].count + unsent.count, (found["foreign"].examples + unsent.examples)[:EXAMPLES]
            ),
            misrouted=found["misrouted"],
            aborted_read=_counted(self._named(lambda s: s.found & s.aborted)),
            recovered=_counted(self._named(lambda s: s.found & s.doubtful)),
            superseded=sum(
                len((state.acknowledged - state.found) & state.superseded)
                for stream, state in self.streams.items()
                if stream.topic in self.compacted
            ),
            stranded=_counted(self._named(lambda s: s.acknowledged & s.stranded - s.seen)),
        )
        names = sorted({*self.groups, *self.processed})
        return Findings(records, tuple(self._group(name) for name in names), tuple(self._unattended()))

    def _missing(self) -> Iterator[str]:
        for stream, state in self.streams.items():
            for sequence in state.acknowledged - state.found - self._excused(stream):
                yield _name(stream, sequence)

    def _named(self, choose: Callable[[_Stream], BitMap64]) -> Iterator[str]:
        for stream, state in self.streams.items():
            for sequence in choose(state):
                yield _name(stream, sequence)

    def _excused(self, stream: Stream) -> BitMap64:
        return self.streams[stream].superseded if stream.topic in self.compacted else BitMap64()

    def _passable(self, stream: Stream) -> BitMap64:
        """Return what a group need not have read, since it may have been compacted away before the group came to it."""
        return self._excused(stream) - self.kept.get(stream, BitMap64())

    def _unattended(self) -> list[str]:
        read = {topic for topics in self.groups.values() for topic in topics}
        return sorted({stream.topic for stream, state in self.streams.items() if state.acknowledged} - read)

    def _group(self, name: str) -> GroupFindings:
        streams = self.processed[name]
        topics = self.groups.get(name)
        return GroupFindings(
            name,
            sum(map(len, streams.values())),
            _counted(self._skipped(streams)),
            self.repeated[name].named(),
            _counted(self._never_there(streams)),
            _counted(self._unread(streams, {*(topics or ()), *(stream.topic for stream in streams)})),
            None if topics is None else tuple(sorted(topics)),
        )

    def _skipped(self, streams: Mapping[Stream, BitMap64]) -> Iterator[str]:
        for stream, done in streams.items():
            due = self.streams[stream].due
            # Below its last only: what lies behind that may still come, and is told as unread.
            for sequence in due[: due.rank(done.max() - 1)] - done - self._passable(stream):
                yield _name(stream, sequence)

    def _never_there(self, streams: Mapping[Stream, BitMap64]) -> Iterator[str]:
        for stream, done in streams.items():
            state = self.streams[stream]
            # In doubt is allowed: the producer never heard, and the record is there all the same.
            for sequence in done - (state.acknowledged | state.doubtful) | (done & state.aborted):
                yield _name(stream, sequence)

    def _unread(self, streams: Mapping[Stream, BitMap64], topics: Collection[str]) -> Iterator[str]:
        """Beyond its last: the newest record of a stream is never superseded, so the end stays where it is."""
        for stream in [stream for stream in self.streams if stream.topic in topics]:
            done = streams.get(stream, BitMap64())
            due = self.streams[stream].due
            beyond = due[due.rank(done.max()) :] if done else due
            for sequence in beyond - self._passable(stream):
                yield _name(stream, sequence)


def _counted(names: Iterable[str]) -> Examples:
    filled = _Class()
    for name in names:
        filled.add(name)
    return filled.named()


def _name(stream: Stream, sequence: int) -> str:
    return f"{stream.topic}-{stream.partition} producer {stream.producer} sequence {sequence}"
