"""The first stage of a translation: which offset syncs hold.

A sync claims that a record of the source is at some offset of the target. It carries something only where both records
were read and are equal: syncs outlive topics that were recreated, logs that were cut, and offsets set by hand.

1. Claims: the syncs whose records lie in both logs. Where they contradict each other their records decide first, and
   then both of what still does are dropped. A link that copies again what it had copied before begins from an older
   upstream offset; until it has reached the highest one, the syncs of its first copy count, since a group may have to
   read their images. One that begins again behind the last sync that it wrote shows by its records only: between two
   syncs the target holds more of them than the source. What a copy passes over then has older images only.
2. Around some positions: from the next claim below to the next one above. Where one of them does not hold the window
   grows in doubling steps, so that a false claim, or one that compaction took a record of, stops nothing but itself.

Example: both logs are ``abcdefgh``, the claims (0, 0), (3, 5) and (6, 6), and position 4 is asked for. Read are 3 to 6
of the source and 5 to 6 of the target: d is not f, so (3, 5) is false, and (6, 6) holds. Below 4 nothing does, so 0 to
6 are read on both sides: (0, 0) holds, and 4 lies between two syncs that do.

Invariant: (u, d) is held => the records at u and d were both read and are equal; of two that are held u < v <=> d < e.
:func:`around` holds only what :func:`seen_to_hold` finds equal in the window. The claims that it is given rise in both
offsets: where some contradict each other, those are dropped that are false, or else both.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

from drctl.decide.copied_again import (
    LOOKED_AT,
    MARGIN,
    images_awaited,
    images_hidden,
    images_omitted,
    newest_that_holds,
    seen_alone,
    seen_to_hold,
    within,
)
from drctl.decide.offset_syncs import below, consistent, contradict, inverted, runs, undisputed
from drctl.decide.windows import Asking, Logs, Pair, Records, Window, asked, cut
from drctl.model.offsets import LogBounds, OffsetSync

WIDEST = 1_000_000
"""Offsets on both sites that are read at most to find syncs that hold: that takes seconds."""


@dataclass(frozen=True, slots=True)
class Verified:
    """Hold what was read around some positions, and every sync in it that holds, in order."""

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
    Positions up to ``clear`` are placed in front of all these images, and pass none of them; None: none is known to.
    ``omitted`` are records that no copy will come to any more, with the same. ``blind``: of an open transaction there
    may be images of an earlier copy only, and nobody sees which.
    """

    logs: Logs
    syncs: tuple[OffsetSync, ...]
    copying_again: bool
    awaited: Mapping[int, int]
    clear: int | None = None
    omitted: Mapping[int, int] = field(default_factory=dict)
    blind: bool = False


def claims(logs: Logs, highest: int | None = None, lowest: int = 0) -> Asking[Claims]:
    """Which syncs to look at; ``lowest`` and ``highest`` are of the positions asked for, None if any may be."""
    written = runs(logs.syncs)
    # Syncs of the reverse link count for this one as they are: what was written at this link's target while
    # that was the primary has no others, so that after a failback every older position hangs on them.
    reverse = inverted(logs.reverse_syncs)
    awaited: dict[int, int] = {}
    omitted: dict[int, int] = {}
    clear, more = None, False
    if len(written) > 1:
        # Only how far the newest run has come by syncs that hold: a sync of a topic that was recreated
        # since would claim that the copy is further than it is, and records still to come would be passed
        # over.
        reached = yield from newest_that_holds(logs, written[-1])
        awaited = yield from images_awaited(logs, [run[0] for run in written], reached)
        # The oldest run first: where a link has begun again twice, the first copy has the earliest images
        # of what is still to come, and the later runs only repeat it.
        for run, after in pairwise(written):
            end = after[0].downstream
            # The target is cut where the link began again. Behind that lie the same records a second time,
            # and a position counted there would make a group read them twice.
            before = replace(logs, target=LogBounds(logs.target.start, end, end))
            if end <= logs.target.stable and (yield from _counts_still(before, run, reached, awaited)):
                syncs = yield from _without_contradictions(before, within(before, [*run, *reverse]))
                return Claims(before, syncs, True, awaited)
        omitted = yield from images_omitted(logs, written, lowest)
    # Once the copy under way is past the end of the first one, all records have an image in it. Older runs
    # are as true, but say another place of the same record, so only the newest run counts.
    newest = written[-1] if written else ()
    syncs = yield from _without_contradictions(logs, within(logs, [*newest, *reverse]))
    if syncs:
        hidden = yield from images_hidden(logs, syncs, logs.source.stable if highest is None else highest, lowest)
        # MirrorMaker 2 writes a sync every 101 records (offset.lag.max=100), so a run of syncs that spans
        # more than MARGIN is past whatever an earlier copy could have left in front of it. Missed is only a
        # link that copied ten times as much without a single sync, and died.
        # What was in front of the oldest one is not known: it matters until the link is well past it.
        if syncs[-1].upstream - syncs[0].upstream <= MARGIN:
            awaited |= yield from images_awaited(logs, syncs[:1], hidden.reached)
        clear = None if awaited else hidden.clear
        # Of equal records either may be taken for the other: the image in front of both is safe.
        awaited |= {record: min(image, awaited.get(record, image)) for record, image in hidden.awaited.items()}
        omitted |= hidden.omitted
        more = hidden.more
    blind = logs.source.stable < logs.source.high and (bool(awaited) or more or _came_as_far(logs, written))
    return Claims(logs, syncs, bool(awaited), awaited, clear, omitted, blind)


def _came_as_far(logs: Logs, written: Sequence[Sequence[OffsetSync]]) -> bool:
    """Whether an earlier copy may have come to what an open transaction hides, and the newest one not yet.

    A link that reads uncommitted records has copied these. Which link does so does not stand in the logs.
    """
    furthest = max((copy[-1].upstream for copy in written[:-1] if copy[-1].upstream < logs.source.high), default=None)
    return furthest is not None and max(written[-1][-1].upstream, logs.source.stable) <= furthest + MARGIN


def _without_contradictions(logs: Logs, every: Collection[OffsetSync]) -> Asking[tuple[OffsetSync, ...]]:
    chain, others = consistent(every)
    if not others:
        return chain
    # So many contradictions are a topic that was recreated, not a few stale syncs. To read all their
    # records costs more than it can win, so both sides of each contradiction are dropped: positions near
    # them are refused, never placed wrongly.
    if len(others) > LOOKED_AT:
        return undisputed(every)
    # The minority is read first. It is the smaller set, and a stale sync is nearly always in it; if none of
    # it holds, the majority needs no reading at all.
    true = yield from _holding(logs, others)
    disputed = [claim for claim in chain if any(map(partial(contradict, claim), true))]
    if len(disputed) > LOOKED_AT:
        return undisputed(every)
    certain = yield from _holding(logs, disputed)
    return undisputed([*(claim for claim in chain if claim not in disputed), *certain, *true])


def around(logs: Logs, known: Sequence[OffsetSync], positions: Sequence[int]) -> Asking[Verified | Unverified]:
    """Read around the positions (sorted) until a sync holds at either side, or there is none left."""
    # Which claims bound what is read; None is the beginning of both logs, or their end.
    lower, upper = below(known, positions[0]), _above(known, positions[-1])
    # Steps double, so that n false syncs in a row cost about log n readings.
    down = up = 1
    false: OffsetSync | None = None
    while lower is not None or upper is not None or (logs.whole and _is_small(logs)):
        # Behind the newest claim one more is read: in between, images of a first copy may be.
        begin = lower - 1 if lower and upper is None else lower
        edges = None if begin is None else known[begin], None if upper is None else known[upper]
        window, source, target = yield from _read(logs, positions[0], *edges)
        near = known[begin:] if upper is None else known[begin : upper + 1]
        judged = {claim: seen_to_hold(logs, claim, source, target) for claim in near}
        held = tuple(claim for claim, holds in judged.items() if holds)
        false = next((claim for claim, holds in judged.items() if holds is False), false)
        held_below = lower is None or any(claim.upstream <= positions[0] for claim in held)
        held_above = upper is None or any(claim.upstream > positions[-1] for claim in held)
        if held_below and held_above:
            # A proof that was counted backward is called so (Proof.COUNTED_BACK): it leans on the first
            # sync above alone. In the trial that chose this rule 210 of 210 positions below the first sync
            # were right by it.
            counted_back = lower is None and upper is not None and not logs.compacted
            return Verified(window, held, source, target, counted_back)
        # Refused, and not read on: that would hold the move up for minutes, and clients wait meanwhile.
        if window.size > WIDEST:
            break
        if not held_below:
            lower, down = max(0, lower - down) if lower else None, 2 * down
        if not held_above and upper is not None:
            upper, up = upper + up if upper + up < len(known) else None, 2 * up
    return Unverified(false)


def first_images(logs: Logs, known: Sequence[OffsetSync], read: Verified) -> Asking[Pair]:
    """The source's records, and those of the target that a first copy may have left of what is behind the newest sync.

    A link that copies again writes a sync of the first record that it copies twice. The images of the first copy are
    right in front of that one's, so that the target holds more records there than the source.
    """
    newest = read.held[-1]
    count = bisect_left(known, newest.upstream, key=_upstream)
    source, target, images = read.source, read.target, read.target[:0]
    for older in reversed(known[max(0, count - LOOKED_AT) : count]):
        if newest.downstream - older.downstream > WIDEST:
            break
        if older.upstream < read.window.source[0]:
            spans = (older.upstream, read.window.source[1]), (older.downstream, newest.downstream)
            source, target = yield from asked(logs, Window(*spans))
        images = cut(target, older.downstream, newest.downstream)
        if seen_to_hold(logs, older, source, target):
            as_many = len(images) <= len(cut(source, older.upstream, newest.upstream))
            # As many records here as there, and every one of the source's was copied once: nothing is left
            # of an earlier copy. With compaction equal numbers say nothing, since either side loses records
            # in its own time.
            return source, () if as_many and not logs.compacted else images
    return source, images


def _read(
    logs: Logs, lowest: int, lower: OffsetSync | None, upper: OffsetSync | None
) -> Asking[tuple[Window, Records, Records]]:
    """The records from one claim to another; None is the beginning of both logs, or their end."""
    here, there = logs.source, logs.target
    here_from, there_from, here_to, there_to = here.start, there.start, here.stable, there.stable
    if lower is not None:
        here_from, there_from = lower.upstream, lower.downstream
    if upper is not None:
        here_to, there_to = upper.upstream + 1, upper.downstream + 1
    backward = lower is None and upper is not None and not logs.compacted
    onward = upper is None and ((lower is not None and not logs.compacted) or there_from == there_to)
    if backward:
        # Twice as many offsets as at the source: on an exactly-once target every batch adds a commit
        # marker, so that offsets there are sparser than here. If that is too few the loop below widens it.
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


def _above(known: Sequence[OffsetSync], position: int) -> int | None:
    """Which of the claims is the first above the position; None where there is none."""
    number = bisect_right(known, position, key=_upstream)
    return number if number < len(known) else None


def _is_small(logs: Logs) -> bool:
    """Whether both logs can be read as a whole. Of the source that is little where the target holds nothing."""
    there = logs.target.stable - logs.target.start
    return not there or there + logs.source.stable - logs.source.start <= WIDEST


def _counts_still(
    before: Logs, run: Sequence[OffsetSync], newest: OffsetSync, awaited: Mapping[int, int]
) -> Asking[bool]:
    """Whether these are the syncs of a first copy that the link has not reached the end of.

    ``before`` are the logs up to where the link began again at the target.
    """
    # An image behind the run's last sync was copied, though no sync says so: the run reached further than
    # its syncs, and the copy under way has not come there yet.
    behind = any(run[-1].downstream < image < before.target.stable for image in awaited.values())
    if not behind and newest.upstream >= run[-1].upstream:
        return False
    return not (yield from _of_another_log(before, run))


def _of_another_log(logs: Logs, run: Sequence[OffsetSync]) -> Asking[bool]:
    """Whether the newest sync of which that can be told does not hold: a topic was recreated."""
    # Only the newest ones that can be looked at: one that holds shows that the log is the same one,
    # whatever became of older records. Compaction leaves some untold, so up to LOOKED_AT are tried.
    near = within(logs, run)
    for claim in reversed(near[-LOOKED_AT:]):
        holds = yield from seen_alone(logs, claim)
        if holds is not None:
            return not holds
    return not near


def _holding(logs: Logs, some: Collection[OffsetSync]) -> Asking[list[OffsetSync]]:
    judged = {}
    for claim in some:
        judged[claim] = yield from seen_alone(logs, claim)
    return [claim for claim, holds in judged.items() if holds]


def _upstream(claim: OffsetSync) -> int:
    return claim.upstream
