"""Hold what translation knows of one partition before it reads records, and the windows that it asks for."""

from bisect import bisect_left, bisect_right
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from drctl.decide import stranded
from drctl.decide.comparable import comparable
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, Span, TopicPartition


@dataclass(frozen=True, slots=True)
class Logs:
    """One partition on both sites.

    ``syncs`` and ``reverse_syncs`` are those of the link and of the reverse link, each in the order in which they were
    written; of the reverse ones ``upstream`` is an offset at this link's target. ``compacted``: on either site.
    ``stranded_here`` and ``stranded_there`` are spans of the source's and the target's log that the other site never
    got, in order.
    """

    partition: TopicPartition
    source: LogBounds
    target: LogBounds
    syncs: tuple[OffsetSync, ...]
    compacted: bool
    stranded_here: tuple[Span, ...] = ()
    stranded_there: tuple[Span, ...] = ()
    reverse_syncs: tuple[OffsetSync, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether, without any sync, the logs can be laid side by side: nothing was deleted from either."""
        # Two empty logs, an empty target, or two that begin at 0: in each case the beginning of one is the
        # beginning of the other. A log whose start has moved has lost records that no comparison can bring
        # back.
        vacant = self.source.start == self.source.stable and self.target.start == self.target.stable
        return vacant or self.target.stable == 0 or (self.source.start == 0 and self.target.start == 0)


@dataclass(frozen=True, slots=True)
class Window:
    """Offsets to read on both sites, stops excluded."""

    source: tuple[int, int]
    target: tuple[int, int]

    @property
    def size(self) -> int:
        """How many offsets that are, on both sites together."""
        return sum(stop - start for start, stop in (self.source, self.target))


type Records = Sequence[RecordId]
type Pair = tuple[Records, Records]
"""The source's and the target's data records in a window."""
type Asking[T] = Generator[Window, Pair, T]
"""A part of a translation that asks for windows one by one and ends with its result."""


def asked(logs: Logs, window: Window) -> Asking[Pair]:
    """The window's records without those that were stranded, as they can be compared."""
    source, target = yield window
    return comparable(stranded.without(source, logs.stranded_here), stranded.without(target, logs.stranded_there))


def cut(records: Records, after: int, before: int) -> Records:
    """Those with ``after < offset < before``."""
    return records[bisect_right(records, after, key=_offset) : bisect_left(records, before, key=_offset)]


def at(records: Records, offset: int) -> RecordId | None:
    """The record at that offset, if it was read and is there."""
    number = bisect_left(records, offset, key=_offset)
    return records[number] if number < len(records) and records[number].offset == offset else None


def _offset(record: RecordId) -> int:
    return record.offset
