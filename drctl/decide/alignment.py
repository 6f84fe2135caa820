"""Aligned spans: the same part of both logs, with every pair of records that is certain to be a record and its image.

An aligned span lies between two syncs that hold, behind the newest, or below the first. Three facts make it certain.
Records are copied in order, so what lies between two syncs at the source lies between them at the target. Without
compaction nothing inside a log is missing, so the two parts must be equal, one by one. With compaction, the copies of
one and the same record vanish oldest first, on each site in its own time: whatever is left on both sides are the newest
ones, so equal records are paired from the back; but only below an offset sync, where all are known to have been copied.

| sync below | sync above | compacted | pairs | otherwise |
| --- | --- | --- | --- | --- |
| any, or both beginnings | yes | no | all, one by one | contradiction |
| any, or both beginnings | yes | yes | all one by one, or else equal ones from the back | contradiction if they cross |
| any, or both beginnings | no | no | the target's, with as many of the source's first | contradiction |
| any, or both beginnings | no | yes | those that never had a copy, nothing vanished or foreign in front | left open |
| no | yes | no | counted backward, as many as both logs still hold | contradiction |

Example: between the syncs (0, 0) and (5, 5) the source holds b at 1 and e at 4, the target b, c, d and e at 1 to 4.
Without compaction that is a contradiction, from c on. With it (4, 4) and (1, 1) are pairs; c and d vanished here.

Invariant, for two pairs (u, d) and (v, e): u < v <=> d < e, and a record that is left on both sides of a closed span
is in a pair with its own newest image. All k copies of a record in the span were written to both logs, in one order.
Compaction takes the oldest first: the source keeps the last m, the target the last n, and the last min(m, n) of
either are the same ones.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from drctl.model.offsets import OffsetSync, RecordId


class Next(NamedTuple):
    """The first offsets of the source's and of the target's log behind some place."""

    upstream: int
    downstream: int


def behind(pair: OffsetSync | None) -> Next:
    """Where both logs go on behind a pair; where none is known, at their first offsets, which Kafka numbers 0.

    Both begin there whatever was deleted since, so what lies behind one beginning lies behind the other.
    """
    return Next(0, 0) if pair is None else Next(pair.upstream + 1, pair.downstream + 1)


@dataclass(frozen=True, slots=True)
class AlignedSpan:
    """``pairs`` rise in both offsets and include the syncs at either end, if there are such.

    ``source`` and ``target`` are the offsets of all data records strictly inside. ``closed``: all of the source's were
    copied, and every image still there is among the pairs. ``compared`` counts pairs of records seen to be equal.
    ``contradiction`` says why nothing in here can be trusted, and is empty otherwise.
    """

    pairs: tuple[OffsetSync, ...]
    source: tuple[int, ...]
    target: tuple[int, ...]
    closed: bool
    compared: int
    contradiction: str
    unreadable: tuple[int, ...] = ()
    """Offsets of the source's records inside that equal none, their own images neither."""

    def around(self, position: int) -> tuple[OffsetSync | None, OffsetSync | None]:
        """The last pair below the position and the first at or above it, None where there is no such pair."""
        number = bisect_left(self.pairs, position, key=_upstream)
        return (self.pairs[number - 1] if number else None), (self.pairs[number] if number < len(self.pairs) else None)

    def nothing_vanished(self, start: int, stop: int) -> bool:
        """Whether no source record with ``start <= offset < stop`` can have an unpaired image at the target."""
        if start == stop:
            return True
        # Its image at the target may well be there, though it is in no pair.
        untold = bisect_left(self.unreadable, start) < bisect_left(self.unreadable, stop)
        return self.closed and not untold and self.source_records(start, stop) == stop - start

    def source_records(self, start: int, stop: int) -> int:
        """How many data records the source holds with ``start <= offset < stop``."""
        return bisect_left(self.source, stop) - bisect_left(self.source, start)

    def image_between(self, start: int, stop: int) -> bool:
        """Whether a record at the target, paired or not, lies in here with ``start <= offset < stop``."""
        if bisect_left(self.target, start) < bisect_left(self.target, stop):
            return True
        return bisect_left(self.pairs, start, key=_downstream) < bisect_left(self.pairs, stop, key=_downstream)

    def target_records(self, start: int, stop: int) -> int:
        """How many data records the target holds with ``start <= offset < stop``."""
        return bisect_left(self.target, stop) - bisect_left(self.target, start)


def between(
    lower: OffsetSync | None,
    upper: OffsetSync,
    source: Sequence[RecordId],
    target: Sequence[RecordId],
    compacted: bool,
) -> AlignedSpan:
    """The aligned span between two syncs, or from both beginnings on (``lower`` is None).

    ``source`` and ``target`` are the records strictly inside.
    """
    syncs = (upper,) if lower is None else (lower, upper)
    matched = _in_step(source, target)
    if matched is None and compacted:
        # In step is tried first also in a compacted topic: the log cleaner never touches the open segment,
        # so near the end both logs are most often still complete, and a proof by equality is stronger than
        # one by newest images.
        matched = from_the_back(source, target)
    if matched is None:
        at = _first_difference(source, target)
        return _span(syncs, (), source, target, f"they differ from the record at {at} of the source on")
    return _span(syncs, matched, source, target)


def after(
    lower: OffsetSync | None, source: Sequence[RecordId], target: Sequence[RecordId], compacted: bool
) -> AlignedSpan:
    """The aligned span behind the newest sync, or, without any (None), of both logs from their beginnings on.

    The source may hold records that were not copied yet.
    """
    syncs = () if lower is None else (lower,)
    if compacted:
        return _span(syncs, _certain(lower, source, target), source, target, closed=False)
    matched = _in_step(source[: len(target)], target)
    if matched is None:
        at = _first_difference(source, target)
        return _span(syncs, (), source, target, f"they differ from the record at {at} of the source on")
    return _span(syncs, matched, source, target)


def before(upper: OffsetSync, source: Sequence[RecordId], target: Sequence[RecordId]) -> AlignedSpan:
    """The aligned span below the first sync, without compaction: either log may begin before the other."""
    # Both logs end at the sync, and either may have lost its oldest records to retention. What both still
    # hold is the shorter of the two, counted from the sync backward; anything below that is answered by
    # placement.
    count = min(len(source), len(target))
    matched = _in_step(source[len(source) - count :], target[len(target) - count :])
    if matched is None:
        return _span((upper,), (), source, target, "counted backward, they differ")
    return _span((upper,), matched, source, target)


def repeats_its_beginning(records: Sequence[RecordId]) -> bool:
    """Whether a record equal to the first one follows, so that another log may begin at either."""
    return any(record.digest == records[0].digest for record in records[1:])


def _span(
    syncs: Sequence[OffsetSync],
    matched: Sequence[OffsetSync],
    source: Sequence[RecordId],
    target: Sequence[RecordId],
    contradiction: str = "",
    *,
    closed: bool = True,
) -> AlignedSpan:
    pairs = tuple(sorted((*syncs, *matched), key=_upstream))
    images = [_downstream(pair) for pair in pairs]
    # Pairs that cross cannot be records of one ordered copy. One crossing spoils the whole span: nobody can
    # tell which of the two pairs is false.
    if images != sorted(images):
        contradiction = "equal records stand in another order"
    here, there = tuple(r.offset for r in source), tuple(r.offset for r in target)
    unreadable = tuple(record.offset for record in source if record.fault)
    return AlignedSpan(pairs, here, there, closed, len(matched), contradiction, unreadable)


def _in_step(source: Sequence[RecordId], target: Sequence[RecordId]) -> tuple[OffsetSync, ...] | None:
    if [record.digest for record in source] != [record.digest for record in target]:
        return None
    return tuple(map(_pair, source, target))


def from_the_back(source: Sequence[RecordId], target: Sequence[RecordId]) -> tuple[OffsetSync, ...]:
    """Pairs of equal records, from the last ones on: where more of them are equal the first ones are left over."""
    # By digest, so that a span of n records costs n steps. A key written again with the same value and
    # timestamp has the same digest; its copies stand in one order on both sides, and pop() takes the newest
    # first.
    waiting: dict[bytes, list[int]] = {}
    for record in target:
        waiting.setdefault(record.digest, []).append(record.offset)
    return tuple(
        OffsetSync(record.offset, waiting[record.digest].pop())
        for record in reversed(source)
        if waiting.get(record.digest)
    )


def _certain(
    lower: OffsetSync | None, source: Sequence[RecordId], target: Sequence[RecordId]
) -> tuple[OffsetSync, ...]:
    # Behind the newest sync a vanished copy may have been written to the target while its survivor was not yet. So
    # only what never had a copy is certain: alone on both sides, and nothing vanished in front of it.
    here, there = Counter(r.digest for r in source), Counter(r.digest for r in target)
    image = {r.digest: r.offset for r in target}
    first = behind(lower).upstream
    # The first hole ends what is certain. A hole may be a transaction marker and harmless, but here nobody
    # can tell it from a record that compaction took: the early position is refused or early, never late.
    complete = [record for place, record in enumerate(source, first) if record.offset == place]
    # So does an image that is none of theirs: it has no place in front of them at the source. It may be of
    # an open transaction, copied once before, whose records are still to be read and are seen by nobody.
    own = {record.digest for record in complete}
    # What nobody can read equals none. As many of these as the source holds are taken for its own.
    all_ours = _unreadable(target) <= _unreadable(complete)
    told = (record for record in target if not (all_ours and record.fault))
    stranger = next((record.offset for record in told if record.digest not in own), None)
    return tuple(
        OffsetSync(record.offset, image[record.digest])
        for record in complete
        if here[record.digest] == there[record.digest] == 1 and (stranger is None or image[record.digest] < stranger)
    )


def _unreadable(records: Sequence[RecordId]) -> int:
    return sum(bool(record.fault) for record in records)


def _first_difference(source: Sequence[RecordId], target: Sequence[RecordId]) -> int | str:
    for first, second in zip(source, target, strict=False):
        if first.digest != second.digest:
            return first.offset
    # Where one log is the other's beginning, the place at which the longer one goes on is what an operator
    # wants to look at.
    return next((record.offset for record in source[len(target) :]), "the end")


def _pair(record: RecordId, image: RecordId) -> OffsetSync:
    return OffsetSync(record.offset, image.offset)


def _upstream(pair: OffsetSync) -> int:
    return pair.upstream


def _downstream(pair: OffsetSync) -> int:
    return pair.downstream
