"""The negative control: faults planted into a real history, which the same checker must name."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from drctl.ledger.checker import Findings, check
from drctl.ledger.events import Event, Processed, Seen

PLANTED = ("lost", "duplicated", "corrupt", "skipped", "repeated")


def caught(events: Sequence[Event], *, compacted: Collection[str] = ()) -> dict[str, bool]:
    """For each planted fault whether the checker names it; all False if the history is too thin to plant one."""
    return {kind: _names(kind, events, compacted) for kind in PLANTED}


def _names(kind: str, events: Sequence[Event], compacted: Collection[str]) -> bool:
    before, after = check(events, compacted=compacted), check(plant(kind, events, compacted), compacted=compacted)
    return _count(kind, after) > _count(kind, before)


def _count(kind: str, findings: Findings) -> int:
    if kind == "skipped":
        return sum(group.skipped.count for group in findings.groups)
    if kind == "repeated":
        return sum(group.repeated.count for group in findings.groups)
    return findings.records.faults[kind].count


def plant(kind: str, events: Sequence[Event], compacted: Collection[str]) -> Iterator[Event]:
    """The history with one fault of that kind in it, about in its middle."""
    wanted = Processed if kind in ("skipped", "repeated") else Seen
    places = [n for n, e in enumerate(events) if isinstance(e, wanted) and e.stream and e.stream.topic not in compacted]
    chosen = places[len(places) // 2] if places else -1
    for number, event in enumerate(events):
        if number != chosen:
            yield event
        elif kind == "corrupt" and isinstance(event, Seen):
            yield replace(event, intact=False)
        elif kind in ("duplicated", "repeated"):
            yield from (event, event)
