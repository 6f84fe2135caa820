"""Hold what became of the canary's records so far: per record until its window is judged, and then as numbers only.

Memory is bounded by the windows that are open. Of those that were judged only one thing is kept: which acknowledged
records a site had not been given yet, as a bitmap. For a record of such a window that a reader finds all the same:

========================================  =========================================================================
it was missing at that site               late: it is no longer behind there
the site's log was cut or made again      read again, as any reader has to: no fault
else                                      a second copy: a fault of the window that is open now
========================================  =========================================================================
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pyroaring import BitMap64

from drctl.ledger.events import Acknowledged, Doubtful, Event, Processed, Seen, Stream
from drctl.ledger.record import Number, decode, encode
from drctl.model.canary import CANARY_RECORDS, CanaryRecord, WriteAnswer

PRODUCER = 1
STRANGE = 100
"""Records that are none of ours which a window keeps per site: enough to name, whatever somebody else pours in."""
TIMES = 10
"""How often one record is kept as found at a site, or as processed: a loop of copies ends nowhere."""
REMEMBERED = 1000
"""Judged windows whose beginning is kept for the age of what a site still lacks: days; beyond, ages grow coarse."""

type Place = tuple[int, int]
"""Partition and sequence."""


@dataclass(slots=True)
class SentRecord:
    """One record: when and where it was sent, what was answered when, who found it in which order, who processed it."""

    at: float
    site: str
    answer: WriteAnswer | None = None
    answered: float = 0.0
    found: dict[str, list[tuple[int, str, Seen]]] = field(default_factory=dict)
    processed: list[tuple[int, Processed]] = field(default_factory=list)


@dataclass(slots=True)
class OpenWindow:
    """A span of time with the sequences sent in it: per partition the last one; the first follows the one before.

    ``strange``: per site records that carry no number of ours. ``again``: per site records found a second time after
    they were judged. ``rewound``: sites whose log went on below where it had been read. ``most_behind``: per standby
    how many records it lacked at most, and seconds since the oldest of them was sent; None once that was unknown.
    ``shared``: another member of the group may have read some of it. Times are monotonic.
    """

    number: int
    began: float
    ended: float | None = None
    first: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    strange: defaultdict[str, list[Seen]] = field(default_factory=lambda: defaultdict(list))
    again: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    rewound: set[str] = field(default_factory=set)
    most_behind: dict[str, tuple[int, float] | None] = field(default_factory=dict)
    shared: bool = False

    def places(self) -> Iterator[Place]:
        """Yield every record of the window."""
        for partition, last in self.last.items():
            yield from ((partition, sequence) for sequence in range(self.first[partition], last + 1))


class CanaryHistory:
    """The canary's run. Times are by the monotonic clock."""

    def __init__(self, run: UUID, partitions: int, began: float) -> None:
        self.run, self.partitions = run, partitions
        self.windows: deque[OpenWindow] = deque([OpenWindow(1, began)])
        self.records: dict[Place, SentRecord] = {}
        self.missing: defaultdict[tuple[str, int], BitMap64] = defaultdict(BitMap64)
        self.last_found: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.last_processed: defaultdict[int, int] = defaultdict(int)
        self.rewinds: defaultdict[str, int] = defaultdict(int)
        self._sequences = [0] * partitions
        self._judged = [0] * partitions
        self._sent = self._order = 0
        self._ends: dict[tuple[str, str, int], int] = {}
        self._reading_again: set[tuple[str, int]] = set()
        self._judged_since: deque[tuple[float, tuple[int, ...]]] = deque()

    @property
    def window(self) -> OpenWindow:
        """The one that is open for new records."""
        return self.windows[-1]

    def next(self, at: float, site: str) -> tuple[Place, bytes, bytes]:
        """Number a record before it is sent to that site: its place, its header and its value."""
        partition = self._sent % self.partitions
        self._sent += 1
        self._sequences[partition] += 1
        sequence = self._sequences[partition]
        self.records[partition, sequence] = SentRecord(at, site)
        self.window.first.setdefault(partition, sequence)
        self.window.last[partition] = sequence
        value = b"drctl canary %d" % self._sent
        return (partition, sequence), encode(Number(self.run, PRODUCER, partition, sequence), None, value), value

    def answered(self, place: Place, answer: WriteAnswer, at: float) -> None:
        """Note what became of a record. One whose window was judged before is in doubt for good."""
        if place in self.records:
            self.records[place].answer, self.records[place].answered = answer, at

    def found(self, site: str, record: CanaryRecord) -> None:
        """Note what a reader found at a site. Records of other canaries are passed over."""
        number = decode(record.number, None, record.value)
        if number is not None and number.run != self.run:
            return
        self._order += 1
        if number is None or number.producer != PRODUCER or not 0 <= number.partition < self.partitions:
            self._strange(site, Seen(CANARY_RECORDS, record.partition, record.offset, None))
            return
        stream = Stream(number.producer, CANARY_RECORDS, number.partition)
        seen = Seen(CANARY_RECORDS, record.partition, record.offset, stream, number.sequence, number.intact)
        self._follow_log(site, record, number)
        if not number.intact or not self._is_sent(number):
            # Whoever copies our numbers decides what is in them, and what lies before the highest one that was found
            # counts as passed over: so this one says nothing of others.
            self._strange(site, seen)
            return
        if number.sequence <= self._judged[number.partition]:
            self._found_late(site, number)
        else:
            known = self.records[number.partition, number.sequence].found.setdefault(site, [])
            if len(known) < TIMES:
                known.append((self._order, record.topic, seen))
            self._reading_again.discard((site, number.partition))
        key = site, number.partition
        self.last_found[key] = max(self.last_found[key], number.sequence)

    def processed(self, site: str, record: CanaryRecord, at: float) -> None:
        """Note what the group processed at a site."""
        number = decode(record.number, None, record.value)
        if number is None or number.run != self.run or number.producer != PRODUCER or not self._is_sent(number):
            return
        self._order += 1
        known = self.records.get((number.partition, number.sequence))
        if known is not None and len(known.processed) < TIMES:
            stream = Stream(number.producer, CANARY_RECORDS, number.partition)
            known.processed.append((self._order, Processed(CANARY_RECORDS, stream, number.sequence, at, site)))
        last = self.last_processed
        last[number.partition] = max(last[number.partition], number.sequence)

    def behind(self, site: str) -> tuple[int, float | None]:
        """How many acknowledged records a site has not been given, and when the oldest of them was sent."""
        times = [
            sent.at for sent in self.records.values() if sent.answer is WriteAnswer.WRITTEN and site not in sent.found
        ]
        old = sum(len(self.missing[site, partition]) for partition in range(self.partitions))
        if old:
            times.append(self._since(site))
        return old + len(times) - bool(old), min(times, default=None)

    def _since(self, site: str) -> float:
        for began, ends in self._judged_since:
            if any(self.missing[site, p].rank(end) for p, end in enumerate(ends)):
                return began
        return self._judged_since[-1][0]

    def note_behind(self, site: str, behind: tuple[int, float] | None) -> None:
        """Note in the open window what a standby lacks now; None where nobody can tell."""
        before = self.window.most_behind.get(site, (0, 0.0))
        both = None if before is None or behind is None else (max(before[0], behind[0]), max(before[1], behind[1]))
        self.window.most_behind[site] = both

    def note_shared(self) -> None:
        """Note that the group has another member: what it reads of any window that is open nobody here knows."""
        for window in self.windows:
            window.shared = True

    def acknowledged_by(self, window: OpenWindow) -> float:
        """Return when the last of a window's records was known to be acknowledged."""
        sent = (self.records[place] for place in window.places())
        return max((each.answered for each in sent if each.answer is WriteAnswer.WRITTEN), default=window.began)

    def end_window(self, at: float) -> None:
        """End the window that is open, and open the next one."""
        self.window.ended = at
        self.windows.append(OpenWindow(self.window.number + 1, at))

    def forget(self, window: OpenWindow) -> None:
        """Let the oldest window go, which was judged."""
        assert self.windows[0] is window, "windows are judged in their order"  # noqa: S101 - else state would grow
        self.windows.popleft()
        for place in window.places():
            del self.records[place]
        for partition, last in window.last.items():
            self._judged[partition] = last
        self._judged_since.append((window.began, tuple(self._judged)))
        while self._judged_since and not self._is_missed(self._judged_since[0][1]):
            self._judged_since.popleft()
        if len(self._judged_since) > REMEMBERED:
            newest, before = self._judged_since.pop(), self._judged_since.pop()
            self._judged_since.append((before[0], newest[1]))

    def passed_over(self, site: str) -> int:
        """Count the records of judged windows which a site lacked, and behind which its log has gone on since."""
        count = 0
        for partition in range(self.partitions):
            missing = self.missing[site, partition]
            over = missing[: missing.rank(self.last_found[site, partition])]
            count += len(over)
            missing -= over
        return count

    def events(self, window: OpenWindow, site: str, *, group: bool, ended: bool = False) -> list[Event]:
        """List what the checker is given of a window: what was sent, what was found at ``site``, what was processed.

        ``group``: with the next record of each partition that was found and processed, so that what the group passed
        over at the window's end does not look as if it were still to come. What the site may still be given is left
        out, unless it is where records are written and was read to its end (``ended``): then what is not there is lost.
        """
        places = list(window.places())
        if group:
            places += filter(None, (self._next_processed(window, site, partition) for partition in window.last))
        sent = [(place, self.records[place]) for place in places if ended or not self.waits(place, site)]
        history = [each for place, record in sent for each in _told(place, record)]
        found = [each for _, record in sent for each in record.found.get(site, ())]
        seen = [each for _, _, each in sorted(found, key=lambda each: each[0])] + window.strange[site]
        done = sorted((each for _, record in sent for each in record.processed), key=lambda each: each[0])
        return [*history, *seen, *(each for _, each in done)] if group else [*history, *seen]

    def waits(self, place: Place, site: str) -> bool:
        """Whether a record may still come to a site: it is not there, and nothing behind it in its stream is."""
        partition, sequence = place
        return site not in self.records[place].found and self.last_found[site, partition] <= sequence

    def _is_sent(self, number: Number) -> bool:
        """Whether a number of our run is one that was given to a record."""
        return 0 <= number.partition < self.partitions and 1 <= number.sequence <= self._sequences[number.partition]

    def _next_processed(self, window: OpenWindow, site: str, partition: int) -> Place | None:
        for sequence in range(window.last[partition] + 1, self.last_processed[partition] + 1):
            record = self.records[partition, sequence]
            if record.processed and site in record.found:
                return partition, sequence
        return None

    def _is_missed(self, ends: Sequence[int]) -> bool:
        return any(held.rank(ends[partition]) for (_, partition), held in self.missing.items())

    def _strange(self, site: str, seen: Seen) -> None:
        if len(self.window.strange[site]) < STRANGE:
            self.window.strange[site].append(seen)

    def _follow_log(self, site: str, record: CanaryRecord, number: Number) -> None:
        """Notice a log that was cut or made again, and forget what was found beyond that."""
        place = site, record.topic, record.partition
        if record.offset <= self._ends.get(place, -1):
            self.window.rewound.add(site)
            self.rewinds[site] += 1
            self._reading_again.add((site, number.partition))
            self.last_found[site, number.partition] = 0
            for sent in self.records.values():
                kept = [e for e in sent.found.pop(site, ()) if not _beyond(e, record)]
                if kept:
                    sent.found[site] = kept
        self._ends[place] = record.offset

    def _found_late(self, site: str, number: Number) -> None:
        missing = self.missing[site, number.partition]
        if number.sequence in missing:
            missing.discard(number.sequence)
        elif (site, number.partition) not in self._reading_again:
            self.window.again[site] += 1


def _beyond(found: tuple[int, str, Seen], record: CanaryRecord) -> bool:
    _, topic, seen = found
    return (topic, seen.partition) == (record.topic, record.partition) and seen.offset >= record.offset


def _told(place: Place, sent: SentRecord) -> Iterator[Event]:
    stream = Stream(PRODUCER, CANARY_RECORDS, place[0])
    if sent.answer is WriteAnswer.WRITTEN:
        yield Acknowledged(stream, place[1], sent.at, sent.site)
    elif sent.answer is not WriteAnswer.DENIED:
        yield Doubtful(stream, place[1])
