"""Find what a link that copies again has still to come to: what the target holds only as images of an earlier copy.

A group that has to read them finds them at these images, as long as the link has not come to them once more. So no
position behind them may be offered, whatever the syncs of the copy under way say.

| the target, with the source ``abcdef`` | syncs | awaited |
| --- | --- | --- |
| ``abcdef``, then ``ab`` | (0, 0), (5, 5), (0, 6), (1, 7) | c to f, at 2 to 5: the first copy was further |
| ``abcdef``, then ``ab`` | (0, 6), (1, 7) | the same: equal records in front of the oldest sync say so |
| ``abcdef``, then ``cd`` | (0, 0), (1, 1), (2, 6), (3, 7) | e and f, at 4 and 5: more records there than here |

Where its offsets were set by hand a copy may also leave out what an earlier one has (:func:`images_omitted`). Of d,
from the source ``abcdef``, the target ``abcdbcef`` and the syncs (0, 0), (1, 4), (4, 6), the only image is at 3.

Invariant: only syncs that hold say how far the copy under way has come, and of the source so much is read as the target
can hold images of, however far apart the records lie.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from drctl.decide import stranded
from drctl.decide.alignment import from_the_back
from drctl.decide.offset_syncs import usable
from drctl.decide.windows import Asking, Logs, Records, Window, asked, at, cut
from drctl.model.offsets import OffsetSync

LOOKED_AT = 50
"""Claims of which the records are read one by one, at most."""
MARGIN = 1_000
"""Offsets that are read beyond what is needed at least, so that a second reading is rare: markers thin out logs. It is
also how far before a sync the images of a first copy are looked for; a link writes a sync every 101 records."""
FARTHEST = 250_000
"""Offsets from a position on of which is looked whether a copy left them out: that takes a second or two."""


def images_awaited(logs: Logs, begun: Iterable[OffsetSync], newest: OffsetSync) -> Asking[dict[int, int]]:
    """Find records behind the newest sync that the target has only as images right before where a copy was begun."""
    stops = [min(sync.downstream, logs.target.stable) for sync in begun]
    spans = [(max(stop - MARGIN, logs.target.start), stop) for stop in stops]
    spans = [span for span in spans if span[0] < span[1]]
    # Its own record may be gone, or the image of it not decided yet: what lies behind it is awaited all the same.
    begin = max(newest.upstream + 1, logs.source.start)
    since = min(max(newest.downstream + 1, logs.target.start), logs.target.stable)
    known = stranded.outside([newest], logs.stranded_here, logs.stranded_there)
    if not spans or not known or begin >= logs.source.stable:
        return {}
    found: dict[int, int] = {}
    for stop in _stops(logs, begin, logs.target.stable - since):
        source, copied = yield from asked(logs, Window((begin, stop), (since, logs.target.stable)))
        missing, most = _missing(source, copied), 1
        for span in spans if missing else ():
            # The same part of the source once per place where the link began again.
            source, images = yield from asked(logs, Window((begin, stop), span))
            found |= _newest_images([record for record in source if record.offset in missing], images)
            most = max(most, len(images))
        # As many are missing as there are images: no more of the source can have any, and reading on would
        # only cost time.
        if len(missing) >= most:
            break
    return found


def images_omitted(logs: Logs, written: Sequence[Sequence[OffsetSync]], lowest: int) -> Asking[dict[int, int]]:
    """Find records that the newest of the copies left out, and that the target has only as images of earlier ones.

    That is what offsets leave that were set back by hand, and then to where they had been. ``written`` are the syncs of
    each copy, the newest last. Looked for are records from ``lowest`` on, and as far as the earlier copies can have
    come; far behind these a history of syncs no longer tells of them.
    """
    newest, begun = written[-1], written[-1][0]
    reached = [copy[-1].upstream for copy in written[:-1] if copy[-1].upstream < newest[-1].upstream]
    furthest = max(reached, default=begun.upstream)
    begin = max(begun.upstream + 1, lowest, logs.source.start)
    stop = min(furthest + MARGIN, newest[-1].upstream, logs.source.stable, begin + FARTHEST)
    there = min(begun.downstream, logs.target.stable)
    if not reached or begin >= stop or there <= logs.target.start:
        return {}
    since, until = yield from _images_between(logs, newest, begin, stop)
    source, copied = yield from asked(logs, Window((begin, stop), (since, until)))
    missing = _missing(source, copied)
    if not missing:
        return {}
    # An earlier copy has no markers in between unless it was exactly-once, and then at most one behind each record.
    images = max(logs.target.start, there - 2 * min(furthest - begun.upstream, FARTHEST) - MARGIN), there
    source, earlier = yield from asked(logs, Window((begin, stop), images))
    return _newest_images([record for record in source if record.offset in missing], earlier)


def _images_between(logs: Logs, copy: Sequence[OffsetSync], begin: int, stop: int) -> Asking[tuple[int, int]]:
    """Return where the images of these records of one copy are, as far as syncs that hold tell."""
    since, until = max(copy[0].downstream, logs.target.start), logs.target.stable
    number = bisect_left(copy, begin, key=_upstream)
    for sync in reversed(copy[max(0, number - LOOKED_AT) : number]):
        if within(logs, [sync]) and (yield from seen_alone(logs, sync)):
            since = sync.downstream + 1
            break
    number = bisect_left(copy, stop, key=_upstream)
    for sync in copy[number : number + LOOKED_AT]:
        if within(logs, [sync]) and (yield from seen_alone(logs, sync)):
            until = sync.downstream
            break
    return since, max(since, until)


@dataclass(frozen=True, slots=True)
class HiddenImages:
    """Hold records that the target has only as images between earlier syncs: by their offset at the source, and where.

    ``reached`` is the newest sync that holds. Positions up to ``clear`` are placed in front of all these images; None
    where no position is known to be.
    ``omitted`` are records in front of it, with the same: no copy comes to them any more. ``more``: the target holds
    more there than the source.
    """

    awaited: Mapping[int, int]
    reached: OffsetSync
    clear: int | None
    omitted: Mapping[int, int] = field(default_factory=dict)
    more: bool = False


def images_hidden(logs: Logs, syncs: Sequence[OffsetSync], highest: int, lowest: int = 0) -> Asking[HiddenImages]:
    """Find records behind the newest sync, or left out in front of it, of which the images are between earlier ones.

    A link that is killed may have copied more than it has noted. It begins again behind the last sync that it wrote, so
    that offsets rise as if it had gone on; but the target holds more records there than the source. Positions up to the
    sync in front of all that are placed in front of these images: if ``highest`` is one of them, nobody looks for any.
    Nor if ``lowest`` is behind the newest sync, and nothing is there to be copied.
    The newest sync is the newest that holds: a false one would pass over what the link has yet to copy.
    """
    fewest = max(1, len(syncs) - LOOKED_AT)
    for count in range(len(syncs), fewest, -1):
        found = yield from _hidden_behind(logs, syncs[:count], highest, lowest)
        if found is not None:
            return found
    return HiddenImages({}, syncs[fewest - 1], logs.source.high)


def _hidden_behind(logs: Logs, syncs: Sequence[OffsetSync], highest: int, lowest: int) -> Asking[HiddenImages | None]:
    """Find the same with the last of them as the newest; None if it was not seen to hold."""
    newest = syncs[-1]
    # A sync well before the newest one, so that the records in between can be counted on both sides.
    # Farther back would be surer and dearer; a link writes a sync at least every 101 records.
    older = syncs[bisect_left(syncs, newest.downstream - MARGIN, key=_downstream)]
    begin, none = newest.upstream + 1, HiddenImages({}, newest, logs.source.high)
    if older == newest or (begin >= logs.source.high and lowest > newest.upstream):
        return none if (yield from seen_alone(logs, newest)) else None
    first = max(newest.downstream - MARGIN, logs.target.start)
    found, omitted = dict[int, int](), dict[int, int]()
    clear: int | None = None
    more = False
    for stop in _stops(logs, begin, logs.target.stable - newest.downstream):
        source, target = yield from asked(logs, Window((older.upstream, stop), (first, logs.target.stable)))
        if not seen_to_hold(logs, newest, source, target):
            return None
        images = cut(target, first - 1, newest.downstream)
        if seen_to_hold(logs, older, source, target):
            images = cut(target, older.downstream, newest.downstream)
            as_many = len(images) <= len(cut(source, older.upstream, newest.upstream))
            if highest <= older.upstream or (as_many and not logs.compacted):
                return none
            clear, more = older.upstream, not as_many and not logs.compacted
        again = cut(source, older.upstream - 1, newest.upstream)
        omitted = _out_of_order(again, images)
        behind = cut(source, newest.upstream, stop)
        missing = _missing(behind, cut(target, newest.downstream, logs.target.stable))
        found = _newest_images([record for record in behind if record.offset in missing], images, again)
        if len(missing) >= len(images):
            break
    return HiddenImages(found, newest, clear, omitted, more)


def _stops(logs: Logs, begin: int, size: int) -> Iterator[int]:
    """Yield up to where the source is read for what the target has images of: far enough for so many offsets, or more.

    Aborted transactions and compaction leave gaps of any length, so it goes on until as many records are found as there
    can be images of. Compaction may have taken any of these, so there the whole log is read at once.
    """
    stop = begin + 2 * size + MARGIN
    while stop < logs.source.stable and not logs.compacted:
        yield stop
        stop = begin + 4 * (stop - begin)
    yield logs.source.stable


def newest_that_holds(logs: Logs, syncs: Sequence[OffsetSync]) -> Asking[OffsetSync]:
    """Return the newest that holds, or that nobody can look at; the last one if there is none among many."""
    for sync in reversed(syncs[-LOOKED_AT:]):
        if not within(logs, [sync]) or (yield from seen_alone(logs, sync)):
            return sync
    return syncs[-1]


def _missing(source: Records, copied: Records) -> set[int]:
    """Return where the records are that were not copied; of equal ones the first were."""
    left = Counter(record.digest for record in copied)
    found = set()
    for record in source:
        # A count, not a set: of three equal records of which two were copied, exactly one is missing. That
        # it is the last one follows from the order of the copy.
        left[record.digest] -= 1
        if left[record.digest] < 0:
            found.add(record.offset)
    return found


def _newest_images(missing: Records, images: Records, again: Records = ()) -> dict[int, int]:
    """Return the newest image of each, by its offset at the source; of equal records the last have the last.

    What was copied ``again`` has the last ones of all, if there are enough: an image in front of the true one is safe.
    """
    taken = {pair.downstream for pair in from_the_back(again, images)}
    left = [image for image in images if image.offset not in taken]
    pairs = (*from_the_back(missing, images), *from_the_back(missing, left))
    return {pair.upstream: pair.downstream for pair in pairs}


def _out_of_order(source: Records, images: Records) -> dict[int, int]:
    """Return records whose newest image lies in front of that of an earlier one, with where: a copy left them out."""
    found: dict[int, int] = {}
    furthest = 0
    for pair in sorted(from_the_back(source, images), key=_upstream):
        if pair.downstream < furthest:
            found[pair.upstream] = pair.downstream
        furthest = max(furthest, pair.downstream)
    return found


def seen_alone(logs: Logs, claim: OffsetSync) -> Asking[bool | None]:
    """Ask as :func:`seen_to_hold` does, with its two records read for that."""
    window = Window((claim.upstream, claim.upstream + 1), (claim.downstream, claim.downstream + 1))
    source, target = yield from asked(logs, window)
    return seen_to_hold(logs, claim, source, target)


def seen_to_hold(logs: Logs, claim: OffsetSync, source: Records, target: Records) -> bool | None:
    """Whether both records are equal; None if compaction may have taken one of them, so that nobody can tell."""
    here, there = at(source, claim.upstream), at(target, claim.downstream)
    if here is None or there is None:
        # A record that is missing refutes a sync only where nothing may go missing. In a compacted topic
        # the log cleaner takes either of the two, so the sync is passed over without being called false.
        return None if logs.compacted else False
    return here.digest == there.digest


def within(logs: Logs, some: Collection[OffsetSync]) -> tuple[OffsetSync, ...]:
    """Return those whose records are in both logs: nothing in a stranded span has an image."""
    return stranded.outside(usable(some, logs.source, logs.target), logs.stranded_here, logs.stranded_there)


def _upstream(claim: OffsetSync) -> int:
    return claim.upstream


def _downstream(claim: OffsetSync) -> int:
    return claim.downstream
