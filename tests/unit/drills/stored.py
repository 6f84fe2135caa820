"""Stored histories of drills: read, judged as a drill is, and nothing else known.

The first line says what the history is about: ``way``, the ``verdict`` that is right, and a ``reason`` of it or the
``error``; besides, what differs from ``WORK``: ``groups`` and what each reads, ``clients``, ``compacted`` topics; then
``lag`` at the handovers, ``complete``, and ``weight`` with parts of it that are put in place of what the drill found.
With ``outage`` it is a drill that lost north; that is what differs from the outage in ``outages.py``. With ``home``,
too, it went home again, and that is what differs from the failback in ``homecomings.py``. Every other line belongs to
the history of its ``client``, to what a fresh reader found at ``fresh``, or to the ``stranded`` tail of a
site. ``stream`` with ``from`` and ``to`` stands for that many records, with ``keys`` each has one of so many keys, with
``offset`` they lie there one behind the other; ``begins`` says where a log began that was read at ``fresh``, and with
``retention`` its topic's cleanup.policy, retention.ms, retention.bytes, and when they were read. ``at``, and that,
count from the drill's beginning.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from drctl.drills.judging import Judgement, judged, judged_circle, judged_outage
from drctl.drills.outcome import Outage, Work
from drctl.drills.timeline import Histories
from drctl.ledger.events import Event, LogStart, Seen, Stranded, Stream
from drctl.ledger.history import HistoryLine
from drctl.ledger.retention import Retention
from drctl.ledger.verdict import Traffic, WindowPhase, judge
from tests.unit.drills.example import HOME, T0, THERE, handover
from tests.unit.drills.homecomings import homecoming
from tests.unit.drills.outages import outage

HISTORIES = Path(__file__).parents[2] / "histories"
WORK = Work(
    {"dispatch": ("turbines.readings",), "reporting": ("turbines.readings", "shop.orders")},
    ("producer-turbines", "producer-orders", "consumer-dispatch", "consumer-reporting"),
)


@dataclass(frozen=True)
class Stored:
    """A drill as it was stored: the clients' lines by client, what was seen at each site, and what its head says."""

    head: dict[str, Any]
    lines: dict[str, list[dict[str, Any]]]
    seen: dict[str, list[Event]]
    stranded: tuple[Stranded, ...] = ()

    def written(self, folder: Path) -> Histories:
        """The clients' histories, through files as clients write them."""
        for client, lines in self.lines.items():
            (folder / f"{client}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        return Histories.read(folder)

    def plain(self) -> Histories:
        """The clients' histories as values."""
        return Histories({client: [_line(line) for line in lines] for client, lines in self.lines.items()})

    def judged(self, histories: Histories) -> Judgement:
        """What the drill's own judgement says of it."""
        found = self._judged(histories)
        if "weight" not in self.head:
            return found
        weight = replace(found.weight, **_parts(self.head["weight"]))
        verdict, reasons = judge(found.findings, weight)
        return replace(found, verdict=verdict, reasons=reasons, weight=weight)

    def _judged(self, histories: Histories) -> Judgement:
        groups, clients = self.head.get("groups", WORK.groups), self.head.get("clients", WORK.clients)
        work = Work(groups, clients, self.head.get("compacted", ()))
        complete, lag = self.head.get("complete", True), self.head.get("lag", 3246)
        if "outage" in self.head:
            lost = outage(**self.head["outage"])
            if "home" in self.head:
                return self._circle(work, histories, lost, complete=complete)
            survivor = self.seen.get(lost.target, [])
            return judged_outage(work, histories, lost, survivor=survivor, stranded=self.stranded, complete=complete)
        handovers = (handover("north", "south", THERE, 1, lag=lag), handover("south", "north", HOME, 2, lag=lag))
        north, south = (self.seen.get(site, []) for site in ("north", "south"))
        return judged(work, histories, handovers, primary=north, standby=south, complete=complete)

    def _circle(self, work: Work, histories: Histories, lost: Outage, *, complete: bool) -> Judgement:
        return judged_circle(
            work,
            histories,
            lost,
            homecoming(**self.head["home"]),
            primary=self.seen.get(lost.source, []),
            standby=self.seen.get(lost.target, []),
            stranded=self.stranded,
            complete=complete,
        )


def _parts(parts: Mapping[str, Any]) -> dict[str, Any]:
    if "windows" not in parts:
        return dict(parts)
    windows = {
        name: Traffic(WindowPhase(phase), count, floor) for name, (phase, count, floor) in parts["windows"].items()
    }
    return {**parts, "windows": windows}


def _line(line: Mapping[str, Any]) -> HistoryLine:
    more = {key: value for key, value in line.items() if key not in ("kind", "at", "site", "records")}
    return HistoryLine(line["kind"], line["at"], line["site"], line["records"], more)


def head_of(path: Path) -> dict[str, Any]:
    """What a stored history is about, read without the rest."""
    with path.open() as file:
        told: dict[str, Any] = json.loads(file.readline())
    return told


def stored(path: Path) -> Stored:
    """One stored history."""
    head, *lines = map(json.loads, path.read_text().splitlines())
    clients: dict[str, list[dict[str, Any]]] = {}
    seen: dict[str, list[Event]] = {}
    stranded: list[Stranded] = []
    for line in lines:
        if "begins" in line:
            retention = _retention(*line["retention"]) if "retention" in line else None
            start = LogStart(line["fresh"], line["topic"], line["partition"], line["begins"], retention)
            seen.setdefault(line["fresh"], []).append(start)
        elif "fresh" in line:
            seen.setdefault(line["fresh"], []).extend(_found(Seen, line))
        elif "stranded" in line:
            stranded += _found(Stranded, line)
        else:
            stream, first, last = line.pop("stream", None), line.pop("from", 0), line.pop("to", -1)
            records = [[*stream, n] for n in range(first, last + 1)] if stream else line.get("records", [])
            if keys := line.pop("keys", 0):
                records = [[*record, f"key-{record[3] % keys}"] for record in records]
            if (offset := line.pop("offset", None)) is not None:
                line["offsets"] = [offset + number for number in range(len(records))]
            at = T0 + line["at"]
            clients.setdefault(line.pop("client"), []).append({**line, "at": at, "records": records})
    return Stored(head, clients, seen, tuple(stranded))


def _retention(policy: str, ms: int, size: int, at: float) -> Retention:
    return Retention(policy, ms, size, T0 + at)


def _found[Found: (Seen, Stranded)](kind: type[Found], line: Mapping[str, Any]) -> Iterator[Found]:
    stream = Stream(*line["stream"])
    more = {key: line[key] for key in ("intact", "foreign") if key in line}
    if "fresh" in line:
        more["site"] = line["fresh"]
    for number, sequence in enumerate(range(line["from"], line["to"] + 1)):
        offset = line["offset"] + number
        yield kind(stream.topic, line.get("in", stream.partition), offset, stream, sequence, **more)
