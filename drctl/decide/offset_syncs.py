"""Anchors: offset syncs of both directions of a link, used as claims about where a record's image is."""

from collections.abc import Iterable

from drctl.model.offsets import LogBounds, OffsetSync


def merged(forward: Iterable[OffsetSync], reverse: Iterable[OffsetSync] = ()) -> tuple[OffsetSync, ...]:
    """Syncs source→target and, inverted, target→source as one list, both offsets strictly rising.

    Syncs of the reverse link are as good: what was written at the other site while it was the primary has only those.
    Where two claims contradict each other nobody knows which is false, so both are dropped.
    """
    claims = sorted({*forward, *(OffsetSync(s.downstream, s.upstream) for s in reverse)}, key=_place)
    lowest_after: list[float] = [float("inf")] * (len(claims) + 1)
    first_after = list(lowest_after)
    for n in range(len(claims) - 1, -1, -1):
        lowest_after[n] = min(lowest_after[n + 1], claims[n].downstream)
        first_after[n] = claims[n].upstream
    kept, highest, last = [], -1, -1
    for n, claim in enumerate(claims):
        if highest < claim.downstream < lowest_after[n + 1] and last < claim.upstream < first_after[n + 1]:
            kept.append(claim)
        highest, last = max(highest, claim.downstream), claim.upstream
    return tuple(kept)


def usable(anchors: Iterable[OffsetSync], source: LogBounds, target: LogBounds) -> tuple[OffsetSync, ...]:
    """Those whose records can still be looked at on both sites."""
    return tuple(
        a
        for a in anchors
        if source.start <= a.upstream < source.stable and target.start <= a.downstream < target.stable
    )


def floor(anchors: Iterable[OffsetSync], position: int, target: LogBounds) -> int:
    """An offset at the target before which, as MirrorMaker 2 noted down, nothing at or after ``position`` was written.

    The target's log start where nothing was noted.
    """
    below = [a for a in anchors if a.upstream <= position]
    if not below:
        return target.start
    nearest = max(below, key=_place)
    noted = nearest.downstream if nearest.upstream == position else nearest.downstream + 1
    return min(max(noted, target.start), target.stable)


def _place(anchor: OffsetSync) -> tuple[int, int]:
    return anchor.upstream, anchor.downstream
