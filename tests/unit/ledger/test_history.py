"""History files: torn ends are left out, other damage is named."""

from pathlib import Path

import pytest

from drctl.errors import JournalBroken
from drctl.ledger.events import Acknowledged, Processed, Stream
from drctl.ledger.history import HistoryWriter, read


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


def test_a_damaged_line_is_named_with_its_file_and_number(tmp_path: Path) -> None:
    path = tmp_path / "client.jsonl"
    write(path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[0] + "what is this\n" + lines[2])
    with pytest.raises(JournalBroken, match=r"client\.jsonl:2"):
        list(read(tmp_path))
