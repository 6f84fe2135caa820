"""Hold what is known of one stream, and in which logs its records were found: bitmaps, and few numbers besides."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pyroaring import BitMap64

MINUTE = 60.0
"""Seconds that acknowledgements are told apart by: a stream of a day has 1440 marks, and retention is days or hours."""


class LogName(NamedTuple):
    """Name a log in which records were found."""

    topic: str
    partition: int
    stranded: bool = False

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}{' of the stranded tail' if self.stranded else ''}"


@dataclass(slots=True)
class LogState:
    """Hold which sequences of a stream were found in a log, and the highest one so far."""

    there: BitMap64 = field(default_factory=BitMap64)
    last: int = 0


@dataclass(slots=True)
class StreamState:
    """Hold one stream's sequences."""

    acknowledged: BitMap64 = field(default_factory=BitMap64)
    doubtful: BitMap64 = field(default_factory=BitMap64)
    aborted: BitMap64 = field(default_factory=BitMap64)
    superseded: BitMap64 = field(default_factory=BitMap64)
    # The one thing here that grows with the data: a key of each compacted topic, as its log cleaner keeps
    # them. All else is bits.
    newest_of_key: dict[str, int] = field(default_factory=dict)
    # The highest sequence that was acknowledged within each minute since 1970.
    minutes: dict[int, int] = field(default_factory=dict)
    logs: dict[LogName, LogState] = field(default_factory=dict)

    @property
    def seen(self) -> BitMap64:
        """Return what a fresh reader found."""
        return _union(log.there for name, log in self.logs.items() if not name.stranded)

    @property
    def stranded(self) -> BitMap64:
        """Return what was salvaged."""
        return _union(log.there for name, log in self.logs.items() if name.stranded)

    @property
    def found(self) -> BitMap64:
        """Return both."""
        return _union(log.there for log in self.logs.values())

    @property
    def due(self) -> BitMap64:
        """Return what a group must process: acknowledged and not stranded, or doubtful and there all the same."""
        return (self.acknowledged - (self.stranded - self.seen)) | (self.doubtful & self.seen)

    def note_key(self, key: str, sequence: int) -> None:
        """Note the key of an acknowledged record: all of a key's but the newest may be compacted away."""
        newest = self.newest_of_key.get(key)
        if newest is not None and newest != sequence:
            # min and max, since histories of several processes are read one after the other: a later
            # line may tell of an earlier record.
            self.superseded.add(min(newest, sequence))
        self.newest_of_key[key] = sequence if newest is None else max(newest, sequence)

    def note_time(self, sequence: int, at: float) -> None:
        """Note when a sequence was acknowledged."""
        minute = int(at // MINUTE)
        if sequence > self.minutes.get(minute, 0):
            self.minutes[minute] = sequence

    def acknowledged_by(self, at: float) -> int:
        """Return a sequence behind which all were acknowledged later than that, in seconds since 1970."""
        return max((last for minute, last in self.minutes.items() if minute * MINUTE <= at), default=0)

    def merge(self, other: "StreamState", name: str) -> None:
        """Take in what another checker holds of this stream. ValueError where both read one log."""
        if both := self.logs.keys() & other.logs.keys():
            raise ValueError(f"{name}: two checkers have read {min(both)}, so nobody knows its order")
        self.acknowledged |= other.acknowledged
        self.doubtful |= other.doubtful
        self.aborted |= other.aborted
        self.superseded |= other.superseded
        for key, newest in other.newest_of_key.items():
            self.note_key(key, newest)
        for minute, last in other.minutes.items():
            self.minutes[minute] = max(last, self.minutes.get(minute, 0))
        self.logs |= {log: LogState(held.there.copy(), held.last) for log, held in other.logs.items()}

    def in_two_logs(self) -> Iterator[tuple[int, LogName, LogName]]:
        """Yield every sequence that is in a log and in a later one, with both, once for each log more."""
        before: list[LogName] = []
        # In the log and in the saved tail as well counts as twice: the tail is what exists nowhere else.
        for name in sorted(self.logs):
            for sequence in self.logs[name].there & _union(self.logs[each].there for each in before):
                yield sequence, next(each for each in before if sequence in self.logs[each].there), name
            before.append(name)


def _union(parts: Iterable[BitMap64]) -> BitMap64:
    found = BitMap64()
    for part in parts:
        found |= part
    return found
