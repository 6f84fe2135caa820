"""The end of a log, cut off at a batch: what a broker finds of it after a power loss."""

from pathlib import Path

import pytest

from drctl.errors import LabError
from drctl.lab.cut_log import BATCH, SYNCED, cut_log

NAME = "turbines.readings-0"


def batch(first: int, size: int = 50) -> bytes:
    return BATCH.pack(first, size) + bytes(size)


def log(folder: Path, *segments: bytes, synced: int | None = None) -> Path:
    (folder / NAME).mkdir()
    for number, held in enumerate(segments):
        (folder / NAME / f"{number:020}.log").write_bytes(held)
    if synced is not None:
        (folder / SYNCED).write_text(f"0\n2\nturbines.readings 1 999\nturbines.readings 0 {synced}\n")
    return folder


def left(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder / NAME).glob("*.log"))]


@pytest.mark.parametrize(("offset", "kept"), [(0, 0), (1, 1), (10, 1), (15, 2), (20, 2), (30, 3)], ids=str)
def test_every_batch_from_an_offset_on_is_cut_and_none_before_it(tmp_path: Path, offset: int, kept: int) -> None:
    batches = [batch(0), batch(10, 20), batch(20, 33), batch(30)]
    folder = log(tmp_path, b"".join(batches))
    assert cut_log(folder, NAME, offset) == sum(map(len, batches[kept:]))
    assert left(folder) == [b"".join(batches[:kept])]


def test_later_segments_are_emptied(tmp_path: Path) -> None:
    folder = log(tmp_path, batch(0) + batch(10), batch(20) + batch(30), batch(40))
    cut_log(folder, NAME, 30)
    assert left(folder) == [batch(0) + batch(10), batch(20), b""]


@pytest.mark.parametrize("rest", [bytes(40), batch(20)[:-1], batch(20)[:5]], ids=["allocated", "torn", "torn early"])
def test_what_is_no_batch_at_the_end_goes_with_it(tmp_path: Path, rest: bytes) -> None:
    folder = log(tmp_path, batch(0) + batch(10) + rest)
    cut_log(folder, NAME, 10)
    assert left(folder) == [batch(0)]


def test_a_log_without_such_a_record_is_told(tmp_path: Path) -> None:
    folder = log(tmp_path, batch(0) + batch(10))
    with pytest.raises(LabError, match="has no record from 20 on"):
        cut_log(folder, NAME, 20)
    with pytest.raises(LabError, match="has no record from 0 on"):
        cut_log(folder, "another-0", 0)


def test_what_was_synced_is_taken_by_no_power_loss(tmp_path: Path) -> None:
    folder = log(tmp_path, batch(0) + batch(10), synced=11)
    with pytest.raises(LabError, match="is synced up to 11"):
        cut_log(folder, NAME, 10)
    assert left(folder) == [batch(0) + batch(10)]
    (folder / SYNCED).write_text("0\n1\nturbines.readings 0 10\n")
    assert cut_log(folder, NAME, 10) == len(batch(10))
