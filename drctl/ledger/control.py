"""The negative control: faults planted into a real history, which the same checker must name."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from drctl.ledger.checker import check
from drctl.ledger.events import Acknowledged, Event, Processed, Seen, Stranded, Stream
from drctl.ledger.findings import Findings
from drctl.ledger.kept import Kept

PLANTED = ("lost", "duplicated", "reordered", "corrupt", "skipped", "repeated", "unread")
FROM_TAIL = "lost from the stranded tail"
"""Planted besides where a history has a stranded tail: a record that is missing there, too."""
COPIED = ("lost", "duplicated", "reordered", "corrupt")
"""Planted into what was read at the standby: a mirrored record dropped, doubled, swapped with the next, changed."""


def caught(
    events: Sequence[Event],
    *,
    compacted: Collection[str] = (),
    groups: Mapping[str, Collection[str]] | None = None,
    kept: Kept | None = None,
) -> dict[str, bool]:
    """For each planted fault whether the checker names it; all False if the history is too thin to plant one."""
    checked = partial(check, compacted=compacted, groups=groups, kept=kept)
    before = checked(events)
    kinds = (*PLANTED, FROM_TAIL) if any(isinstance(event, Stranded) for event in events) else PLANTED
    planted = {kind: checked(plant(kind, events, compacted)) for kind in kinds}
    # More than before, not more than none: a run that really lost a record must not make its own control
    # pass.
    return {kind: _count(kind, after) > _count(kind, before) for kind, after in planted.items()}


def caught_in_copy(events: Sequence[Event], *, compacted: Collection[str] = ()) -> dict[str, bool]:
    """The same for what a fresh reader found at the standby, which no group reads.

    ``events``: the clients' histories and what that reader found, and nothing that was read elsewhere.
    """
    before = check(events, compacted=compacted)
    planted = {kind: check(plant(kind, events, compacted), compacted=compacted) for kind in COPIED}
    return {f"{kind} at the standby": _count(kind, after) > _count(kind, before) for kind, after in planted.items()}


def _count(kind: str, findings: Findings) -> int:
    if kind in ("skipped", "repeated", "unread"):
        return sum(getattr(group, kind).count for group in findings.groups)
    return findings.records.faults["lost" if kind == FROM_TAIL else kind].count


def plant(kind: str, events: Sequence[Event], compacted: Collection[str]) -> Iterator[Event]:
    """The history with one fault of that kind in it, about in its middle."""
    places = _places(kind, events, compacted)
    # In the middle, where a checker that looks at the ends only would miss it. The same place each time, so
    # that a verdict can be reached again.
    chosen = places[len(places) // 2] if places else -1
    if kind == "reordered":
        yield from _swapped(events, places)
        return
    for number, event in enumerate(events):
        if number != chosen:
            yield event
        elif kind == "corrupt" and isinstance(event, Seen):
            yield replace(event, intact=False)
        elif kind in ("duplicated", "repeated"):
            yield from (event, event)


def _swapped(events: Sequence[Event], places: Sequence[int]) -> Iterator[Event]:
    """The history with two neighbours of one stream in each other's place, about in its middle.

    Only where each is there once and in order: of any other pair the checker might say something else already.
    """
    found = [(n, each) for n in places if isinstance(each := events[n], Seen)]
    times = Counter((each.stream, each.sequence) for each in events if isinstance(each, Seen))
    before: dict[Stream | None, tuple[int, Seen]] = {}
    pairs = []
    for place, each in found:
        if times[each.stream, each.sequence] > 1:
            continue
        if (former := before.get(each.stream)) and former[1].sequence < each.sequence:
            pairs.append((former, (place, each)))
        before[each.stream] = (place, each)
    moved: dict[int, Event] = {}
    if pairs:
        (first, one), (second, other) = pairs[len(pairs) // 2]
        moved = {first: replace(other, offset=one.offset), second: replace(one, offset=other.offset)}
    yield from (moved.get(number, event) for number, event in enumerate(events))


def _places(kind: str, events: Sequence[Event], compacted: Collection[str]) -> list[int]:
    """Where that fault can be planted: in an acknowledged record of a topic that keeps all of them.

    What a group processed twice cannot be taken from it by leaving out one event, and its last of a stream is no gap.
    What is stranded is due to no group.
    """
    known = {(e.stream, e.sequence) for e in events if isinstance(e, Acknowledged) and e.stream.topic not in compacted}
    if kind == FROM_TAIL:
        tail = ((n, e) for n, e in enumerate(events) if isinstance(e, Stranded))
        return [n for n, e in tail if (e.stream, e.sequence) in known]
    if kind not in ("skipped", "repeated", "unread"):
        return [n for n, e in enumerate(events) if isinstance(e, Seen) and (e.stream, e.sequence) in known]
    read = [(n, e) for n, e in enumerate(events) if isinstance(e, Processed)]
    due = known - {(e.stream, e.sequence) for e in events if isinstance(e, Stranded)}
    done = [(n, e) for n, e in read if (e.stream, e.sequence) in due]
    if kind == "repeated":
        return [number for number, _ in done]
    times = Counter((e.group, e.stream, e.sequence) for _, e in done)
    last: dict[tuple[str, Stream], int] = {}
    for _, event in read:
        last[event.group, event.stream] = max(event.sequence, last.get((event.group, event.stream), 0))
    return [
        number
        for number, event in done
        if times[event.group, event.stream, event.sequence] == 1
        and (event.sequence == last[event.group, event.stream]) == (kind == "unread")
    ]
