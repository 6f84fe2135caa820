"""Exact translation and proof of position: the same place in the other site's log, or a refusal with its reason.

A refusal may offer an early position and says so; no answer is ever late: nothing that a group has still to read lies
before it. It goes by three stages, each in a module of its own: syncs are verified (:mod:`drctl.decide.verification`),
the logs between two that hold are aligned (:mod:`drctl.decide.alignment`), and the position is placed in between
(:mod:`drctl.decide.placement`).

The caller reads in this order: positions, the target's bounds, the syncs, the source's bounds, then the records within
these bounds. Whatever stands below the target's bound was at the source before, so it lies below the source's bound,
even on a link that goes on copying.

| the position p, with the source's log from start to stable to high | answer |
| --- | --- |
| p < start, or p > high | refused: the group would be reset, or the topic is another one |
| stable < p <= high: a transaction is open | refused until it ends; what stable is at the target is early |
| the link copies again what it had copied before | refused until it has; the oldest image still to be read is early |
| syncs hold around it, or both logs are whole | placed between them |
| a record at or behind it has only an image of an earlier copy | refused; that image is early |
| the same, and the link was set past that record by hand | refused as different; that image is early |
| compacted: a record behind it was never copied, nor any later one of its key written | refused; its place is early |
| otherwise | refused for want of a sync, or as different if one was looked at and is false |

Example: source ``abcdefgh``, target ``ab.cd.efgh.`` (one sign per offset, ``.`` for a marker), the syncs (0, 0), (4, 6)
and (7, 9). For position 5 the windows 4 to 7 and 6 to 9 are read: both syncs hold, f and g lie in between on either
side, and 5 is f, at 7. Position 8 is behind everything: at 11, the target's end.

Invariant, for an answer o, proven or early: each record r >= p that a group has still to read has its newest image at
or behind o, if it has one. Within the logs that are read :mod:`drctl.decide.placement` gives that. Where the link
copies again, o is at most the least of what is placed and of the images that are awaited, so neither is passed over.

A failover leaves a tail on the lost site that the other one never gets, and Kafka cannot cut it off. Where such spans
are known, their records count as not there. No position is put into one, and none in front of one that a group would
then read through.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from drctl.decide.alignment import AlignedSpan
from drctl.decide.comparable import explained
from drctl.decide.offset_syncs import below
from drctl.decide.placement import offer, place, refuse, span_behind
from drctl.decide.superseded import never_copied
from drctl.decide.unsettled import marked
from drctl.decide.verification import Claims, Unverified, Verified, around, claims, first_images
from drctl.decide.windows import Asking, Logs, Pair, Window, cut
from drctl.model.offsets import OffsetSync
from drctl.model.translation import Exact, Translation, Unproven, UnprovenReason

WORTH_READING_THROUGH = 1_000
"""Windows closer than this many offsets are read as one: a round trip costs more than the records."""

type Read = Callable[[Window], Pair]
"""Reads a window: the source's and the target's data records in it."""
type Inquiry = Asking[Mapping[int, Translation]]


def translate(logs: Logs, position: int, read: Read) -> Translation:
    """One position."""
    return translate_all(logs, (position,), read)[position]


def translate_all(logs: Logs, positions: Collection[int], read: Read) -> Mapping[int, Translation]:
    """Many positions in one partition; every window is read once, however many positions lie in it."""
    asking = translation(logs, positions)
    try:
        window = next(asking)
        while True:
            window = asking.send(read(window))
    except StopIteration as ended:
        answers: Mapping[int, Translation] = ended.value
        return answers


def translation(logs: Logs, positions: Collection[int]) -> Inquiry:
    """The same as a generator that asks for its windows one by one, so that many partitions can be read at once."""
    answers: dict[int, Translation] = {p: refused for p in positions if (refused := _outside(logs, p))}
    # Behind the last stable offset: the group reads uncommitted records. Until the transaction ends nobody
    # knows which records will be at the target.
    undecided = {p for p in positions if logs.source.stable < p <= logs.source.high}
    # An undecided position is answered by the last one that is decided, which is early for it by exactly
    # what the transaction holds.
    reachable = {min(p, logs.source.stable) for p in positions if p not in answers}
    if reachable:
        known = yield from claims(logs, max(reachable), min(reachable))
        # Positions of many groups in one partition, most of them near its end: read once for all. Asked one
        # by one, a thousand groups would read the same window a thousand times.
        for near in _neighbours(known.syncs, sorted(reachable)):
            found = yield from _answers(known, near)
            if known.copying_again:
                beyond = [(p, answer) for p, answer in found.items() if known.clear is None or p > known.clear]
                found |= {position: _until_copied_again(logs, known.awaited, answer) for position, answer in beyond}
            found = {position: _not_past_omitted(logs, known.omitted, answer) for position, answer in found.items()}
            answers |= {position: _copies_again(logs, position, None) for position in found} if known.blind else found
    answers |= {p: _in_transaction(logs, p, answers[logs.source.stable]) for p in undecided}
    return {p: answers[p] for p in sorted(set(positions))}


def _neighbours(known: Sequence[OffsetSync], positions: Sequence[int]) -> Iterator[list[int]]:
    """Positions that are close enough to be read together."""
    held: list[int] = []
    for position in positions:
        # Below the first sync is counted backward, and what is read there may have to grow: it stays by itself.
        passes_the_first = held and below(known, held[-1]) is None and below(known, position) is not None
        if held and (passes_the_first or _apart(known, held[-1], position)):
            yield held
            held = []
        held.append(position)
    yield held


def _apart(known: Sequence[OffsetSync], before: int, position: int) -> bool:
    between = known[_up_to(known, before) : _up_to(known, position)]
    return bool(between) and between[-1].upstream - between[0].upstream > WORTH_READING_THROUGH


def _answers(claimed: Claims, positions: Sequence[int]) -> Asking[dict[int, Translation]]:
    logs, known = claimed.logs, claimed.syncs
    read = yield from around(logs, known, positions)
    answers: dict[int, Translation] = {}
    if isinstance(read, Unverified):
        if len(positions) == 1:
            return {positions[0]: _unverified(logs, known, read, positions[0])}
        # Those that failed together are tried one by one before any is refused: false syncs near one of them
        # must not cost the others their proof.
        for position in positions:
            answers |= yield from _answers(claimed, (position,))
        return answers
    last = len(read.held) - 1 if read.held else None
    for number, group in groupby(positions, lambda p: below(read.held, p)):
        here = span_behind(logs, read, number)
        placed: dict[int, Translation] = {}
        for position in group:
            answer = place(logs, read, here, position, counted_back=number is None and read.counted_back)
            if number == last:
                answer = yield from _not_beyond_first_images(logs, known, read, here, answer)
            placed[position] = answer
        answers |= yield from _with_all_copied(claimed, read, here, placed)
    # Marked as unsettled where the next sync may prove it: a switchover waits for that before the fence,
    # instead of refusing at once.
    newest = (read.held or known)[-1:]
    return marked(explained(answers, read.source, read.target), logs.source, newest[0] if newest else None)


def _with_all_copied(
    claimed: Claims, read: Verified, here: AlignedSpan, placed: Mapping[int, Translation]
) -> Asking[Mapping[int, Translation]]:
    """The answers of a span; what is proven in front of records that were never copied is refused, its place early."""
    proven = {position: answer for position, answer in placed.items() if isinstance(answer, Exact)}
    # A copy under way may still bring what is missing.
    if claimed.copying_again or not proven:
        return placed
    alone = yield from never_copied(claimed.logs, read, here, min(proven))
    # What an earlier copy left an image of was copied.
    missing = [record for record in alone if record not in claimed.awaited and record not in claimed.omitted]
    lacking = {p: _lacking(claimed.logs, a, missing) for p, a in proven.items() if missing and missing[-1] >= p}
    return {**placed, **lacking}


def _lacking(logs: Logs, proven: Exact, missing: Sequence[int]) -> Unproven:
    behind = missing[bisect_left(missing, proven.position) :]
    detail = f"the newest records of {len(behind)} keys, from {behind[0]} on, were never copied"
    why = UnprovenReason.GONE_AT_TARGET
    return offer(logs, Unproven(logs.partition, proven.position, why, detail, proven.offset, repeats=0))


def _not_beyond_first_images(
    logs: Logs, known: Sequence[OffsetSync], read: Verified, here: AlignedSpan, answer: Translation
) -> Asking[Translation]:
    """The answer; where the link copies again, and the target holds first images of what is still to be read, theirs.

    The copy under way has not come to these records yet. If the source died now, the first images were all there is.
    """
    # A refusal for want of the copy already offers the target's end, and only an image can lie before it;
    # any other refusal keeps its own reason and only has its early position moved.
    other = isinstance(answer, Unproven) and answer.why is not UnprovenReason.NOT_COPIED
    if not read.held or (isinstance(answer, Unproven) and other and answer.conservative is None):
        return answer
    after = max(answer.position - 1, *(pair.upstream for pair in here.pairs))
    if not cut(read.source, after, logs.source.stable):
        return answer
    source, images = yield from first_images(logs, known, read)
    ahead = {record.digest for record in cut(source, after, logs.source.stable)}
    # The oldest of them, whatever stands between: everything that has still to be read is at or behind it.
    # Records in between that were read already are read again, which is the price of never skipping.
    first = next((image.offset for image in images if image.digest in ahead), None)
    if first is None:
        return answer
    if isinstance(answer, Unproven) and other:
        return offer(logs, replace(answer, conservative=first, repeats=logs.target.stable - first))
    return offer(logs, _copies_again(logs, answer.position, first))


def _until_copied_again(logs: Logs, awaited: Mapping[int, int], answer: Translation) -> Translation:
    """The answer as an early one: it leads to first images, and behind these a group would read the second ones."""
    early = answer.offset if isinstance(answer, Exact) else answer.conservative
    if early is not None:
        # The least of all: an answer may be early, never late. That this reads a whole first copy again is
        # accepted; it happens only while a link copies again, and the number is stated as repeats.
        early = min([early, *(image for record, image in awaited.items() if record >= answer.position)])
    if isinstance(answer, Unproven) and answer.why not in (UnprovenReason.DIFFERENT_RECORDS, UnprovenReason.NOT_COPIED):
        repeats = None if early is None else logs.target.stable - early
        return offer(logs, replace(answer, conservative=early, repeats=repeats))
    return offer(logs, _copies_again(logs, answer.position, early))


def _not_past_omitted(logs: Logs, omitted: Mapping[int, int], answer: Translation) -> Translation:
    """The answer; where it would pass over the only image of a record that no copy comes to any more, at that one."""
    early = answer.offset if isinstance(answer, Exact) else answer.conservative
    images = [image for record, image in omitted.items() if record >= answer.position]
    if early is None or min(images, default=early) >= early:
        return answer
    first, repeats = min(images), logs.target.stable - min(images)
    if isinstance(answer, Unproven):
        return offer(logs, replace(answer, conservative=first, repeats=repeats))
    detail = f"records of an earlier copy, from {first} on at the target, were left out by the newest one"
    refused = Unproven(logs.partition, answer.position, UnprovenReason.DIFFERENT_RECORDS, detail, first, repeats)
    return offer(logs, refused)


def _copies_again(logs: Logs, position: int, early: int | None) -> Unproven:
    repeats = None if early is None else logs.target.stable - early
    detail = "the link copies again what it had copied before"
    return Unproven(logs.partition, position, UnprovenReason.NOT_COPIED, detail, early, repeats)


def _unverified(logs: Logs, known: Sequence[OffsetSync], read: Unverified, position: int) -> Unproven:
    if read.false:
        detail = f"the sync {read.false.upstream} to {read.false.downstream} does not hold, and none near it does"
        return Unproven(logs.partition, position, UnprovenReason.DIFFERENT_RECORDS, detail)
    # Below the newest sync no later one will ever come: syncs are written in order, at the end of the log.
    # Behind it the next one is due within a second on an exactly-once link.
    next_may_hold = not known or position >= known[-1].upstream
    return replace(refuse(logs, position, UnprovenReason.NO_SYNC), unsettled=next_may_hold)


def _outside(logs: Logs, position: int) -> Unproven | None:
    # Kafka resets a group whose position was deleted: by auto.offset.reset it reads all or nothing. Which
    # of the two the operator wants is not ours to decide, so it is refused, with the target's own start as
    # the early one.
    if position < logs.source.start:
        return refuse(logs, position, UnprovenReason.BEFORE_LOG_START, f"it starts at {logs.source.start}")
    if position > logs.source.high:
        return Unproven(logs.partition, position, UnprovenReason.BEYOND_LOG_END, f"it ends at {logs.source.high}")
    return None


def _in_transaction(logs: Logs, position: int, nearest: Translation) -> Unproven:
    """Refuse a position that an open transaction holds back; early is where the last decided one is at the target."""
    if isinstance(nearest, Exact):
        offset: int | None = nearest.offset
    else:
        offset = nearest.conservative
    repeats = None if offset is None else logs.target.stable - offset
    detail = f"a transaction is open from {logs.source.stable} on"
    return Unproven(logs.partition, position, UnprovenReason.NOT_COPIED, detail, offset, repeats)


def _up_to(known: Sequence[OffsetSync], position: int) -> int:
    """How many of the claims are at or below the position."""
    return bisect_right(known, position, key=_upstream)


def _upstream(sync: OffsetSync) -> int:
    return sync.upstream
