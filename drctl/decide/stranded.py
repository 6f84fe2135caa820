"""Stranded spans: what a failover left on the lost site's log, never reached the other one, and cannot be cut off."""

from collections.abc import Callable, Iterable, Sequence

from drctl.model.offsets import OffsetSync, RecordId, Span


def inside(spans: Iterable[Span], offset: int) -> bool:
    """Whether the offset lies in one of the spans."""
    return any(span.start <= offset < span.stop for span in spans)


def outside(syncs: Iterable[OffsetSync], here: Sequence[Span], there: Sequence[Span]) -> tuple[OffsetSync, ...]:
    """The syncs that can be true: nothing in a stranded span has an image."""
    # A sync that points into a tail was written by a link that no longer exists, or is forged: the tail
    # never left its site.
    return tuple(a for a in syncs if not inside(here, a.upstream) and not inside(there, a.downstream))


def without(records: Sequence[RecordId], spans: Sequence[Span]) -> Sequence[RecordId]:
    """The records that both sites can have."""
    return [r for r in records if not inside(spans, r.offset)] if spans else records


def past(spans: Iterable[Span], offset: int, holds: Callable[[int, int], bool]) -> int | None:
    """The offset, behind every span that comes before the next record; None if a reader from there comes to a span.

    ``holds`` tells whether a record of both sites lies there with ``start <= offset < stop``. ``spans`` are in order.
    """
    for span in spans:
        if holds(offset, span.start):
            return None
        offset = max(offset, span.stop)
    return offset


def around(spans: Iterable[Span], window: tuple[int, int]) -> list[tuple[int, int]]:
    """The parts of a window that lie outside all spans, in order; empty parts are left out."""
    start, stop = window
    parts = []
    for span in spans:
        parts.append((start, min(span.start, stop)))
        start = max(start, span.stop)
    return [(begin, end) for begin, end in (*parts, (start, stop)) if begin < end]
