"""The life of a link as it may go: two logs, what a link noted of them, and the truth about every record.

Whatever can happen to either happens, in any order: transactions that end or not, workers killed, offsets set back and
forth by hand, topics recreated at either site, syncs lost, stale or false, records that nobody copied, retention and
compaction at different times; also while somebody looks.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from random import Random

from drctl.decide.windows import Logs, Window
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, TopicPartition
from drctl.model.sync_history import SyncHistory

PARTITION = TopicPartition("orders", 0)
NOWHERE = -1
"""The source's offset of a record that somebody else wrote to the target, and its topic's number."""


class Kind(Enum):
    """What may happen besides a link's usual life. Nobody can tell a false sync between equal records from a true one.

    So it is either equal records, with all that a link does by itself, or false syncs and recreated topics. Where a
    link reads uncommitted records, a record of an open transaction may not be equal to another one.
    """

    EQUAL_RECORDS = auto()
    FALSE_SYNCS = auto()
    FOREIGN_RECORDS = auto()


@dataclass(frozen=True)
class Written:
    """A record of the source, or its image: in which topic of that name, and where it was written there."""

    topic: int
    offset: int
    key: str
    value: str


class Life:
    """Both logs as they are now; :meth:`step` lets something happen."""

    def __init__(self, chance: Random, kind: Kind, *, compacted: bool) -> None:
        self.chance, self.kind, self.compacted = chance, kind, compacted
        self.source: dict[int, Written] = {}
        self.target: dict[int, Written] = {}
        self.source_start = self.source_end = self.target_start = self.target_end = 0
        self.undecided: set[int] = set()
        self.aborted: set[int] = set()
        self.transactions = chance.random() < 0.6
        equal_in_transactions = kind is Kind.EQUAL_RECORDS and self.transactions
        self.reads_uncommitted = not equal_in_transactions and chance.random() < 0.5
        self.topic = self.written = self.noted = 0
        self.next = self.stored = 0  # where the link reads on, and what a worker begins with that is killed
        self.last_noted: int | None = None
        self.last_read: int | None = None
        self.apart = chance.choice([1, 2, 3, 5, 9])
        self.syncs_lost = chance.choice([0, 0, 0.3, 0.7])
        self.history = SyncHistory()
        self.undisturbed = [self.produce, self.produce, self.copy, self.copy, self.kill]
        if self.transactions:
            self.undisturbed.append(self.end_transaction)
        if chance.random() < 0.5:
            self.undisturbed += [self.trim_source, self.trim_target]
        if compacted:
            self.undisturbed += [self.compact_source, self.compact_target]
        self.all = [*self.undisturbed, self.produce, self.copy, self.kill]
        if kind is not Kind.EQUAL_RECORDS:
            self.all += [self.set_forth, self.recreate_source, self.recreate_target]
        if kind is Kind.FOREIGN_RECORDS:
            self.all.append(self.write_at_target)

    def step(self) -> None:
        self.chance.choice(self.all)()

    def produce(self) -> None:
        for _ in range(self.chance.randint(1, 6)):
            self.written += 1
            key = self.chance.choice("abc")
            value = str(self.written)
            if self.kind is Kind.EQUAL_RECORDS:
                value = self.chance.choice(["x", "y", value])
            self.source[self.source_end] = Written(self.topic, self.source_end, key, value)
            if self.transactions and self.chance.random() < 0.4:
                self.undecided.add(self.source_end)
            self.source_end += self.chance.choice([1, 1, 1, 1, 2, 5])

    @property
    def stable(self) -> int:
        return max(self.source_start, min(self.undecided, default=self.source_end))

    def end_transaction(self) -> None:
        ended = sorted(self.undecided)[: self.chance.choice([1, 2, 9])]
        self.undecided.difference_update(ended)
        if self.chance.random() < 0.5:
            self.aborted.update(ended)
        self.source_end += bool(ended)  # the marker

    def copy(self) -> None:
        stop = self.source_end if self.reads_uncommitted else self.stable
        ahead = [n for n in sorted(self.source) if self.next <= n < stop]
        ahead = [n for n in ahead if self.reads_uncommitted or n not in self.aborted]
        for offset in ahead[: self.chance.randint(1, 6)]:
            self.target[self.target_end] = self.source[offset]
            far = self.last_noted is None or self.target_end - self.last_noted > self.apart
            if (far or self.last_read != offset - 1) and self.chance.random() >= self.syncs_lost:
                self.history.add(self.noted, OffsetSync(offset, self.target_end))
                self.noted, self.last_noted = self.noted + 1, self.target_end
            self.last_read, self.next = offset, offset + 1
            self.target_end += self.chance.choice([1, 1, 1, 2])
        if self.chance.random() < 0.5:
            self.stored = self.next

    def kill(self) -> None:
        """A worker is killed, or somebody sets its offsets back."""
        self.last_noted = self.last_read = None
        self.next = self.chance.choice([self.stored, self.chance.randint(0, self.next)])
        self.stored = min(self.stored, self.next)

    def set_forth(self) -> None:
        self.last_noted = self.last_read = None
        self.next = self.stored = self.chance.randint(self.next, max(self.next, self.source_end))

    def trim_source(self) -> None:
        self.source_start = self.chance.randint(self.source_start, self.source_end)
        self.source = {n: each for n, each in self.source.items() if n >= self.source_start}
        self.undecided = {n for n in self.undecided if n >= self.source_start}
        self.next = max(self.next, self.source_start)

    def trim_target(self) -> None:
        self.target_start = self.chance.randint(self.target_start, self.target_end)
        self.target = {n: each for n, each in self.target.items() if n >= self.target_start}

    def compact_source(self) -> None:
        stop = min(self.chance.randint(0, self.source_end), self.stable)
        decided = {n: each for n, each in self.source.items() if n not in self.aborted}
        self.source = _compacted(decided, stop) | {n: each for n, each in self.source.items() if n >= stop}

    def compact_target(self) -> None:
        self.target = _compacted(self.target, self.chance.randint(0, self.target_end))

    def recreate_source(self) -> None:
        self.topic += 1
        self.source_start = self.source_end = self.next = self.stored = 0
        self.last_noted = self.last_read = None
        self.source, self.undecided, self.aborted = {}, set(), set()

    def recreate_target(self) -> None:
        self.target_start = self.target_end = 0
        self.target = {}
        if self.last_noted is not None and self.chance.random() < 0.5:
            self.last_noted = NOWHERE  # MirrorMaker 2 sees that its images lie lower now

    def write_at_target(self) -> None:
        self.written += 1
        self.target[self.target_end] = Written(NOWHERE, NOWHERE, "foreign", str(self.written))
        self.target_end += 1

    def look(self) -> tuple[Logs, "Looking"]:
        """What is known before records are read, in the order in which it is asked for, and who reads them then."""
        looking = Looking(self, busy=self.chance.random() < 0.3)
        there = LogBounds(self.target_start, self.target_end, self.target_end)
        looking.meanwhile()
        syncs = self.history.since(0)
        looking.meanwhile()
        here = LogBounds(self.source_start, self.stable, self.source_end)
        reverse: tuple[OffsetSync, ...] = ()
        if self.kind is not Kind.EQUAL_RECORDS and self.chance.random() < 0.3:
            reverse = tuple(self._false_sync() for _ in range(self.chance.randint(1, 2)))
        looking.stable, looking.end = here.stable, there.stable
        return Logs(PARTITION, here, there, syncs, self.compacted, reverse_syncs=reverse), looking

    def _false_sync(self) -> OffsetSync:
        return OffsetSync(self.chance.randint(0, self.target_end), self.chance.randint(0, self.source_end))

    def passed_over(self, position: int, offset: int) -> Mapping[str, int]:
        """What a group at the position has still to read, or may have to, and finds too seldom from the offset on."""
        ahead = {
            each.offset
            for each in self.target.values()
            if each.topic == self.topic and each.offset >= position and each.offset not in self.aborted
        }
        still = Counter(_content(self.source[n]) for n in ahead if n in self.source)
        return still - Counter(_content(each) for n, each in self.target.items() if n >= offset)


class Looking:
    """Reads both logs as a read_committed consumer does, while life may go on."""

    def __init__(self, life: Life, *, busy: bool) -> None:
        self._life, self._busy = life, busy
        self.stable = self.end = 0

    def meanwhile(self) -> None:
        for _ in range(self._life.chance.randint(0, 2) if self._busy else 0):
            self._life.chance.choice(self._life.undisturbed)()

    def read(self, window: Window) -> tuple[list[RecordId], list[RecordId]]:
        self.meanwhile()
        life = self._life
        seen = {n: each for n, each in life.source.items() if n < self.stable and n not in life.aborted}
        return _ids(seen, window.source), _ids({n: w for n, w in life.target.items() if n < self.end}, window.target)


def _compacted(log: Mapping[int, Written], stop: int) -> dict[int, Written]:
    newest = {log[n].key: n for n in sorted(log) if n < stop}
    return {n: each for n, each in log.items() if n >= stop or newest[each.key] == n}


def _ids(log: Mapping[int, Written], span: tuple[int, int]) -> list[RecordId]:
    here = {n: log[n] for n in sorted(log) if span[0] <= n < span[1]}
    return [RecordId(n, _content(each).encode(), key=each.key.encode()) for n, each in here.items()]


def _content(written: Written) -> str:
    return f"{written.key}={written.value}"
