"""A run's history on disk: one append-only JSON-lines file per client, written before an outcome counts.

A line is ``{"kind": …, "at": seconds since 1970, "site": …, "records": [[…], …], …}``; records are ``[producer, topic,
partition, sequence]``, acknowledged ones with the key where it matters. Acknowledged and processed lines may have
``offsets``: where in the site's log each of their records is, null where nobody told. A ``polled`` line tells what a
reader of committed records was given while its client's transaction was open, and in ``sent`` what that transaction had
sent by then, as ``[producer, topic, partition, first sequence, last sequence]``.
"""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from drctl.errors import JournalBroken
from drctl.ledger.events import Aborted, Acknowledged, Doubtful, Event, PolledInTransaction, Processed, Stream
from drctl.model.documents import DocumentError, json_of

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
        # To the operating system, not to the disk: a client that is killed loses nothing by it, and forcing
        # each line would slow the very traffic that is measured. A machine that dies takes its drill with it.
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


LONGEST = 16 << 20
"""Bytes of one line: a client writes down what it did in one poll or transaction, which is some thousand records."""
SHOWN = 80
"""Letters of a value that an error shows."""

RECORDS = ("acknowledged", "doubtful", "aborted", "processed", "polled")
LOCATED = ("acknowledged", "processed")
"""Kinds of lines that may tell offsets."""
SILENT = ("denied", "joined", "left")
"""Kinds of lines with records, and kinds that tell something else and have none."""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of a history file."""

    kind: str
    at: float
    site: str
    records: list[list[Any]]
    more: dict[str, Any]


def read_lines(path: Path, *, after: int = 0) -> Iterator[HistoryLine]:
    """The lines of one file; ``after`` leaves out as many as were read before.

    A torn last line, as a killed client leaves it, is left out: it never counted. JournalBroken, naming file and line,
    for any other damage and for a kind that nobody knows: what is not understood may be what would refute.
    """
    with path.open("rb") as file:
        yield from lines_of(iter(lambda: file.readline(LONGEST + 1), b""), str(path), after=after)


def lines_of(texts: Iterable[bytes], where: str, *, after: int = 0) -> Iterator[HistoryLine]:
    """The same of lines that were read already, each with its line end; ``where`` names them in errors."""
    for number, text in enumerate(texts, 1):
        if len(text) > LONGEST:
            raise _broken(where, number, f"it is longer than {LONGEST} bytes")
        if not text.endswith(b"\n"):
            return
        if number <= after:
            continue
        try:
            line = _line(text)
        except DocumentError as error:
            raise _broken(where, number, error.problem) from error
        except (ValueError, TypeError, OverflowError) as error:
            raise _broken(where, number, error) from error
        yield line


def _broken(where: str, number: int, why: object) -> JournalBroken:
    return JournalBroken(f"{where}:{number}: no line of a history: {why}", remedy="repeat the run")


def _line(text: bytes) -> HistoryLine:
    line = json_of(text, largest=LONGEST, ours=True)
    if not isinstance(line, dict):
        raise TypeError("it is no object")
    if missing := [key for key in ("kind", "at", "site", "records") if key not in line]:
        raise ValueError(f"it has no {', '.join(missing)}")
    kind, at, site, records = (line.pop(key) for key in ("kind", "at", "site", "records"))
    if kind not in (*RECORDS, *SILENT):
        raise ValueError(f"its kind is {_shown(kind)}, and only {', '.join((*RECORDS, *SILENT))} are known")
    if isinstance(at, bool) or not isinstance(at, int | float) or not math.isfinite(at):
        raise ValueError(f"its time is {_shown(at)}")
    if not isinstance(site, str) or not site:
        raise ValueError(f"its site is {_shown(site)}")
    if not isinstance(records, list) or (kind in SILENT and records):
        raise ValueError(f"{_shown(records)} are no records of a line that says {kind}")
    if kind == "processed" and not (isinstance(line.get("group"), str) and line["group"]):
        raise ValueError("it names no group")
    if wrong := [record for record in records if not _is_record(record, kind)]:
        raise ValueError(
            f"{_shown(wrong[0])} is no record: producer, topic, partition, sequence, and a key where it matters"
        )
    _require_more(kind, records, line)
    return HistoryLine(kind, float(at), site, records, line)


def _require_more(kind: str, records: list[Any], more: dict[str, Any]) -> None:
    """Raise ValueError where what a line tells besides of its records does not fit them."""
    if kind in LOCATED and "offsets" in more:
        offsets = more["offsets"]
        if not isinstance(offsets, list) or len(offsets) != len(records) or not all(map(_is_offset, offsets)):
            raise ValueError(f"{_shown(offsets)} are no offsets of {len(records)} records")
    if kind == "polled":
        sent = more.get("sent")
        if not isinstance(sent, list) or not all(map(_is_span, sent)):
            raise ValueError(f"{_shown(sent)} is nothing that a transaction sent")


def _is_offset(offset: object) -> bool:
    return offset is None or (type(offset) is int and 0 <= offset < 2**63)


def _is_span(span: object) -> bool:
    return isinstance(span, list) and len(span) == 5 and _is_record(span[:4], "polled") and type(span[4]) is int


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _is_record(record: object, kind: str) -> bool:
    if not isinstance(record, list) or len(record) not in ((4,) if kind in ("processed", "polled") else (4, 5)):
        return False
    producer, topic, partition, sequence, *key = record
    numbered = _is_whole(producer, 0, 2**16) and _is_whole(partition, 0, 2**31) and _is_whole(sequence, 1, 2**64)
    return numbered and isinstance(topic, str) and bool(topic) and (not key or isinstance(key[0], str))


def _is_whole(number: object, least: int, beyond: int) -> bool:
    return type(number) is int and least <= number < beyond


def read(folder: Path) -> Iterator[Event]:
    """Every event of every client, file by file. JournalBroken as in ``read_lines``."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in read_lines(path):
            yield from events_of(line)


def events_of(line: HistoryLine) -> Iterator[Event]:
    """Yield what one line says of each of its records."""
    offsets = line.more.get("offsets") or [None] * len(line.records)
    for (producer, topic, partition, sequence, *key), offset in zip(line.records, offsets, strict=True):
        stream = Stream(producer, topic, partition)
        match line.kind:
            case "acknowledged":
                yield Acknowledged(stream, sequence, line.at, line.site, key[0] if key else None, offset)
            case "doubtful":
                yield Doubtful(stream, sequence)
            case "aborted":
                yield Aborted(stream, sequence)
            case "processed":
                yield Processed(line.more["group"], stream, sequence, line.at, line.site, offset)
            case "polled":
                yield PolledInTransaction(stream, sequence, own=_holds(line.more["sent"], stream, sequence))


def _holds(sent: Iterable[list[Any]], stream: Stream, sequence: int) -> bool:
    return any(Stream(*span[:3]) == stream and span[3] <= sequence <= span[4] for span in sent)
