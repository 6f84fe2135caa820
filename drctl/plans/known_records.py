"""Records of one site that a run, or the group-offset sync, has read before: only what came since is read again.

A log that only grows holds below the end to which it was read what it held then, unless it is compacted. Every position
of a partition is judged by the same last thousand records, again and again: when the gates look, ahead of the pause and
within it, where clients wait. So of each partition the newest part that was read is kept.

| asked for, with 40 to 60 known, of which 59 is the last record | is read |
| --- | --- |
| 45 to 60, the log having ended at 60 | nothing |
| 45 to 60, the log having grown | 59 to 60: the record at 59 must be the same one |
| 45 to 70 | 59 to 70, likewise |
| the same, and it is another one: the log was cut, and has grown again | 45 to 70, and what was known is forgotten |
| 30 to 70, or 65 to 70 | all of it |
| anything, once the log was seen to end before where it had ended | all of it |

From one translation to the next a part is known up to its last record: what a reading did not tell behind that, since
it came too early, would else be taken for missing whenever it is asked for. Behind it are a few markers, if anything.

Invariant: what is told equals what reading the log would tell. A log that lost its end and grew to the very same offset
between two looks shows by its leader's epoch only: whoever keeps records lets :class:`SeenLogs` see the bounds first.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from drctl.model.offsets import LogBounds, RecordId, Span, TopicPartition

type Spans = Mapping[TopicPartition, tuple[int, int]]
type Found = Mapping[TopicPartition, Sequence[RecordId]]
type Id = tuple[str, int]
"""A partition by its topic's id: a topic that was recreated is another one."""

EACH, ALL = 2_000, 100_000
"""Records that are kept of a partition, and of a site. A position is judged by a thousand in front of the newest sync
and a hundred behind it; a hundred thousand are some 25 MB. Of partitions beyond that all is read each time."""


class SpanReader(Protocol):
    """Reads the data records of spans of offsets, stops excluded."""

    def identities_all(self, spans: Spans) -> Found:
        """Return them by partition, in order; an empty sequence where there are none."""
        ...


@dataclass(frozen=True, slots=True)
class _Part:
    """Hold what is between two offsets of one log."""

    span: Span
    records: tuple[RecordId, ...]

    def between(self, start: int, stop: int) -> tuple[RecordId, ...]:
        """Return the records with ``start <= offset < stop``."""
        return self.records[
            bisect_left(self.records, start, key=_offset) : bisect_left(self.records, stop, key=_offset)
        ]

    @property
    def seam(self) -> int:
        """From where on it is read again when more is read: its last record, or all of it where it has none."""
        return self.records[-1].offset if self.records else self.span.start

    def followed_by(self, read: Sequence[RecordId], stop: int) -> "_Part | None":
        """The same with what was read from its seam on, up to ``stop``; None where that is of another log."""
        seam = tuple(record for record in read if record.offset < self.span.stop)
        if seam != self.records[-1:]:
            return None
        return _Part(Span(self.span.start, stop), (*self.records, *read[len(seam) :]))

    def up_to_its_last_record(self) -> "_Part | None":
        """The same without what lies behind its last record; None where it has none."""
        return _Part(Span(self.span.start, self.records[-1].offset + 1), self.records) if self.records else None

    def newest(self) -> "_Part":
        """The end of it, of at most so many records as are kept."""
        records = self.records[-EACH:]
        return self if records == self.records else _Part(Span(records[0].offset, self.span.stop), records)


class KnownRecords:
    """Keep the newest part of each log that was read at one site; lost with its process. For one thread at a time."""

    def __init__(self) -> None:
        self._parts: dict[Id, _Part] = {}
        self._count = 0
        self._ends: dict[Id, int] = {}

    def before(self, reader: SpanReader, bounds: Mapping[TopicPartition, tuple[Id, LogBounds]]) -> SpanReader:
        """A reader that asks ``reader`` only for what is not known.

        ``bounds`` are those of logs without compaction, as they were just seen; of other partitions all is read.
        """
        grown: set[Id] = set()
        for key, seen in bounds.values():
            part = self._parts.get(key)
            certain = part.up_to_its_last_record() if part else None
            lost_its_end = seen.stable < self._ends.get(key, 0)
            self._ends[key] = seen.stable
            if certain is None or lost_its_end:
                self.forget([key])
            else:
                self._parts[key] = certain
                grown |= {key} if seen.stable > certain.span.stop else set()
        return _Reading(self, reader, {partition: key for partition, (key, _) in bounds.items()}, grown)

    def of(self, key: Id, start: int) -> _Part | None:
        """The known part, if it holds what is asked for from ``start`` on, as far as it reaches."""
        part = self._parts.get(key)
        return part if part is not None and part.span.start <= start <= part.span.stop else None

    def keep(self, key: Id, read: _Part) -> bool:
        """Keep it, if it holds a record, nothing behind it is known and there is room; returns whether it is kept."""
        known, part = self._parts.get(key), read.newest()
        count = self._count + len(part.records) - (len(known.records) if known else 0)
        if not part.records or count > ALL or (known is not None and known.span.stop > part.span.stop):
            return False
        self._parts[key], self._count = part, count
        return True

    def newest(self, key: Id) -> RecordId | None:
        """The last record that is known of a log, None if there is none."""
        part = self._parts.get(key)
        return part.records[-1] if part is not None and part.records else None

    def forget(self, keys: Collection[Id]) -> None:
        """Keep nothing of these."""
        for key in keys:
            if (part := self._parts.pop(key, None)) is not None:
                self._count -= len(part.records)


class _Reading:
    """Reads what is not known, and keeps it; of what has ``grown`` the last known record is read again first."""

    def __init__(
        self, known: KnownRecords, reader: SpanReader, keys: Mapping[TopicPartition, Id], grown: Collection[Id]
    ) -> None:
        self._known, self._reader, self._keys, self._grown = known, reader, keys, set(grown)

    def identities_all(self, spans: Spans) -> Found:
        parts = {p: self._part(p, start) for p, (start, _) in spans.items()}
        asked: dict[TopicPartition, tuple[int, int]] = {}
        for partition, (start, stop) in spans.items():
            part = parts[partition]
            if part is None:
                asked[partition] = start, stop
            elif part.span.stop < stop or self._keys[partition] in self._grown:
                asked[partition] = part.seam, max(part.span.stop, stop)
        read = self._reader.identities_all(asked) if asked else {}
        found: dict[TopicPartition, Sequence[RecordId]] = {}
        for partition, (start, stop) in spans.items():
            part = parts[partition]
            if partition in asked:
                fresh, end = read[partition], asked[partition][1]
                part = part.followed_by(fresh, end) if part else _Part(Span(start, end), tuple(fresh))
            if part is not None:
                self._keep(partition, part)
                found[partition] = part.between(start, stop)
        return {**found, **self._anew({p: span for p, span in spans.items() if p not in found})}

    def _anew(self, spans: Spans) -> Found:
        """All of the spans, of logs that are not what was known of them."""
        if not spans:
            return {}
        self._known.forget([self._keys[partition] for partition in spans])
        return self.identities_all(spans)

    def _part(self, partition: TopicPartition, start: int) -> _Part | None:
        key = self._keys.get(partition)
        return self._known.of(key, start) if key else None

    def _keep(self, partition: TopicPartition, part: _Part) -> None:
        key = self._keys.get(partition)
        # What lies in front of the known part says nothing about that.
        if key is not None and self._known.keep(key, part):
            self._grown.discard(key)


def _offset(record: RecordId) -> int:
    return record.offset
