"""History files: torn ends are left out, other damage is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from drctl.errors import JournalBroken
from drctl.ledger.events import Acknowledged, PolledInTransaction, Processed, Stream
from drctl.ledger.history import HistoryWriter, read, read_lines


def write(path: Path) -> None:
    history = HistoryWriter(path)
    history.write("acknowledged", 1.5, "north", [(1, "prices", 0, 4, "article")])
    history.write("denied", 2.0, "north")
    history.write("processed", 3.0, "south", [(1, "prices", 0, 4)], group="billing", member="billing-1")
    history.close()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write(tmp_path / "client.jsonl")
    stream = Stream(1, "prices", 0)
    assert list(read(tmp_path)) == [
        Acknowledged(stream, 4, 1.5, "north", "article"),
        Processed("billing", stream, 4, 3.0, "south"),
    ]


def test_the_torn_last_line_of_a_killed_client_never_counted(tmp_path: Path) -> None:
    path = tmp_path / "client.jsonl"
    write(path)
    path.write_bytes(path.read_bytes() + b'{"kind":"acknowledged","at":4.0,"si')
    assert len(list(read(tmp_path))) == 2


def test_who_reads_on_gets_only_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "client.jsonl"
    write(path)
    assert [line.kind for line in read_lines(path, after=1)] == ["denied", "processed"]
    assert list(read_lines(path, after=3)) == []


def test_a_damaged_line_is_named_with_its_file_and_number(tmp_path: Path) -> None:
    path = tmp_path / "client.jsonl"
    write(path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + "what is this\n" + lines[2])
    with pytest.raises(JournalBroken, match=r"client\.jsonl:2"):
        list(read(tmp_path))


GOOD = {"kind": "acknowledged", "at": 1.5, "site": "north", "records": [[1, "prices", 0, 4]]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "acknowleged"}, "its kind is 'acknowleged'"),
        ({"kind": ["acknowledged"]}, "its kind is"),
        ({"kind": None}, "its kind is None"),
        ({"at": None}, "its time is None"),
        ({"at": "1.5"}, "its time is '1.5'"),
        ({"at": True}, "its time is True"),
        ({"at": float("nan")}, "its time is nan"),
        ({"site": 7}, "its site is 7"),
        ({"site": ""}, "its site is ''"),
        ({"records": None}, "None are no records"),
        ({"records": {"1": 2}}, "are no records"),
        ({"records": [7]}, "7 is no record"),
        ({"records": [[1, "prices", 0]]}, "is no record"),
        ({"records": [[1, "prices", 0, 0]]}, "is no record"),
        ({"records": [[1, "prices", 0, -4]]}, "is no record"),
        ({"records": [[1, "prices", 0, 4.0]]}, "is no record"),
        ({"records": [[1, "prices", 0, True]]}, "is no record"),
        ({"records": [[1, "prices", 0, 2**64]]}, "is no record"),
        ({"records": [[1, "prices", 0, "4"]]}, "is no record"),
        ({"records": [[None, "prices", 0, 4]]}, "is no record"),
        ({"records": [[1, None, 0, 4]]}, "is no record"),
        ({"records": [[1, "prices", 0, 4, 5]]}, "is no record"),
        ({"records": [[1, "prices", 0, 4, "a", "b"]]}, "is no record"),
        ({"kind": "processed"}, "it names no group"),
        ({"kind": "processed", "group": None}, "it names no group"),
        ({"kind": "denied"}, "are no records of a line that says denied"),
        ({"offsets": 4}, "4 are no offsets of 1 records"),
        ({"offsets": []}, "[] are no offsets of 1 records"),
        ({"offsets": [-1]}, "are no offsets"),
        ({"offsets": [True]}, "are no offsets"),
        ({"offsets": [2**63]}, "are no offsets"),
        ({"kind": "processed", "group": "billing", "offsets": ["4"]}, "are no offsets"),
        ({"kind": "polled"}, "None is nothing that a transaction sent"),
        ({"kind": "polled", "sent": [[1, "prices", 0, 4]]}, "is nothing that a transaction sent"),
        ({"kind": "polled", "sent": [[1, "prices", 0, 4, "5"]]}, "is nothing that a transaction sent"),
    ],
)
def test_a_line_that_does_not_say_what_a_line_says_is_named_with_what_is_wrong(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    (tmp_path / "client.jsonl").write_text(json.dumps(GOOD) + "\n" + json.dumps({**GOOD, **changes}) + "\n")
    with pytest.raises(JournalBroken) as broken:
        list(read(tmp_path))
    assert "client.jsonl:2" in str(broken.value)
    assert said in str(broken.value)


def test_offsets_belong_to_the_records_in_their_order_and_need_not_be_known(tmp_path: Path) -> None:
    records = [[1, "prices", 0, 4], [1, "prices", 0, 5]]
    told = [
        {**GOOD, "records": records, "offsets": [7, None]},
        {**GOOD, "kind": "processed", "group": "billing", "records": records, "offsets": [7, 9]},
    ]
    (tmp_path / "client.jsonl").write_text("".join(json.dumps(line) + "\n" for line in told))
    located = [event.offset for event in read(tmp_path) if isinstance(event, Acknowledged | Processed)]
    assert located == [7, None, 7, 9]


def test_what_a_client_polled_is_its_own_if_its_open_transaction_had_sent_it(tmp_path: Path) -> None:
    records = [[1, "prices", 0, 3], [1, "prices", 0, 4], [1, "prices", 0, 6], [1, "prices", 1, 4], [2, "prices", 0, 4]]
    line = {**GOOD, "kind": "polled", "records": records, "sent": [[1, "prices", 0, 4, 5]]}
    (tmp_path / "client.jsonl").write_text(json.dumps(line) + "\n")
    own = [event.own for event in read(tmp_path) if isinstance(event, PolledInTransaction)]
    assert own == [False, True, False, False, False]


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_a_line_that_lacks_a_part_is_named_with_it(tmp_path: Path, missing: str) -> None:
    (tmp_path / "client.jsonl").write_text(json.dumps({k: v for k, v in GOOD.items() if k != missing}) + "\n")
    with pytest.raises(JournalBroken, match=f"has no {missing}"):
        list(read(tmp_path))


@pytest.mark.parametrize(
    "text",
    [b"[1]", b"null", b"7", b'"acknowledged"', b"", b"\xff\xfe", b"[" * 100_000, b'{"at":1' + b"0" * 400 + b"}"],
    ids=["array", "null", "number", "string", "empty", "bytes", "deep", "huge"],
)
def test_bytes_that_are_no_line_end_in_an_error_with_a_remedy(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "client.jsonl").write_bytes(text + b"\n")
    with pytest.raises(JournalBroken) as broken:
        list(read(tmp_path))
    assert broken.value.remedy == "repeat the run"


def test_a_torn_line_may_end_within_a_character(tmp_path: Path) -> None:
    path = tmp_path / "client.jsonl"
    write(path)
    path.write_bytes(path.read_bytes() + '{"kind":"é'.encode()[:-1])
    assert len(list(read(tmp_path))) == 2
