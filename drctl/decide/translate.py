"""Exact translation and proof of position: the same place in the other site's log, or a refusal with its reason.

A refusal may offer an early position and says so; no answer is ever late: nothing that a group has still to read lies
before it.

The caller reads in this order: positions, the target's bounds, the syncs, the source's bounds, then the records within
these bounds. Whatever stands below the target's bound was at the source before, so it lies below the source's bound,
even on a link that goes on copying.

A failover leaves a tail on the lost site that the other one never gets, and Kafka cannot cut it off. Where such spans
are known, their records count as not there. No position is put into one, and none in front of one that a group would
then read through.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from drctl.decide import alignment, stranded
from drctl.decide.alignment import ORIGIN, AlignedSpan
from drctl.decide.comparable import comparable, explained
from drctl.decide.offset_syncs import floor, usable
from drctl.decide.unsettled import marked
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, Span, TopicPartition
from drctl.model.translation import Answer, Proof, Refusal, Refused, Translated

WORTH_READING_THROUGH = 1_000
"""Windows closer than this many offsets are read as one: a round trip costs more than the records."""


@dataclass(frozen=True, slots=True)
class Logs:
    """One partition on both sites. ``compacted``: on either; ``anchors``: see :func:`drctl.decide.offset_syncs.merged`.

    ``stranded_here`` and ``stranded_there`` are spans of the source's and the target's log that the other site never
    got, in order.
    """

    partition: TopicPartition
    source: LogBounds
    target: LogBounds
    anchors: tuple[OffsetSync, ...]
    compacted: bool
    stranded_here: tuple[Span, ...] = ()
    stranded_there: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """Offsets to read on both sites, stops excluded, for some positions between anchors ``first`` and ``last``.

    -1 is before the first anchor, the number of anchors behind the last.
    """

    positions: tuple[int, ...]
    first: int
    last: int
    source: tuple[int, int]
    target: tuple[int, int]


type Records = Sequence[RecordId]
type Read = Callable[[Window], tuple[Records, Records]]
"""Reads a window: the source's and the target's data records in it."""
type Translation = Generator[Window, tuple[Records, Records], Mapping[int, Answer]]


def translate(logs: Logs, position: int, read: Read) -> Answer:
    """One position."""
    return translate_all(logs, (position,), read)[position]


def translate_all(logs: Logs, positions: Collection[int], read: Read) -> Mapping[int, Answer]:
    """Many positions in one partition; every window is read once, however many positions lie in it."""
    asked = translation(logs, positions)
    try:
        window = next(asked)
        while True:
            window = asked.send(read(window))
    except StopIteration as ended:
        answers: Mapping[int, Answer] = ended.value
        return answers


def translation(logs: Logs, positions: Collection[int]) -> Translation:
    """The same as a generator that asks for its windows one by one, so that many partitions can be read at once."""
    answers: dict[int, Answer] = {}
    reachable = []
    for position in sorted(set(positions)):
        if refusal := _unreachable(logs, position):
            answers[position] = refusal
        else:
            reachable.append(position)
    trusted = stranded.outside(usable(logs.anchors, logs.source, logs.target), logs.stranded_here, logs.stranded_there)
    if reachable and not trusted and not _comparable_as_a_whole(logs):
        answers |= {p: replace(_refuse(logs, p, Refusal.NO_SYNC), unsettled=True) for p in reachable}
        return answers
    for window in windows(logs, trusted, reachable):
        answers |= yield from _answers(logs, trusted, window)
    return answers


def windows(logs: Logs, anchors: Sequence[OffsetSync], positions: Iterable[int]) -> Iterator[Window]:
    """What to read first for these positions (sorted), given the usable anchors. Neighbours are read together."""
    if not anchors:
        yield _window(logs, anchors, tuple(positions), -1, 0)
        return
    first = last = None
    held: list[int] = []
    for n, group in groupby(positions, lambda p: bisect_right(anchors, p, key=_upstream) - 1):
        # The aligned span below the first anchor is counted backward and may have to grow: it stays by itself.
        apart = first is None or last is None or first < 0 or _distance(anchors, last, n) > WORTH_READING_THROUGH
        if apart and first is not None and last is not None:
            yield _window(logs, anchors, tuple(held), first, last)
            held = []
        first, last = (n if apart else first), n + 1
        held.extend(group)
    if first is not None and last is not None:
        yield _window(logs, anchors, tuple(held), first, last)


def _distance(anchors: Sequence[OffsetSync], last: int, n: int) -> int:
    return anchors[n].upstream - anchors[min(last, len(anchors) - 1)].upstream


def _window(logs: Logs, anchors: Sequence[OffsetSync], positions: tuple[int, ...], first: int, last: int) -> Window:
    source = [logs.source.start, logs.source.stable]
    target = [logs.target.start, logs.target.stable]
    if last < len(anchors):
        source[1], target[1] = anchors[last].upstream + 1, anchors[last].downstream + 1
    if first >= 0:
        source[0], target[0] = anchors[first].upstream, anchors[first].downstream
    elif anchors and not logs.compacted:
        source[0] = positions[0]
        # Markers thin out the target's log: a margin makes a second reading rare.
        target[0] = max(target[0], target[1] - 2 * (source[1] - source[0]) - WORTH_READING_THROUGH)
    return Window(positions, first, last, (source[0], source[1]), (target[0], target[1]))


def _answers(
    logs: Logs, anchors: Sequence[OffsetSync], window: Window
) -> Generator[Window, tuple[Records, Records], dict[int, Answer]]:
    source, target = yield from _asked(logs, window)
    while window.first < 0 and anchors and not logs.compacted:
        if len(target) > len(source) or window.target[0] <= logs.target.start:
            break
        begin, end = window.target
        window = replace(window, target=(max(logs.target.start, end - 4 * (end - begin)), end))
        source, target = yield from _asked(logs, window)
    false = _contradicted(logs, anchors[max(window.first, 0) : window.last + 1], source, target)
    answers: dict[int, Answer] = {}
    for n, group in groupby(window.positions, lambda p: bisect_right(anchors, p, key=_upstream) - 1):
        here = None if false else _stretch_at(logs, anchors, n, source, target)
        for position in group:
            answers[position] = (
                _refuse(logs, position, Refusal.DIFFERENT_RECORDS, false, known=False)
                if here is None
                else _place(logs, here, position, counted_back=n < 0 and bool(anchors), anchored=bool(anchors))
            )
    return marked(explained(answers, source, target), logs.source, anchors[-1] if anchors else None)


def _asked(logs: Logs, window: Window) -> Generator[Window, tuple[Records, Records], tuple[Records, Records]]:
    """The window's records without those that were stranded, as they can be compared."""
    source, target = yield window
    return comparable(stranded.without(source, logs.stranded_here), stranded.without(target, logs.stranded_there))


def _contradicted(logs: Logs, anchors: Iterable[OffsetSync], source: Records, target: Records) -> str:
    """Why an offset sync cannot be true: its records differ, or are missing where nothing goes missing."""
    for anchor in anchors:
        here, there = _at(source, anchor.upstream), _at(target, anchor.downstream)
        same = here is not None and there is not None and here.digest == there.digest
        excused = logs.compacted and (here is None or there is None)
        if not same and not excused:
            return f"the sync {anchor.upstream} to {anchor.downstream} does not hold"
    return ""


def _stretch_at(logs: Logs, anchors: Sequence[OffsetSync], n: int, source: Records, target: Records) -> AlignedSpan:
    lower = anchors[n] if n >= 0 else None
    upper = anchors[n + 1] if n + 1 < len(anchors) else None
    low, high = lower or ORIGIN, upper or OffsetSync(logs.source.stable, logs.target.stable)
    inside = _cut(source, low.upstream, high.upstream)
    opposite = _cut(target, low.downstream, high.downstream)
    if upper is None:
        found = alignment.after(low, inside, opposite, logs.compacted)
        if lower is None and not logs.compacted and opposite and alignment.repeats_its_beginning(inside):
            return replace(found, contradiction="without a sync, repeated records leave the place open")
        return found
    if lower is None and not logs.compacted:
        return alignment.before(upper, inside, opposite)
    return alignment.between(low, upper, inside, opposite, logs.compacted)


def _place(logs: Logs, here: AlignedSpan, position: int, *, counted_back: bool, anchored: bool) -> Answer:
    """Where the position is in an aligned span."""
    if here.contradiction:
        return _refuse(logs, position, Refusal.DIFFERENT_RECORDS, here.contradiction)
    lower, upper = here.around(position)
    above = lower or ORIGIN
    left_over = here.target_records(above.downstream, upper.downstream if upper else logs.target.stable)
    if upper is None:
        return _at_the_end(logs, here, position, above, left_over, anchored=anchored)
    before = here.source_records(position, upper.upstream)
    # A log that begins at 0 never had room for more records than it has offsets: they were never copied into it.
    if above == ORIGIN and before and (logs.target.start or not logs.compacted or before > upper.downstream):
        return _refuse(logs, position, Refusal.GONE_AT_TARGET)
    if not left_over or not logs.compacted or here.nothing_vanished(position, upper.upstream):
        proof = Proof.COUNTED_BACK if counted_back else Proof.IDENTIFIED if logs.compacted else Proof.COUNTED
        return _proven(logs, here, position, upper.downstream, proof)
    if here.nothing_vanished(above.upstream + 1, position):
        return _proven(logs, here, position, above.downstream + 1, Proof.IDENTIFIED)
    return _apart(logs, position, above, left_over)


def _at_the_end(logs: Logs, here: AlignedSpan, position: int, last: OffsetSync, left: int, *, anchored: bool) -> Answer:
    """Where the position is if nothing at or after it is known to have been copied; without a sync it may never be."""
    waiting = here.source_records(last.upstream + 1, position)
    if not left:
        ahead = 0 if anchored else here.source_records(position, logs.source.stable)
        if waiting or ahead:
            why, records = (Refusal.NOT_COPIED if waiting else Refusal.COPY_UNCERTAIN), f"{waiting or ahead} records"
            return _offer(logs, Refused(logs.partition, position, why, records, logs.target.stable, waiting))
        empty = not here.source and not here.target and last == ORIGIN
        return _proven(logs, here, position, logs.target.stable, Proof.EMPTY if empty else Proof.AT_END)
    if waiting or last.upstream + 1 < position < logs.source.stable:
        return _apart(logs, position, last, left)
    if last.upstream + 1 < position:
        return _proven(logs, here, position, logs.target.stable, Proof.AT_END)
    if position < logs.source.stable:
        return _proven(logs, here, position, last.downstream + 1, Proof.IDENTIFIED)
    return _refuse(logs, position, Refusal.DIFFERENT_RECORDS, f"the target holds {left} records more")


def _unreachable(logs: Logs, position: int) -> Refused | None:
    if position < logs.source.start:
        return _refuse(logs, position, Refusal.BEFORE_LOG_START, f"it starts at {logs.source.start}")
    if position > logs.source.high:
        return _refuse(logs, position, Refusal.BEYOND_LOG_END, f"it ends at {logs.source.high}", known=False)
    if position > logs.source.stable:
        return _refuse(logs, position, Refusal.NOT_COPIED, f"a transaction is open from {logs.source.stable} on")
    return None


def _comparable_as_a_whole(logs: Logs) -> bool:
    """Whether, without any anchor, the logs can be laid side by side: nothing was deleted from either."""
    vacant = logs.source.start == logs.source.stable and logs.target.start == logs.target.stable
    return vacant or logs.target.stable == 0 or (logs.source.start == 0 and logs.target.start == 0)


def _proven(logs: Logs, here: AlignedSpan, position: int, offset: int, proof: Proof) -> Answer:
    # What lies below the log start is gone, so that a reader from there begins at the start all the same. A position
    # below it is out of range, and a group that resets to the end then skips everything.
    placed = stranded.past(logs.stranded_there, max(offset, logs.target.start), here.image_between)
    if placed is None:
        return Refused(logs.partition, position, Refusal.READS_STRANDED_TAIL)
    return Translated(logs.partition, position, placed, proof, here.compared)


def _apart(logs: Logs, position: int, last: OffsetSync, left_over: int) -> Refused:
    offset = max(last.downstream + 1, logs.target.start)
    detail = f"{left_over} records only at the target"
    return _offer(logs, Refused(logs.partition, position, Refusal.COMPACTED_APART, detail, offset, left_over))


def _offer(logs: Logs, refused: Refused) -> Refused:
    """A refusal, without the early position that it offers if a stranded span lies behind that."""
    offset = refused.conservative
    if offset is None or all(span.stop <= offset for span in logs.stranded_there):
        return refused
    return replace(refused, conservative=None, repeats=None)


def _refuse(logs: Logs, position: int, why: Refusal, detail: str = "", *, known: bool = True) -> Refused:
    """``known``: whether the syncs may still be believed for a conservative position."""
    if not known:
        return Refused(logs.partition, position, why, detail)
    offset = floor(logs.anchors, position, logs.target)
    return _offer(logs, Refused(logs.partition, position, why, detail, offset, logs.target.stable - offset))


def _cut(records: Records, after: int, before: int) -> Records:
    return records[bisect_right(records, after, key=_offset) : bisect_left(records, before, key=_offset)]


def _at(records: Records, offset: int) -> RecordId | None:
    n = bisect_left(records, offset, key=_offset)
    return records[n] if n < len(records) and records[n].offset == offset else None


def _upstream(anchor: OffsetSync) -> int:
    return anchor.upstream


def _offset(record: RecordId) -> int:
    return record.offset
