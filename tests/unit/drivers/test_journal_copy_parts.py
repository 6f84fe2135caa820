"""A line of any length travels to a site in records that its brokers' defaults take."""

import random
from dataclasses import dataclass

import pytest

from drctl.drivers.kafka.journal_copy import _joined, _parts
from drctl.model.chain import GENESIS, Change, Line, canonical, chained, entry_digest

LARGEST = 1_000_000
"""Bytes of a batch: librdkafka's message.max.bytes, which is below the brokers' 1,048,588."""
BESIDE = 1_000
"""Bytes for the plan file's name, the headers and what a batch needs around a record, generously."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as :class:`confluent_kafka.Message` tells of it."""

    parts: list[tuple[str, str | bytes | None]]
    content: bytes

    def headers(self) -> list[tuple[str, str | bytes | None]]:
        return self.parts

    def value(self) -> bytes:
        return self.content

    def offset(self) -> int:
        return 0


def _entry(groups: int, number: int = 1) -> Line:
    """An entry with the positions of that many groups, in names that need more bytes than letters."""
    groups_told = {
        f"gruppe-ö-{name:04}": {f"orders-{p}": [p, name, "x" * 40] for p in range(64)} for name in range(groups)
    }
    body = canonical({"groups": groups_told})
    told = {"sequence": 1, "at": "2026-01-01", "event": "step-observed", "step": "s", "body": body}
    told["digest"] = entry_digest("r1", 1, "2026-01-01", "step-observed", "s", body)
    return chained(GENESIS, Line(number, Change.ENTRY_WRITTEN, "r1", canonical(told)))


def _records(line: Line) -> list[Record]:
    return [Record(headers, value) for headers, value in _parts(line)]


@pytest.mark.parametrize(("groups", "least"), [(1, 1), (1000, 5)])
def test_no_record_of_a_line_is_longer_than_a_broker_takes(groups: int, least: int) -> None:
    line = _entry(groups)
    records = _records(line)
    assert len(records) >= least
    assert max(len(record.content) for record in records) + BESIDE < LARGEST
    assert list(_joined("north", records)) == [line]  # type: ignore[arg-type]


def test_parts_that_come_twice_or_after_other_lines_give_each_line_whole() -> None:
    long, short = _entry(300, 1), _entry(1, 2)
    records = [*_records(long)[:1], *_records(short), *_records(long)]
    found = list(_joined("north", records))  # type: ignore[arg-type]
    assert {line.number for line in found} == {1, 2}
    assert all(line in (long, short) for line in found)


def test_of_a_line_that_was_cut_off_between_its_parts_nothing_comes() -> None:
    records = _records(_entry(300))
    random.Random(3).shuffle(records)
    assert list(_joined("north", records[1:])) == []  # type: ignore[arg-type]
