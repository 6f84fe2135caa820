"""What is left of a history when something is taken from it, and the sets of records that an oracle goes by."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from drctl.drills.timeline import Histories
from drctl.ledger.events import Event, Seen, Stranded
from drctl.ledger.findings import Findings
from drctl.ledger.history import HistoryLine
from drctl.ledger.verdict import EvidenceRequirements, judge
from drctl.model.verdict import Verdict

type Place = tuple[int, str, int, int]
"""Producer, topic, partition, sequence."""

type Spot = tuple[str, int]
"""A client, and which of its lines."""


def place_of(record: Sequence[Any]) -> Place:
    """The place of a line's record, without its key."""
    return record[0], record[1], record[2], record[3]


def all_lines(histories: Histories) -> list[HistoryLine]:
    return [line for lines in histories.lines.values() for line in lines]


def spots(histories: Histories) -> list[Spot]:
    return [(client, number) for client, lines in histories.lines.items() for number in range(len(lines))]


def places(histories: Histories, kind: str, group: str | None = None) -> list[Place]:
    """The records of all lines of a kind, and of a group."""
    return places_in(all_lines(histories), kind, group)


def places_in(lines: Iterable[HistoryLine], kind: str, group: str | None = None) -> list[Place]:
    """The same of these lines."""
    lines = [line for line in lines if line.kind == kind and line.more.get("group") == group]
    return [place_of(record) for line in lines for record in line.records]


def keyed(histories: Histories, topic: str, keys: int) -> Histories:
    """The histories, with one of so many keys for each acknowledged record of a topic."""

    def told(line: HistoryLine) -> HistoryLine:
        if line.kind != "acknowledged":
            return line
        records = [[*r, f"key-{r[3] % keys}"] if r[1] == topic else r for r in line.records]
        return replace(line, records=records)

    return Histories({client: [told(line) for line in lines] for client, lines in histories.lines.items()})


def superseded(histories: Histories, compacted: Collection[str]) -> set[Place]:
    """Acknowledged records of compacted topics with a newer one of their key in their stream."""
    lines = [line for line in all_lines(histories) if line.kind == "acknowledged"]
    records = [tuple(r) for line in lines for r in line.records if len(r) > 4 and r[1] in compacted]
    newest: dict[tuple[Any, ...], int] = {}
    for *stream, sequence, key in records:
        newest[*stream, key] = max(sequence, newest.get((*stream, key), 0))
    return {(*stream, sequence) for *stream, sequence, key in records if sequence < newest[*stream, key]}


def found(events: Iterable[Event]) -> list[Place]:
    """The places of what a fresh reader, or whoever saved a tail, found."""
    return [(*e.stream, e.sequence) for e in events if isinstance(e, Seen | Stranded) and e.stream is not None]


def without(line: HistoryLine, gone: Collection[Place]) -> HistoryLine:
    return replace(line, records=[record for record in line.records if place_of(record) not in gone])


def unseen[Found: Event](events: Iterable[Found], gone: Collection[Place]) -> list[Found]:
    """What a reader found, without those records."""
    return [event for event in events if not any(place in gone for place in found([event]))]


def left(
    histories: Histories, spots: Collection[Spot], gone: Collection[Place] = (), where: Collection[str] | None = None
) -> Histories:
    """The histories without these lines, and without those records in the clients named by ``where``, or in all."""
    return Histories(
        {
            client: [
                line if where is not None and client not in where else without(line, gone)
                for number, line in enumerate(lines)
                if (client, number) not in spots
            ]
            for client, lines in histories.lines.items()
        }
    )


def without_kind(histories: Histories, kind: str) -> Histories:
    return Histories({client: [e for e in lines if e.kind != kind] for client, lines in histories.lines.items()})


def without_client(histories: Histories, client: str) -> Histories:
    return Histories({name: lines for name, lines in histories.lines.items() if name != client})


def sent_by(histories: Histories, client: str) -> set[Place]:
    lines = [line for line in histories.lines.get(client, ()) if line.kind != "processed"]
    return {place_of(record) for line in lines for record in line.records}


def spots_between(histories: Histories, began: float, ended: float) -> set[Spot]:
    """Where it stands what the clients did in that time."""
    return {(c, n) for c, lines in histories.lines.items() for n, line in enumerate(lines) if began <= line.at < ended}


def sent_at(histories: Histories, spots: Collection[Spot]) -> set[Place]:
    """The records that were sent by these lines."""
    lines = [histories.lines[client][number] for client, number in spots]
    return {place_of(record) for line in lines if line.kind != "processed" for record in line.records}


def weighed(findings: Findings, weight: EvidenceRequirements, part: str, kept: Collection[str]) -> Verdict:
    """The verdict where a part of what findings weigh holds only what is kept of it."""
    whole: Mapping[str, Any] = getattr(weight, part)
    changed: dict[str, Any] = {part: {name: value for name, value in whole.items() if name in kept}}
    return judge(findings, replace(weight, **changed))[0]


def weighs_enough(weight: EvidenceRequirements, part: str, kept: Collection[str], planted: Collection[str]) -> bool:
    """Whether it still weighs enough: a window in every phase, any evidence, and every fault that must be planted."""
    phases = {traffic.phase.value for name, traffic in weight.windows.items() if name in kept}
    enough = {
        "windows": phases == {"before", "during", "after"},
        "evidence": bool(kept),
        "control": {*kept} >= {*planted},
    }
    return enough[part]


def misjudged(findings: Findings, weight: EvidenceRequirements, planted: Collection[str]) -> list[tuple[str, str]]:
    """Every single thing whose lack makes another verdict than it should, with the part of the weight that it is in."""
    wrong = []
    for part in ("windows", "evidence", "control"):
        whole = set(getattr(weight, part))
        for name in sorted(whole):
            enough = weighs_enough(weight, part, whole - {name}, planted)
            if (weighed(findings, weight, part, whole - {name}) == "proved") != enough:
                wrong.append((part, name))
    return wrong
