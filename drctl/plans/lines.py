"""Salvaged records as JSON Lines: one object per record, bytes in base64, so that any tool reads them as a stream."""

import base64
import json
from typing import Any

from drctl.errors import NotProven
from drctl.model.documents import json_of
from drctl.model.offsets import TopicPartition
from drctl.model.salvage import Content, Fate, Stamped


def line_of(record: Content) -> bytes:
    """A record as one line, without its end; the same record is always the same line."""
    return json.dumps(
        {
            "offset": record.offset,
            "timestamp": record.milliseconds,
            "timestampType": record.stamped.value,
            "transaction": record.fate.value,
            "leaderEpoch": record.leader_epoch,
            "key": _text(record.key),
            "value": _text(record.value),
            "headers": [[name, _text(value)] for name, value in record.headers],
        },
        separators=(",", ":"),
    ).encode()


def record_of(partition: TopicPartition, line: bytes) -> Content:
    """The record of a line. NotProven, telling nothing of the line, if it is none."""
    try:
        told = json_of(line, largest=len(line))
        numbers = [told["offset"], told["timestamp"] or 0, told["leaderEpoch"] or 0]
        if not all(isinstance(each, int) and -(1 << 63) <= each < 1 << 63 for each in numbers):
            raise TypeError("a number")
        if not all(isinstance(name, str) for name, _ in told["headers"]):
            raise TypeError("a header's name")
        return Content(
            partition,
            told["offset"],
            _bytes(told["key"]),
            _bytes(told["value"]),
            tuple((name, _bytes(value)) for name, value in told["headers"]),
            told["timestamp"],
            Stamped(told["timestampType"]),
            Fate(told["transaction"]),
            told["leaderEpoch"],
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotProven(f"a salvaged line of {partition} is no record", remedy="run 'drctl salvage verify'") from None


def document(value: Any) -> list[bytes]:
    """A JSON document as the lines of a file, the same for the same value."""
    return json.dumps(value, indent=2, sort_keys=True).encode().split(b"\n")


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)
