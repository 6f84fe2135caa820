"""The negative control: faults planted into a real history, which the same checker must name."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

from drctl.ledger.checker import check
from drctl.ledger.events import Acknowledged, Event, LogStart, Processed, Seen, Stranded, Stream
from drctl.ledger.findings import Findings
from drctl.ledger.kept import Kept
from drctl.ledger.retention import Retention

PLANTED = ("lost", "duplicated", "reordered", "corrupt", "skipped", "repeated", "unread")
FROM_TAIL = "lost from the stranded tail"
"""Planted besides where a history has a stranded tail: a record that is missing there, too."""
DELETED = "deleted"
"""Planted besides where clients told offsets of a log that was read: its start moves past a record, and its topic keeps
everything, so that nobody but somebody who deletes records can have done it.
"""
KEEPS_EVERYTHING = Retention("delete", -1, -1, 0.0)
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
    places = _Places(events, compacted)
    kinds = [*PLANTED, *(kind for kind in (FROM_TAIL, DELETED) if places.ask_for(kind))]
    planted = {kind: checked(plant(kind, events, compacted, places)) for kind in kinds}
    # More than before, not more than none: a run that really lost a record must not make its own control
    # pass.
    return {kind: _count(kind, after) > _count(kind, before) for kind, after in planted.items()}


def caught_in_copy(events: Sequence[Event], *, compacted: Collection[str] = ()) -> dict[str, bool]:
    """The same for what a fresh reader found at the standby, which no group reads.

    ``events``: the clients' histories and what that reader found, and nothing that was read elsewhere.
    """
    before = check(events, compacted=compacted)
    places = _Places(events, compacted)
    kinds = [*COPIED, *([DELETED] if places.ask_for(DELETED) else ())]
    planted = {kind: check(plant(kind, events, compacted, places), compacted=compacted) for kind in kinds}
    return {f"{kind} at the standby": _count(kind, after) > _count(kind, before) for kind, after in planted.items()}


def _count(kind: str, findings: Findings) -> int:
    if kind in ("skipped", "repeated", "unread"):
        return sum(getattr(group, kind).count for group in findings.groups)
    return findings.records.faults["lost" if kind == FROM_TAIL else kind].count


def plant(
    kind: str, events: Sequence[Event], compacted: Collection[str], places: "_Places | None" = None
) -> Iterator[Event]:
    """The history with one fault of that kind in it, about in its middle; its ``places``, if they are known."""
    places = places or _Places(events, compacted)
    if kind == "reordered":
        yield from _swapped(events, places.seen)
        return
    found = places.of(kind)
    if not found:
        yield from events
        return
    # In the middle, where a checker that looks at the ends only would miss it. The same place each time, so
    # that a verdict can be reached again.
    chosen = found[len(found) // 2]
    event = events[chosen]
    if kind == DELETED and isinstance(event, Seen):
        yield from _without(chosen, event, events)
        return
    yield from events[:chosen]
    if kind == "corrupt" and isinstance(event, Seen):
        yield replace(event, intact=False)
    elif kind in ("duplicated", "repeated"):
        yield from (event, event)
    yield from events[chosen + 1 :]


def _without(chosen: int, gone: Seen, events: Sequence[Event]) -> Iterator[Event]:
    """The history without that record, whose log begins behind it and keeps everything."""
    log = (gone.site, gone.topic, gone.partition)
    for number, event in enumerate(events):
        if number != chosen and not (isinstance(event, LogStart) and (event.site, event.topic, event.partition) == log):
            yield event
    yield LogStart(*log, gone.offset + 1, KEEPS_EVERYTHING)


def _swapped(events: Sequence[Event], found: Sequence[tuple[int, Seen]]) -> Iterator[Event]:
    """The history with two neighbours of one stream in each other's place, about in its middle.

    Only where each is there once and in order: of any other pair the checker might say something else already.
    """
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


class _Places:
    """Where faults can be planted: in acknowledged records of topics that keep all of them. Looked for once.

    What a group processed twice cannot be taken from it by leaving out one event, and its last of a stream is no gap.
    What is stranded is due to no group.
    """

    def __init__(self, events: Sequence[Event], compacted: Collection[str]) -> None:
        self._events = events
        sent = (each for each in events if isinstance(each, Acknowledged))
        self._known = {(each.stream, each.sequence) for each in sent if each.stream.topic not in compacted}
        self._stranded = [(n, e) for n, e in enumerate(events) if isinstance(e, Stranded)]
        self._read = [(n, e) for n, e in enumerate(events) if isinstance(e, Processed)]
        self.seen = [(n, e) for n, e in enumerate(events) if isinstance(e, Seen) and self._is_known(e)]

    def ask_for(self, kind: str) -> bool:
        """Whether a history as this must show that this kind, which not every one can have, is caught."""
        return bool(self._stranded if kind == FROM_TAIL else self._located)

    def of(self, kind: str) -> list[int]:
        """Return the numbers of the events that can be hit by that kind of fault."""
        if kind == DELETED:
            return self._located
        if kind == FROM_TAIL:
            return [number for number, event in self._stranded if self._is_known(event)]
        if kind in ("skipped", "unread"):
            return self._left_out[kind]
        return [number for number, _ in (self._done if kind == "repeated" else self.seen)]

    def _is_known(self, event: Seen | Stranded) -> bool:
        return (event.stream, event.sequence) in self._known

    @cached_property
    def _located(self) -> list[int]:
        """Where records were found once, at an offset that a client told, too."""
        times = Counter((each.stream, each.sequence) for each in self._events if isinstance(each, Seen | Stranded))
        told = {
            (each.site, each.stream, each.sequence, each.offset)
            for each in self._events
            if isinstance(each, Acknowledged | Processed) and each.offset is not None
        }
        return [
            number
            for number, each in self.seen
            if (each.site, each.stream, each.sequence, each.offset) in told and times[each.stream, each.sequence] == 1
        ]

    @cached_property
    def _done(self) -> list[tuple[int, Processed]]:
        due = self._known - {(e.stream, e.sequence) for _, e in self._stranded}
        return [(n, e) for n, e in self._read if (e.stream, e.sequence) in due]

    @cached_property
    def _left_out(self) -> dict[str, list[int]]:
        times = Counter((e.group, e.stream, e.sequence) for _, e in self._done)
        last: dict[tuple[str, Stream], int] = {}
        for _, event in self._read:
            last[event.group, event.stream] = max(event.sequence, last.get((event.group, event.stream), 0))
        found: dict[str, list[int]] = {"skipped": [], "unread": []}
        for number, event in self._done:
            if times[event.group, event.stream, event.sequence] == 1:
                is_last = event.sequence == last[event.group, event.stream]
                found["unread" if is_last else "skipped"].append(number)
        return found
