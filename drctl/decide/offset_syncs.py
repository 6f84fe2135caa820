"""Offset syncs of both directions of a link, used as claims about where a record's image is.

| a claim after others, in the order in which the link wrote them | means | counts as |
| --- | --- | --- |
| (20, 25) after (0, 0), (10, 12): both offsets rise | the link goes on | one more |
| (5, 40) after (0, 0), (10, 12): only the downstream one rises | it copies again from 5 on | a run of its own |
| (11, 3) after (0, 0), (10, 12): only the upstream one rises | the target was recreated | an end of what lay beyond |
| (21, 11) of the reverse link beside (10, 12), (20, 25) | one of them is stale | disputed: the records decide |

Example: the link wrote (0, 0), (10, 12), (5, 40), (9, 44). That are the runs (0, 0), (10, 12) and (5, 40), (9, 44);
:func:`latest` says (0, 0), (5, 40), (9, 44), so the newest image of the record at 7 lies between 40 and 44.

Invariant of :func:`floor`, for syncs H of one run that hold, and (u, d) the last one in H with u <= p:
p <= r and r was copied in that run => image(r) >= floor(p) = d if u = p, else d + 1.
Either r = u, whose image is at d. Or r > u: it was copied later, so that its image lies behind d.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from drctl.model.offsets import LogBounds, OffsetSync


def runs(written: Iterable[OffsetSync]) -> list[tuple[OffsetSync, ...]]:
    """Syncs as a link wrote them, apart where it began to copy again: where the upstream offset does not rise."""
    found: list[list[OffsetSync]] = []
    for sync in written:
        # Equal counts as begun again, too: a link that restarts writes the sync of its first record at
        # once, and that may be the very one it wrote last. MirrorMaker 2's own cache drops all that it had
        # once an offset falls; here the older run is kept.
        if not found or found[-1][-1].upstream >= sync.upstream:
            found.append([])
        found[-1].append(sync)
    return [tuple(run) for run in found]


def latest(written: Iterable[OffsetSync]) -> list[OffsetSync]:
    """Those that no later one contradicts: where the newest image of a record is."""
    kept: list[OffsetSync] = []
    for sync in written:
        while kept and (kept[-1].upstream >= sync.upstream or kept[-1].downstream >= sync.downstream):
            kept.pop()
        kept.append(sync)
    return kept


def inverted(reverse: Iterable[OffsetSync]) -> list[OffsetSync]:
    """Syncs of the reverse link as claims about this one.

    They are as good: what was written at the other site while it was the primary has only those. Of a record that the
    reverse link copied twice only the newer image counts here, since a group at its site has read the older one before.
    """
    return [OffsetSync(sync.downstream, sync.upstream) for sync in latest(reverse)]


def consistent(claims: Iterable[OffsetSync]) -> tuple[tuple[OffsetSync, ...], tuple[OffsetSync, ...]]:
    """The most claims of which both offsets rise, in order, and the others: each of them contradicts one of the first.

    A stale sync stands alone against all true ones, so it is most often among the others.
    """
    # Of two claims about one record the one further down comes first, so that the search for a rising chain
    # can take only one of them.
    ordered = sorted(set(claims), key=lambda claim: (claim.upstream, -claim.downstream))
    if all(one.downstream < next_.downstream for one, next_ in pairwise(ordered)):
        return tuple(ordered), ()  # as nearly always; of one record at two places the further one comes first
    ends: list[int] = []  # the lowest downstream offset with which so many claims can end
    last: list[int] = []  # which claim that is
    before: list[int | None] = []
    for number, claim in enumerate(ordered):
        # Longest rising chain by patience sorting, n log n: an offset-syncs topic that keeps all of its
        # history holds a sync per hundred records.
        length = bisect_left(ends, claim.downstream)
        ends[length : length + 1] = [claim.downstream]
        last[length : length + 1] = [number]
        before.append(last[length - 1] if length else None)
    kept: set[int] = set()
    newest: int | None = last[-1]
    while newest is not None:
        kept.add(newest)
        newest = before[newest]
    return (
        tuple(claim for number, claim in enumerate(ordered) if number in kept),
        tuple(claim for number, claim in enumerate(ordered) if number not in kept),
    )


def merged(forward: Iterable[OffsetSync], reverse: Iterable[OffsetSync] = ()) -> tuple[OffsetSync, ...]:
    """Syncs source→target and, inverted, target→source as one list, both offsets strictly rising."""
    return consistent([*latest(forward), *inverted(reverse)])[0]


def undisputed(claims: Iterable[OffsetSync]) -> tuple[OffsetSync, ...]:
    """Claims that no other one contradicts, in order. Of two that contradict each other both are dropped."""
    ordered = sorted(set(claims), key=_place)
    highest = accumulate((claim.downstream for claim in ordered), max)  # of each claim and all before it
    lowest = [*accumulate((claim.downstream for claim in reversed(ordered)), min)][::-1]  # of it and all behind it
    rises = [  # from each claim and all before it to all behind it
        before < behind and one.upstream < next_.upstream
        for before, behind, (one, next_) in zip(highest, lowest[1:], pairwise(ordered), strict=False)
    ]
    sides = zip(ordered, (True, *rises), (*rises, True), strict=False)
    return tuple(claim for claim, from_before, to_behind in sides if from_before and to_behind)


def contradict(one: OffsetSync, other: OffsetSync) -> bool:
    """Whether not both of two different claims can be true: records are copied in order."""
    return (one.upstream - other.upstream) * (one.downstream - other.downstream) <= 0


def usable(claims: Iterable[OffsetSync], source: LogBounds, target: LogBounds) -> tuple[OffsetSync, ...]:
    """Those whose records can still be looked at on both sites."""
    return tuple(
        claim
        for claim in claims
        if source.start <= claim.upstream < source.stable and target.start <= claim.downstream < target.stable
    )


def below(claims: Sequence[OffsetSync], position: int) -> int | None:
    """Which of the claims, in order, is the last at or below the position; None where there is none."""
    number = bisect_right(claims, position, key=_upstream)
    return number - 1 if number else None


def floor(held: Sequence[OffsetSync], position: int, target: LogBounds) -> int:
    """An offset at the target before which nothing at or after ``position`` was written.

    ``held`` are syncs that were seen to hold, in order. The target's log start where none is at or below the position.
    """
    number = below(held, position)
    if number is None:
        return target.start
    nearest = held[number]
    image = nearest.downstream if nearest.upstream == position else nearest.downstream + 1
    return min(max(image, target.start), target.stable)


def _upstream(claim: OffsetSync) -> int:
    return claim.upstream


def _place(claim: OffsetSync) -> tuple[int, int]:
    return claim.upstream, claim.downstream
