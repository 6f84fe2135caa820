"""The first stage of a translation: which offset syncs hold.

A sync claims that a record of the source is at some offset of the target. It carries something only where both records
were read and are equal: syncs outlive topics that were made anew, logs that were cut, and offsets set by hand.

1. Claims: the syncs whose records lie in both logs. Where they contradict each other their records decide first, and
   then both of what still does are dropped. A link that copies again what it had copied before begins from an older
   upstream offset; until it has reached the highest one, the syncs of its first copy count, since a group may have to
   read their images. One that begins again behind the last sync that it wrote shows by its records only: between two
   syncs the target holds more of them than the source.
2. Around some positions: from the next claim below to the next one above. Where one of them does not hold the window
   grows in doubling steps, so that a false claim, or one that compaction took a record of, stops nothing but itself.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from drctl.decide import stranded
from drctl.decide.alignment import from_the_back
from drctl.decide.offset_syncs import consistent, contradict, inverted, runs, undisputed, usable
from drctl.decide.windows import Asking, Logs, Pair, Records, Window, asked, at, cut
from drctl.model.offsets import LogBounds, OffsetSync

WIDEST = 1_000_000
"""Offsets on both sites that are read at most to find syncs that hold: that takes seconds."""
LOOKED_AT = 50
"""Claims of which the records are read one by one, at most."""
MARGIN = 1_000
"""Offsets that are read beyond what is needed at least, so that a second reading is rare: markers thin out logs. It is
also how far before a sync the images of a first copy are looked for; a link writes a sync every 101 records."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read around some positions, and every sync in it that holds, in order."""

    window: Window
    held: tuple[OffsetSync, ...]
    source: Records
    target: Records
    counted_back: bool
    """Whether the records below the first sync are known from that sync on backward only."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """No sync holds near the positions, and the logs cannot be compared as a whole. ``false`` is one that differs."""

    false: OffsetSync | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """Syncs of both directions that can be looked at and do not contradict each other, in order.

    ``logs`` are the logs that they are about. ``copying_again``: the link has not reached the end of its first copy
    again; where these are the syncs of that copy the target ends where the next one begins. ``awaited`` are records
    that are to be copied again, by their offset at the source, and where the newest image of an earlier copy is.
    """

    logs: Logs
    syncs: tuple[OffsetSync, ...]
    copying_again: bool
    awaited: Mapping[int, int]


def claims(logs: Logs, highest: int | None = None) -> Asking[Claims]:
    """Which syncs to look at; ``highest`` is the highest position that is asked for, None if any may be."""
    written = runs(logs.syncs)
    reverse = inverted(logs.reverse_syncs)
    awaited: dict[int, int] = {}
    if len(written) > 1:
        awaited = yield from _awaited(logs, [run[0] for run in written], written[-1][-1])
    for run, after in pairwise(written):
        end = after[0].downstream
        before = replace(logs, target=LogBounds(logs.target.start, end, end))
        if end <= logs.target.stable and (yield from _counts_still(before, run, written[-1][-1], awaited)):
            syncs = yield from _without_contradictions(before, _within(before, [*run, *reverse]))
            return Claims(before, syncs, True, awaited)
    newest = written[-1] if written else ()
    syncs = yield from _without_contradictions(logs, _within(logs, [*newest, *reverse]))
    # What was in front of the oldest one is not known: it matters until the link is well past it.
    if syncs and syncs[-1].upstream - syncs[0].upstream <= MARGIN:
        awaited |= yield from _awaited(logs, syncs[:1], syncs[-1])
    awaited |= yield from _hidden(logs, syncs, logs.source.stable if highest is None else highest)
    return Claims(logs, syncs, bool(awaited), awaited)


def _without_contradictions(logs: Logs, every: Collection[OffsetSync]) -> Asking[tuple[OffsetSync, ...]]:
    chain, others = consistent(every)
    if not others:
        return chain
    if len(others) > LOOKED_AT:
        return undisputed(every)
    true = yield from _holding(logs, others)
    disputed = [claim for claim in chain if any(contradict(claim, other) for other in true)]
    if len(disputed) > LOOKED_AT:
        return undisputed(every)
    certain = yield from _holding(logs, disputed)
    return undisputed([*(claim for claim in chain if claim not in disputed), *certain, *true])


def around(logs: Logs, known: Sequence[OffsetSync], positions: Sequence[int]) -> Asking[Verified | Unverified]:
    """Read around the positions (sorted) until a sync holds at either side, or there is none left."""
    first = bisect_right(known, positions[0], key=_upstream) - 1
    last = bisect_right(known, positions[-1], key=_upstream)
    down = up = 1
    false: OffsetSync | None = None
    while first >= 0 or last < len(known) or logs.whole:
        # Behind the newest claim one more is read: in between, images of a first copy may be.
        begin = first - 1 if first > 0 and last == len(known) else first
        window, source, target = yield from _read(logs, known, positions[0], begin, last)
        judged = {claim: _holds(logs, claim, source, target) for claim in known[max(begin, 0) : last + 1]}
        held = tuple(claim for claim, holds in judged.items() if holds)
        false = next((claim for claim, holds in judged.items() if holds is False), false)
        below = first < 0 or any(claim.upstream <= positions[0] for claim in held)
        above = last == len(known) or any(claim.upstream > positions[-1] for claim in held)
        if below and above:
            counted_back = first < 0 and last < len(known) and not logs.compacted
            return Verified(window, held, source, target, counted_back)
        if window.size > WIDEST:
            break
        if not below:
            first, down = max(0, first - down) if first else -1, 2 * down
        if not above:
            last, up = min(len(known), last + up), 2 * up
    return Unverified(false)


def first_images(logs: Logs, known: Sequence[OffsetSync], read: Verified) -> Asking[Pair]:
    """The source's records, and those of the target that a first copy may have left of what is behind the newest sync.

    A link that copies again writes a sync of the first record that it copies twice. The images of the first copy are
    right in front of that one's, so that the target holds more records there than the source.
    """
    newest = read.held[-1]
    before = bisect_left(known, newest.upstream, key=_upstream) - 1
    if before < 0 or newest.downstream - known[before].downstream > WIDEST:
        return read.source, ()
    older, source, target = known[before], read.source, read.target
    if older.upstream < read.window.source[0]:
        spans = (older.upstream, read.window.source[1]), (older.downstream, newest.downstream)
        source, target = yield from asked(logs, Window(*spans))
    images = cut(target, older.downstream, newest.downstream)
    if logs.compacted or not _holds(logs, older, source, target):
        return source, images  # numbers tell nothing
    return source, images if len(images) > len(cut(source, older.upstream, newest.upstream)) else ()


def _read(
    logs: Logs, known: Sequence[OffsetSync], lowest: int, first: int, last: int
) -> Asking[tuple[Window, Records, Records]]:
    """The records from claim ``first`` to claim ``last``; -1 is the log's beginning, the number of claims its end."""
    here, there = logs.source, logs.target
    here_from, there_from, here_to, there_to = here.start, there.start, here.stable, there.stable
    if first >= 0:
        here_from, there_from = known[first].upstream, known[first].downstream
    if last < len(known):
        here_to, there_to = known[last].upstream + 1, known[last].downstream + 1
    backward = first < 0 and last < len(known) and not logs.compacted
    onward = first >= 0 and last == len(known) and not logs.compacted
    if backward:
        here_from, there_from = lowest, max(there.start, there_to - 2 * (here_to - lowest) - MARGIN)
    if onward:
        here_to = min(here.stable, here_from + 2 * (there_to - there_from) + MARGIN)
    while True:
        window = Window((here_from, here_to), (there_from, there_to))
        source, target = yield from asked(logs, window)
        # Below the first sync the target is read until it holds more records than the source, or all of it is read.
        if backward and len(target) <= len(source) and there_from > there.start:
            there_from = max(there.start, there_to - 4 * (there_to - there_from))
        # Behind the newest one the source is: only as many of its records matter as the target can hold.
        elif onward and len(source) <= len(target) and here_to < here.stable:
            here_to = min(here.stable, here_from + 4 * (here_to - here_from))
        else:
            return window, source, target


def _counts_still(
    before: Logs, run: Sequence[OffsetSync], newest: OffsetSync, awaited: Mapping[int, int]
) -> Asking[bool]:
    """Whether these are the syncs of a first copy that the link has not reached the end of.

    ``before`` are the logs up to where the link began again at the target.
    """
    behind = any(run[-1].downstream < image < before.target.stable for image in awaited.values())
    if not behind and newest.upstream >= run[-1].upstream:
        return False
    return not (yield from _of_another_log(before, run))


def _awaited(logs: Logs, begun: Iterable[OffsetSync], newest: OffsetSync) -> Asking[dict[int, int]]:
    """Records behind the newest sync that the target has only as images right in front of where a copy was begun."""
    found: dict[int, int] = {}
    stops = [min(sync.downstream, logs.target.stable) for sync in begun]
    spans = [(max(stop - MARGIN, logs.target.start), stop) for stop in stops]
    spans = [span for span in spans if span[0] < span[1]]
    # Its own record may be gone, or the image of it not decided yet: what lies behind it is awaited all the same.
    begin = max(newest.upstream + 1, logs.source.start)
    since = min(max(newest.downstream + 1, logs.target.start), logs.target.stable)
    here = begin, min(begin + 2 * (logs.target.stable - since) + MARGIN, logs.source.stable)
    known = stranded.outside([newest], logs.stranded_here, logs.stranded_there)
    if not spans or not known or begin >= logs.source.stable:
        return found
    source, copied = yield from asked(logs, Window(here, (since, logs.target.stable)))
    missing = _missing(source, copied)
    for span in spans if missing else ():
        source, images = yield from asked(logs, Window(here, span))
        found |= _newest_images([record for record in source if record.offset in missing], images)
    return found


def _hidden(logs: Logs, syncs: Sequence[OffsetSync], highest: int) -> Asking[dict[int, int]]:
    """Records behind the newest sync that the target has only as images between earlier ones, right in front of it.

    A link that is killed may have copied more than it has noted. It begins again behind the last sync that it wrote, so
    that offsets rise as if it had gone on; but the target holds more records there than the source. Positions up to the
    sync in front of all that are placed in front of these images.
    """
    if not syncs:
        return {}
    newest = syncs[-1]
    older = syncs[bisect_left(syncs, newest.downstream - MARGIN, key=_downstream)]
    begin = newest.upstream + 1
    if older == newest or begin >= logs.source.stable:
        return {}
    lowest = max(newest.downstream - MARGIN, logs.target.start)
    stop = min(begin + 2 * (logs.target.stable - newest.downstream) + MARGIN, logs.source.stable)
    source, target = yield from asked(logs, Window((older.upstream, stop), (lowest, logs.target.stable)))
    images = cut(target, lowest - 1, newest.downstream)
    if _holds(logs, older, source, target):
        images = cut(target, older.downstream, newest.downstream)
        as_many = len(images) <= len(cut(source, older.upstream, newest.upstream))
        if highest <= older.upstream or (as_many and not logs.compacted):
            return {}
    behind = cut(source, newest.upstream, stop)
    missing = _missing(behind, cut(target, newest.downstream, logs.target.stable))
    return _newest_images([record for record in behind if record.offset in missing], images)


def _missing(source: Records, copied: Records) -> set[int]:
    """Where the records are that were not copied; of equal ones the first were."""
    left = Counter(record.digest for record in copied)
    found = set()
    for record in source:
        left[record.digest] -= 1
        if left[record.digest] < 0:
            found.add(record.offset)
    return found


def _newest_images(missing: Records, images: Records) -> dict[int, int]:
    """Where the newest image of each is, by its offset at the source; of equal records the last have the last."""
    return {pair.upstream: pair.downstream for pair in from_the_back(missing, images)}


def _of_another_log(logs: Logs, run: Sequence[OffsetSync]) -> Asking[bool]:
    """Whether the newest sync of which that can be told does not hold: a topic was made anew."""
    near = _within(logs, run)
    for claim in reversed(near[-LOOKED_AT:]):
        holds = yield from _alone(logs, claim)
        if holds is not None:
            return not holds
    return not near


def _holding(logs: Logs, some: Collection[OffsetSync]) -> Asking[list[OffsetSync]]:
    judged = {}
    for claim in some:
        judged[claim] = yield from _alone(logs, claim)
    return [claim for claim, holds in judged.items() if holds]


def _alone(logs: Logs, claim: OffsetSync) -> Asking[bool | None]:
    window = Window((claim.upstream, claim.upstream + 1), (claim.downstream, claim.downstream + 1))
    source, target = yield from asked(logs, window)
    return _holds(logs, claim, source, target)


def _holds(logs: Logs, claim: OffsetSync, source: Records, target: Records) -> bool | None:
    """Whether both records are equal; None if compaction may have taken one of them, so that nobody can tell."""
    here, there = at(source, claim.upstream), at(target, claim.downstream)
    if here is None or there is None:
        return None if logs.compacted else False
    return here.digest == there.digest


def _within(logs: Logs, some: Collection[OffsetSync]) -> tuple[OffsetSync, ...]:
    """Those whose records are in both logs: nothing in a stranded span has an image."""
    return stranded.outside(usable(some, logs.source, logs.target), logs.stranded_here, logs.stranded_there)


def _downstream(claim: OffsetSync) -> int:
    return claim.downstream


def _upstream(claim: OffsetSync) -> int:
    return claim.upstream
