"""Hold at which offset of a log each record of a stream was told: as runs, so that a billion records are a few numbers.

In a run sequence and offset rise together. A log that only one producer writes to is one run; each transaction marker,
and each batch of another producer in between, ends one. Runs of 24 bytes are kept in their order and without overlap,
so that any split and any order of telling give the same.

Example: sequences 1 2 3 at offsets 10 11 12, and 4 at 14 behind a marker, are (9, 1, 4) and (10, 4, 5): offset less
sequence, first sequence, and the one behind the last.

Of one log, offset by offset:

| told                                      | class                |
| --- | --- |
| one offset with one record, by whomever   | none                 |
| one offset with two records or more       | inconsistent_offsets |
| one record at two offsets                 | none here: duplicated, if a reader found both |
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pyroaring import BitMap64

from drctl.ledger.events import Stream

FRESH = 4096
"""Runs that wait before they are put in order: sorting more at once costs less for each, and they are a megabyte."""

LARGEST = 1 << 62
"""Sequences that are held: what fits into the runs' 64 bits, whatever a damaged history says."""


class OffsetRun(NamedTuple):
    """Sequences from ``first`` to before ``end``, each at ``shift`` plus its sequence. Sorts by shift, then first."""

    shift: int
    first: int
    end: int


class OffsetRuns:
    """Hold the runs of one stream in one log."""

    __slots__ = ("_end", "_first", "_fresh", "_kept", "_shift")

    def __init__(self, runs: Iterable[OffsetRun] = ()) -> None:
        self._kept = array("q")
        self._fresh = list(runs)
        self._shift = self._first = self._end = 0

    def tell(self, sequence: int, offset: int) -> None:
        """Note that this sequence was told at this offset."""
        if sequence == self._end and offset - sequence == self._shift:
            self._end += 1
        else:
            self._begin(OffsetRun(offset - sequence, sequence, sequence + 1))

    def tell_run(self, run: OffsetRun) -> None:
        """Note a whole run."""
        if (run.shift, run.first) == (self._shift, self._end):
            self._end = run.end
        else:
            self._begin(run)

    def runs(self) -> Iterator[OffsetRun]:
        """Yield every run in its order: by shift, then by sequence; none touches another of its shift."""
        self._put_in_order()
        return self._in_order()

    def merge(self, other: "OffsetRuns") -> None:
        """Take in what another checker was told."""
        for run in other.runs():
            self.tell_run(run)

    def last_below(self, offset: int) -> int:
        """Return the highest sequence that was told below this offset; 0 for none."""
        below = (min(run.end - 1, offset - 1 - run.shift) for run in self.runs() if run.first + run.shift < offset)
        return max(below, default=0)

    def at_or_above(self, offset: int) -> BitMap64:
        """Return the sequences that were told at this offset or above."""
        told = BitMap64()
        for run in self.runs():
            if (first := max(run.first, offset - run.shift)) < run.end:
                told.add_range(first, run.end)
        return told

    def _begin(self, run: OffsetRun) -> None:
        if run.end > LARGEST:
            return
        if self._end:
            self._fresh.append(OffsetRun(self._shift, self._first, self._end))
        self._shift, self._first, self._end = run
        # As many as are kept already, so that putting them in order costs each telling the same.
        if len(self._fresh) >= max(FRESH, len(self._kept) // 3):
            self._put_in_order()

    def _put_in_order(self) -> None:
        if self._end:
            self._fresh.append(OffsetRun(self._shift, self._first, self._end))
            self._shift = self._first = self._end = 0
        if not self._fresh:
            return
        ordered = sorted([*self._in_order(), *self._fresh])
        self._kept, self._fresh = array("q"), []
        shift, first, end = ordered[0]
        for run in ordered[1:]:
            if run.shift == shift and run.first <= end:
                end = max(end, run.end)
            else:
                self._kept.extend((shift, first, end))
                shift, first, end = run
        self._kept.extend((shift, first, end))

    def _in_order(self) -> Iterator[OffsetRun]:
        kept = self._kept
        for place in range(0, len(kept), 3):
            yield OffsetRun(kept[place], kept[place + 1], kept[place + 2])


def contradictions(told: Mapping[Stream, OffsetRuns]) -> Iterator[tuple[range, tuple[tuple[Stream, int], ...]]]:
    """Yield every range of offsets of one log that was told with two records or more, lowest first.

    With it stream and shift of each record: the sequence that was told at an offset is the offset less the shift.
    """
    edges: list[tuple[int, bool, Stream, int]] = []
    for stream, runs in told.items():
        for run in runs.runs():
            edges += ((run.first + run.shift, True, stream, run.shift), (run.end + run.shift, False, stream, run.shift))
    # Ends sort before beginnings, so that runs which only touch are never told together.
    here: set[tuple[Stream, int]] = set()
    before = 0
    for offset, begins, stream, shift in sorted(edges):
        if len(here) > 1 and offset > before:
            yield range(before, offset), tuple(sorted(here))
        before = offset
        (here.add if begins else here.discard)((stream, shift))
