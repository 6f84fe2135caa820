"""A run's history on disk: one append-only JSON-lines file per client, written before an outcome counts.

A line is ``{"kind": …, "at": seconds since 1970, "site": …, "records": [[…], …], …}``; records are ``[producer, topic,
partition, sequence]``, acknowledged ones with the key where it matters.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from drctl.errors import JournalBroken
from drctl.ledger.events import Aborted, Acknowledged, Doubtful, Event, Processed, Stream

type Place = tuple[int, str, int, int]
"""Producer, topic, partition, sequence."""


class HistoryWriter:
    """Appends to one client's file; a line that was written has left this process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("a", encoding="utf-8", buffering=1)

    def write(self, kind: str, at: float, site: str, records: Iterable[Iterable[Any]] = (), **more: Any) -> None:
        """Append one line and hand it to the operating system."""
        line = {"kind": kind, "at": round(at, 3), "site": site, "records": [list(r) for r in records], **more}
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a history file."""

    kind: str
    at: float
    site: str
    records: list[list[Any]]
    more: dict[str, Any]


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of one file. A torn last line, as a killed client leaves it, is left out: it never counted.

    JournalBroken, naming file and line, for any other damage.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, 1):
            if not text.endswith("\n"):
                return
            try:
                line = json.loads(text)
                head = (line.pop("kind"), float(line.pop("at")), line.pop("site"), line.pop("records"))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise JournalBroken(f"{path}:{number}: no line of a history", remedy="repeat the run") from error
            yield Line(*head, line)


def read(folder: Path) -> Iterator[Event]:
    """Every event of every client, file by file."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in read_lines(path):
            yield from _events(line)


def _events(line: Line) -> Iterator[Event]:
    for producer, topic, partition, sequence, *key in line.records:
        stream = Stream(producer, topic, partition)
        match line.kind:
            case "acknowledged":
                yield Acknowledged(stream, sequence, line.at, line.site, key[0] if key else None)
            case "doubtful":
                yield Doubtful(stream, sequence)
            case "aborted":
                yield Aborted(stream, sequence)
            case "processed":
                yield Processed(line.more["group"], stream, sequence, line.at, line.site)
