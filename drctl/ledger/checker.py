"""Sort what was acknowledged against what is there and what each group processed: pure, on streams, in bounded memory.

State is a few bitmaps of sequences per stream (and group), so a billion records fit into megabytes. The order of events
matters only within one log: seen and stranded records come in log order. So several checkers can share the work, each
with logs of its own, and bring their states together (:mod:`drctl.ledger.state`): the findings are those of one.

Of one stream, let A be the acknowledged sequences, D those in doubt, X those of aborted transactions, F those that are
there (seen by the fresh reader, or stranded), E, on a compacted topic, the older ones of each key in A, and R those
that are gone from its beginning: up to the last one told below the place where the log that was read begins. O are
those of R that retention may have taken, by their age and the topic's settings (:mod:`drctl.ledger.retention`).

| sequences | class | fault |
| --- | --- | --- |
| A - F - E - R | lost | yes |
| (A - F - E) & O | expired: not lost, and nothing is *proved* | no |
| (A - F - E) & (R - O) | deleted: retention cannot have taken them | yes |
| (A - F) & E | superseded: compaction may have taken them | no |
| F - A - D - X | phantom | yes |
| F & X | aborted_read | yes |
| F & D | recovered: the producer never heard, and it is there | no |
| A & stranded - seen | stranded: accounted for, in the salvaged tail only | no |
| found again; found behind a later one | duplicated; reordered | yes |
| one offset of a log told with two records | inconsistent_offsets | yes |
| given to a reader before its transaction was committed | precommitted_read | yes |

For a group, with P what it processed and due = (A but for what is stranded only) | (D & seen):

| sequences | class | fault |
| --- | --- | --- |
| due - P below the last of P, unless compaction or retention may have taken them first | skipped | yes |
| due - P beyond the last of P | unread: it did not reach the end | no, but nothing is *proved* |
| taken a second time | repeated | yes |
| P - A - D, or P & X | phantom | yes |

Example: A = {1, 2, 3, 5}, D = {4}, X = {6}; the reader finds 1 2 4 2 6, a group processes 1 4 4. Lost: 3 and 5.
Duplicated: 2. Recovered: 4. Aborted_read: 6. The group's due is {1, 2, 3, 4, 5}: skipped 2 and 3, repeated 4, unread 5.

Invariant: |A| = |A & F| + |lost| + |superseded| + |expired| + |deleted|, and nothing due to a group is passed over
without a word. A is A & F and A - F, and E, R and O divide the latter. What is due and not in P is not the last of P,
so that it lies below it (skipped, or of E or R and so not certain to have been there) or beyond it (unread).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from math import inf

from pyroaring import BitMap64

from drctl.ledger.events import Event, LogStart, Stream
from drctl.ledger.findings import EXAMPLES, Examples, Findings, GroupFindings, RecordFindings
from drctl.ledger.kept import Kept
from drctl.ledger.offset_runs import contradictions
from drctl.ledger.retention import removed_until, undecided
from drctl.ledger.state import CheckerState, NamedClass, SiteLog, name_of, sequence_key
from drctl.ledger.stream_state import StreamState

type Part = tuple[Stream, BitMap64]
"""Sequences of a stream that are of a class."""


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
    state = CheckerState()
    for event in events:
        state.take(event)
    return findings_of(state, compacted=compacted, groups=groups, kept=kept)


def findings_of(
    state: CheckerState,
    *,
    compacted: Collection[str] = (),
    groups: Mapping[str, Collection[str]] | None = None,
    kept: Kept | None = None,
) -> Findings:
    """Return what a checker has found by now, or several whose states were merged; the rest as in :func:`check`."""
    return _Sorting(state, frozenset(compacted), dict(groups or {}), kept or {}).findings()


class _Sorting:
    def __init__(
        self, state: CheckerState, compacted: frozenset[str], groups: Mapping[str, Collection[str]], kept: Kept
    ) -> None:
        self.state = state
        self.streams = {stream: state.streams[stream] for stream in sorted(state.streams)}
        self.starts: dict[tuple[str, int], list[tuple[SiteLog, LogStart]]] = {}
        for place, start in state.starts.items():
            self.starts.setdefault((place.topic, place.partition), []).append((place, start))
        self.compacted = compacted
        self.groups = groups
        self.kept = kept

    def findings(self) -> Findings:
        classes = {name: each.examples() for name, each in self.state.classes.items()}
        unsent = _counted(self._named(lambda s: s.found - s.acknowledged - s.doubtful - s.aborted))
        foreign = classes["foreign"]
        records = RecordFindings(
            acknowledged=sum(len(s.acknowledged) for s in self.streams.values()),
            seen=self.state.seen,
            lost=_counted(self._missing()),
            duplicated=self._duplicated(),
            reordered=classes["reordered"],
            corrupt=classes["corrupt"],
            phantom=Examples(foreign.count + unsent.count, (foreign.examples + unsent.examples)[:EXAMPLES]),
            misrouted=classes["misrouted"],
            aborted_read=_counted(self._named(lambda s: s.found & s.aborted)),
            recovered=_counted(self._named(lambda s: s.found & s.doubtful)),
            superseded=sum(
                len((state.acknowledged - state.found) & state.superseded)
                for stream, state in self.streams.items()
                if stream.topic in self.compacted
            ),
            stranded=_counted(self._named(lambda s: s.acknowledged & s.stranded - s.seen)),
            inconsistent_offsets=self._inconsistent(),
            precommitted_read=classes["precommitted_read"],
            expired=_counted(self._expired()),
            deleted=_counted(self._deleted()),
        )
        names = sorted({*self.groups, *self.state.processed})
        groups = tuple(self._group(name) for name in names)
        return Findings(records, groups, tuple(self._unattended()), tuple(self._undecided()))

    def _duplicated(self) -> Examples:
        """Found twice in one log, or in two of them."""
        whole = NamedClass()
        whole.merge(self.state.classes["duplicated"])
        for stream, state in self.streams.items():
            for sequence, first, other in state.in_two_logs():
                name = f"{name_of(stream, sequence)} in {other}, and in {first}"
                whole.add(sequence_key(stream, sequence), name)
        return whole.examples()

    def _missing(self) -> Iterator[Part]:
        for stream, missing in self._absent():
            yield stream, missing - self._retired(stream)

    def _expired(self) -> Iterator[Part]:
        for stream, missing in self._absent():
            yield stream, missing & self._outdated(stream)

    def _deleted(self) -> Iterator[Part]:
        for stream, missing in self._absent():
            yield stream, missing & self._retired(stream) - self._outdated(stream)

    def _undecided(self) -> Iterator[str]:
        """Yield the logs of which records are gone from the beginning, and nobody can say that retention did it not."""
        gone = {stream: missing for stream, missing in self._absent() if missing}
        for place in sorted(self.state.starts):
            start = self.state.starts[place]
            why = undecided(start.retention)
            if why and any(missing & self._below(stream, place, start) for stream, missing in gone.items()):
                yield f"{place.topic}-{place.partition} at {place.site}: {why}"

    def _absent(self) -> Iterator[Part]:
        """Yield what was acknowledged and is not there, stream by stream, without what compaction excuses."""
        for stream, state in self.streams.items():
            yield stream, state.acknowledged - state.found - self._excused(stream)

    def _retired(self, stream: Stream) -> BitMap64:
        """Return what lay below the beginning of the log that was read, as far as offsets tell."""
        retired = BitMap64()
        for place, start in self.starts.get((stream.topic, stream.partition), ()):
            retired |= self._below(stream, place, start)
        return retired

    def _outdated(self, stream: Stream) -> BitMap64:
        """Return what of this retention may have taken."""
        outdated = BitMap64()
        for place, start in self.starts.get((stream.topic, stream.partition), ()):
            below, until = self._below(stream, place, start), removed_until(start.retention)
            if until < inf and below:
                below &= _up_to(self._of(stream).acknowledged_by(until))
            outdated |= below
        return outdated

    def _below(self, stream: Stream, place: SiteLog, start: LogStart) -> BitMap64:
        """Return what lay below the beginning of one log.

        A record whose own offset nobody told lay there if a later one of its stream did: sequences rise along a log.
        One that was told at the beginning or above it never counts, whatever else was told of it.
        """
        runs = self.state.told[place].get(stream) if place in self.state.told else None
        if runs is None or not (last := runs.last_below(start.offset)):
            return BitMap64()
        return _up_to(last) - runs.at_or_above(start.offset)

    def _inconsistent(self) -> Examples:
        """Return the offsets that were told with two records or more, each by both."""
        count, examples = 0, list[str]()
        for place in sorted(self.state.told):
            for offsets, told in contradictions(self.state.told[place]):
                count += len(offsets)
                for offset in offsets[: EXAMPLES - len(examples)]:
                    examples.append(_contradiction(place, offset, told))
        return Examples(count, tuple(examples))

    def _named(self, choose: Callable[[StreamState], BitMap64]) -> Iterator[Part]:
        for stream, state in self.streams.items():
            yield stream, choose(state)

    def _excused(self, stream: Stream) -> BitMap64:
        return self._of(stream).superseded if stream.topic in self.compacted else BitMap64()

    def _of(self, stream: Stream) -> StreamState:
        """Return what is known of a stream; of one that only a group has ever named nothing is."""
        return self.streams.get(stream) or StreamState()

    def _passable(self, stream: Stream) -> BitMap64:
        """Return what a group need not have read, since it may have been gone before the group came to it."""
        return (self._excused(stream) - self.kept.get(stream, BitMap64())) | (
            self._retired(stream) - self._of(stream).found
        )

    def _unattended(self) -> list[str]:
        # A topic that is written and that no group is said to read would otherwise pass for well by silence.
        read = {topic for topics in self.groups.values() for topic in topics}
        return sorted({stream.topic for stream, state in self.streams.items() if state.acknowledged} - read)

    def _group(self, name: str) -> GroupFindings:
        streams = dict(sorted(self.state.processed.get(name, {}).items()))
        topics = self.groups.get(name)
        repeated = self.state.repeated.get(name, NamedClass())
        return GroupFindings(
            name,
            sum(map(len, streams.values())),
            _counted(self._skipped(streams)),
            repeated.examples(),
            _counted(self._never_there(streams)),
            _counted(self._unread(streams, {*(topics or ()), *(stream.topic for stream in streams)})),
            None if topics is None else tuple(sorted(topics)),
        )

    def _skipped(self, streams: Mapping[Stream, BitMap64]) -> Iterator[Part]:
        for stream, done in streams.items():
            due = self._of(stream).due
            # Below its last only: what lies behind that may still come, and is reported as unread.
            yield stream, due[: due.rank(done.max() - 1)] - done - self._passable(stream)

    def _never_there(self, streams: Mapping[Stream, BitMap64]) -> Iterator[Part]:
        for stream, done in streams.items():
            state = self._of(stream)
            # In doubt is allowed: the producer never heard, and the record is there all the same.
            yield stream, done - (state.acknowledged | state.doubtful) | (done & state.aborted)

    def _unread(self, streams: Mapping[Stream, BitMap64], topics: Collection[str]) -> Iterator[Part]:
        """Beyond its last: the newest record of a stream is never superseded, so the end stays where it is."""
        for stream in [stream for stream in self.streams if stream.topic in topics]:
            done = streams.get(stream, BitMap64())
            due = self._of(stream).due
            beyond = due[due.rank(done.max()) :] if done else due
            yield stream, beyond - self._passable(stream)


def _contradiction(place: SiteLog, offset: int, told: Iterable[tuple[Stream, int]]) -> str:
    records = " and ".join(name_of(stream, offset - shift) for stream, shift in told)
    return f"{place.topic}-{place.partition} offset {offset} at {place.site}: {records}"


def _up_to(sequence: int) -> BitMap64:
    sequences = BitMap64()
    sequences.add_range(1, sequence + 1)
    return sequences


def _counted(parts: Iterable[Part]) -> Examples:
    """Count the records of a class without looking at each, and name the first few."""
    count, examples = 0, list[str]()
    for stream, sequences in parts:
        count += len(sequences)
        examples += (name_of(stream, sequence) for sequence in islice(sequences, EXAMPLES - len(examples)))
    return Examples(count, tuple(examples))
