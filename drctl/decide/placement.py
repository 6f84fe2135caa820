"""The last stage of a translation: where a position is in an aligned span, or why that cannot be said.

| the position | answer |
| --- | --- |
| at or below a record whose image is known, nothing else in between at the target | proven, at that image |
| right behind such a record, nothing vanished in between | proven, right behind its image |
| between the two, and only the target holds records there | refused; behind the record below skips nothing |
| behind everything that was copied | refused until the copy gets there; the target's end skips nothing |
| at the end of a log of which all is copied | proven, at the target's end |
| there, while a transaction is open, and the target holds more | refused; behind the record below skips nothing |
| below the first known image, where the target's log may have lost some | refused; its log start skips nothing |

Example, compacted: source ``ab..ef``, target ``abcdef``, the syncs (0, 0) and (5, 5) hold. Position 2 is right behind
b, so 2 is proven: c and d are still to be read. 4 is at e: proven, at 4. At 3 one of c and d may have been read:
refused, and 2 is early. Behind the end: source ``abcdef``, target ``abc.``; 3 is at 4, and 5 waits for two records.

Invariant, for a position p at the place o: image(r) >= o for each record r >= p that the source holds and the target
got, and, if it is proven, image(r) < o for each r < p. For the pairs (u, d) and (U, D) around p, u < p <= U:
o = D: the target holds nothing between d and D, or the source all of p <= r < U and none of it in a pair, so that no
image of it is left; those of U and behind it are at D and behind it.
o = d + 1: the image of each r > u is behind d; the source holds all of u < r < p, none in a pair: no image is left.
"""

from dataclasses import replace

from drctl.decide import alignment, stranded
from drctl.decide.alignment import AlignedSpan, Next, behind
from drctl.decide.offset_syncs import floor
from drctl.decide.verification import Verified
from drctl.decide.windows import Logs, cut
from drctl.model.offsets import OffsetSync
from drctl.model.translation import Exact, Proof, Translation, Unproven, UnprovenReason


def span_behind(logs: Logs, read: Verified, number: int | None) -> AlignedSpan:
    """The aligned span behind that one of the syncs that hold, up to the next one or the end; None is the beginning."""
    lower, following = (None, read.held[:1]) if number is None else (read.held[number], read.held[number + 1 :])
    upper = following[0] if following else None
    first = behind(lower)
    stop = Next(logs.source.stable, logs.target.stable) if upper is None else Next(upper.upstream, upper.downstream)
    inside = cut(read.source, first.upstream - 1, stop.upstream)
    opposite = cut(read.target, first.downstream - 1, stop.downstream)
    if upper is None:
        found = alignment.after(lower, inside, opposite, logs.compacted)
        # Without a sync the target's first record is taken for an image of the source's first one. Where
        # that record occurs again further on, the target's log could as well begin at the second one:
        # refused, since the difference would be skipped.
        if lower is None and not logs.compacted and opposite and alignment.repeats_its_beginning(inside):
            return replace(found, contradiction="without a sync, repeated records leave the place open")
        return found
    if lower is None and not logs.compacted:
        return alignment.before(upper, inside, opposite)
    return alignment.between(lower, upper, inside, opposite, logs.compacted)


def place(logs: Logs, read: Verified, here: AlignedSpan, position: int, *, counted_back: bool) -> Translation:
    """Where the position is in this span."""
    if here.contradiction:
        return refuse(logs, position, UnprovenReason.DIFFERENT_RECORDS, here.contradiction, read.held)
    lower, upper = here.around(position)
    if upper is None:
        return _at_the_end(logs, read, here, position, lower)
    first = behind(lower)
    left_over = here.target_records(first.downstream, upper.downstream)
    before = here.source_records(position, upper.upstream)
    # No pair below: of the records before the first one nobody knows whether the target ever held them. A log
    # that begins at 0 never had room for more records than it has offsets: they were never copied into it.
    if lower is None and before and (logs.target.start or not logs.compacted or before > upper.downstream):
        return refuse(logs, position, UnprovenReason.GONE_AT_TARGET, held=read.held)
    # Without compaction every record of the span is in a pair, so that nothing is left over between two of
    # them. With it, what vanished at the source must not be still there at the target.
    if not left_over or not logs.compacted or here.nothing_vanished(position, upper.upstream):
        proof = Proof.COUNTED_BACK if counted_back else Proof.IDENTIFIED if logs.compacted else Proof.COUNTED
        return _proven(logs, here, position, upper.downstream, proof)
    if here.nothing_vanished(first.upstream, position):
        return _proven(logs, here, position, first.downstream, Proof.IDENTIFIED)
    # Records that only the target still holds may or may not have been read at the source. Which of them
    # nobody can tell any more: early is right behind the last record that is certain to have been read.
    return _apart(logs, position, first.downstream, left_over)


def refuse(
    logs: Logs, position: int, why: UnprovenReason, detail: str = "", held: tuple[OffsetSync, ...] = ()
) -> Unproven:
    """A refusal with the early position behind the nearest sync that holds, or else the target's log start."""
    # Early, but as late as is certain. MirrorMaker 2 has no more to offer than this in the best of cases:
    # the sync at or below, plus one.
    offset = floor(held, position, logs.target)
    return offer(logs, Unproven(logs.partition, position, why, detail, offset, logs.target.stable - offset))


def offer(logs: Logs, refused: Unproven) -> Unproven:
    """A refusal, without the early position that it offers if a stranded span lies behind that."""
    offset = refused.conservative
    # An early position in front of a stranded span would lead the group through it. No offer is better than
    # one that reads what was given up.
    if offset is None or all(span.stop <= offset for span in logs.stranded_there):
        return refused
    return replace(refused, conservative=None, repeats=None)


def _at_the_end(logs: Logs, read: Verified, here: AlignedSpan, position: int, last: OffsetSync | None) -> Translation:
    """Where the position is if nothing at or after it is known to have been copied; without a sync it may never be.

    ``last`` is the last pair below it, None where no record of either log is in one.
    """
    first = behind(last)
    # Records at the target behind the last pair: of none of them is known which record of the source it is
    # an image of.
    left = here.target_records(first.downstream, logs.target.stable)
    waiting = here.source_records(first.upstream, position)
    if not left:
        ahead = 0 if read.held else here.source_records(position, logs.source.stable)
        if waiting or ahead:
            why = UnprovenReason.NOT_COPIED if waiting else UnprovenReason.COPY_UNCERTAIN
            # Behind what was read there may be a record at every offset.
            waiting += max(0, position - read.window.source[1]) if waiting else 0
            records = f"{waiting or ahead} records"
            return offer(logs, Unproven(logs.partition, position, why, records, logs.target.stable, waiting))
        # Without any pair nothing is left that could be one: neither log holds a record.
        return _proven(logs, here, position, logs.target.stable, Proof.EMPTY if last is None else Proof.AT_END)
    further = first.upstream < position
    # A link that reads uncommitted records has copied those of an open transaction, which are still to be read.
    if waiting or (further and (position < logs.source.stable or logs.source.stable < logs.source.high)):
        return _apart(logs, position, first.downstream, left)
    if further:
        return _proven(logs, here, position, logs.target.stable, Proof.AT_END)
    if position < logs.source.stable:
        return _proven(logs, here, position, first.downstream, Proof.IDENTIFIED)
    return refuse(logs, position, UnprovenReason.DIFFERENT_RECORDS, f"the target holds {left} records more", read.held)


def _proven(logs: Logs, here: AlignedSpan, position: int, offset: int, proof: Proof) -> Translation:
    # What lies below the log start is gone, so that a reader from there begins at the start all the same. A position
    # below it is out of range, and a group that resets to the end then skips everything.
    # Past the tail of an earlier failover, if nothing of both sites lies before it: a group that went into
    # it would read records that were salvaged and decided on, a second time.
    placed = stranded.past(logs.stranded_there, max(offset, logs.target.start), here.image_between)
    if placed is None:
        return Unproven(logs.partition, position, UnprovenReason.READS_STRANDED_TAIL)
    return Exact(logs.partition, position, placed, proof, here.compared)


def _apart(logs: Logs, position: int, first: int, left_over: int) -> Unproven:
    offset = max(first, logs.target.start)
    detail = f"{left_over} records only at the target"
    return offer(logs, Unproven(logs.partition, position, UnprovenReason.COMPACTED_APART, detail, offset, left_over))
