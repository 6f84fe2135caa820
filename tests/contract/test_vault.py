"""The contract of Vault, for the fake and the real thing; and what only files can do wrong."""

import hashlib
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from drctl.drivers.store.vault import FileVault
from drctl.errors import DrctlError, NotFound, NotProven
from drctl.ports import Vault
from tests.fakes import FakeVault

NAME = "orders/0/00000000000000000042-00000000000000000099.jsonl.gz"
LINES = [b'{"a":1}', b'{"b":2}']


@pytest.fixture(params=["fake", "files"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    return FakeVault() if request.param == "fake" else FileVault(tmp_path / "salvage")


@pytest.fixture
def files(tmp_path: Path) -> FileVault:
    return FileVault(tmp_path / "salvage")


def test_what_was_put_is_held_and_read_back(vault: Vault) -> None:
    assert vault.runs() == ()
    vault.put("r1", NAME, LINES)
    vault.put("r1", "manifest.json", [b"{}"])
    assert vault.holds("r1", NAME)
    assert list(vault.lines("r1", NAME)) == LINES
    assert vault.runs() == ("r1",)
    assert vault.faults("r1") == ()
    assert vault.place("r1").endswith("r1")


def test_what_was_never_put_is_not_there(vault: Vault) -> None:
    assert not vault.holds("r1", NAME)
    with pytest.raises(NotFound):
        list(vault.lines("r1", NAME))
    assert vault.faults("r1") != ()


def test_putting_again_replaces(vault: Vault) -> None:
    for lines in (LINES, LINES[:1]):
        vault.put("r1", NAME, lines)
    assert list(vault.lines("r1", NAME)) == LINES[:1]
    assert vault.holds("r1", NAME)


def test_the_same_lines_make_the_same_bytes(files: FileVault) -> None:
    for run in ("r1", "r2"):
        files.put(run, NAME, LINES)
    one, other = (Path(files.place(run)) / NAME for run in ("r1", "r2"))
    assert one.read_bytes() == other.read_bytes()


def test_a_changed_byte_a_missing_and_a_foreign_file_are_named(files: FileVault) -> None:
    for name in (NAME, "gone.json", "manifest.json"):
        files.put("r1", name, LINES)
    folder = Path(files.place("r1"))
    raw = bytearray((folder / NAME).read_bytes())
    raw[20] ^= 1
    (folder / NAME).write_bytes(raw)
    (folder / "gone.json").unlink()
    (folder / "foreign").touch()
    assert files.faults("r1") == ("gone.json is missing", f"{NAME} was altered", "foreign is not in SHA256SUMS")
    assert not files.holds("r1", NAME)


def test_a_salvage_that_did_not_end_is_not_whole(files: FileVault) -> None:
    files.put("r1", NAME, LINES)
    assert files.faults("r1") == ("manifest.json is missing: the salvage did not end",)


def test_a_damaged_file_is_said_to_be(files: FileVault) -> None:
    files.put("r1", NAME, LINES)
    (Path(files.place("r1")) / NAME).write_bytes(b"no gzip")
    with pytest.raises(NotProven, match="damaged"):
        list(files.lines("r1", NAME))


def test_checksums_are_those_that_sha256sum_checks(files: FileVault) -> None:
    files.put("r1", NAME, LINES)
    folder = Path(files.place("r1"))
    digest = hashlib.sha256((folder / NAME).read_bytes()).hexdigest()
    assert (folder / "SHA256SUMS").read_text() == f"{digest}  {NAME}\n"


def test_nobody_else_may_read_what_was_saved(files: FileVault) -> None:
    files.put("r1", NAME, LINES)
    for path in files.folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert files.folder.stat().st_mode & 0o077 == 0


def test_a_cut_while_writing_leaves_what_was_there(files: FileVault) -> None:
    files.put("r1", NAME, LINES)

    def cut() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.put("r1", NAME, cut())
    assert list(files.lines("r1", NAME)) == LINES
    assert files.holds("r1", NAME)


def test_a_full_disk_is_told_and_nothing_half_is_left(files: FileVault, monkeypatch: pytest.MonkeyPatch) -> None:
    files.put("r1", "manifest.json", LINES)
    folder = Path(files.place("r1"))

    def without_room(path: Path) -> int:
        path.touch()
        return os.open("/dev/full", os.O_WRONLY)

    monkeypatch.setattr("drctl.drivers.store.vault.exclusive", without_room)
    with pytest.raises(DrctlError, match=r"big cannot be written: No space left on device; nothing half"):
        files.put("r1", "big", [b"x" * 1000] * 1000)
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", "manifest.json"]
    assert files.faults("r1") == ()


FILL = """
import os, resource, signal, sys
from pathlib import Path
from drctl.drivers.store.vault import FileVault
from drctl.errors import DrctlError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
try:
    FileVault(Path(sys.argv[1])).put("r1", "big", (os.urandom(1000) for _ in range(1000)))
except DrctlError as error:
    print(error)
"""


def test_a_file_that_finds_no_room_is_refused_and_nothing_half_is_left(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path / "salvage")], capture_output=True, text=True, check=True
    )
    assert "cannot be written" in told.stdout
    assert [path.name for path in (tmp_path / "salvage" / "r1").rglob("*")] == []


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "salvage").touch()
    with pytest.raises(DrctlError, match="salvage"):
        FileVault(tmp_path / "salvage").put("r1", NAME, LINES)


def test_memory_does_not_grow_with_what_is_written_and_read(files: FileVault) -> None:
    line = b"x" * 1000

    def peak(count: int) -> int:
        tracemalloc.start()
        files.put("r1", NAME, (line for _ in range(count)))
        assert sum(1 for _ in files.lines("r1", NAME)) == count
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    peak(10)
    assert peak(20_000) < peak(2_000) + 100_000
