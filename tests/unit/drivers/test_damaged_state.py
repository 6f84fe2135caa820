"""A state file with one bit changed, or cut short, at any place: it reads as before, or is named as broken.

Each test tries some places of every kind; ``make sweep`` tries every byte and every length, which takes minutes.
"""

import os
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drctl.drivers.store.epochs import SqliteEpochs
from drctl.drivers.store.journal import SqliteJournal
from drctl.drivers.store.memory import SqliteMemory
from drctl.drivers.store.sightings import SqliteSightings
from drctl.drivers.store.sync_reports import SqliteSyncReports
from drctl.errors import JournalBroken
from drctl.model.offsets import TopicPartition
from drctl.model.run import Event, Run, RunState
from drctl.model.sync_report import FailingGroup, SyncReport
from tests.fakes import FakeClock

SEED = 20261128
TRIES = 300
EVERY = os.environ.get("DRCTL_SWEEP") == "all"
PAGE = 4096
ORDERS = TopicPartition("orders", 0)


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """A small state file of every kind of content: a run that has ended, one that was cut off, what was seen."""
    path = tmp_path / "whole.sqlite"
    journal, epochs, memory = SqliteJournal(path, FakeClock()), SqliteEpochs(path, "lab"), SqliteMemory(path, "lab")
    journal.begin(Run("r1", "switchover", "lab", "d1", "north", "south", 1))
    journal.append("r1", Event.STEP_INTENDED, "fence-writes")
    epochs.raise_to(1, expected=0)
    journal.append("r1", Event.STEP_OBSERVED, "fence-writes", {"ends": {"orders-0": 7}})
    journal.end("r1", RunState.DONE)
    journal.begin(Run("r2", "switchover", "lab", "d1", "south", "north", 2))
    journal.append("r2", Event.STEP_INTENDED, "raise-epoch")
    memory.note_topic_ids("north", {"orders": "id-1"})
    memory.note_copied("north-to-south", {ORDERS: 7})
    SqliteSightings(path).note("north", {ORDERS: 9}, datetime(2026, 1, 1, tzinfo=UTC))
    SqliteSightings(path).note_silence("north", datetime(2026, 1, 2, tzinfo=UTC))
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    SqliteSyncReports(path).note(SyncReport("north", "south", 1, noon, {"billing": FailingGroup(noon, "no answer")}))
    return path.read_bytes()


def _read(path: Path) -> list[object]:
    """All that drctl ever reads in a state file, by fresh objects."""
    journal, memory = SqliteJournal(path, FakeClock()), SqliteMemory(path, "lab")
    runs = journal.runs()
    entries = [journal.entries(run.id) for run, _ in runs]
    seen = [memory.topic_ids("north"), memory.copied("north-to-south"), SqliteSightings(path).last("north")]
    kept = SqliteSyncReports(path).last("south")
    return [runs, entries, journal.lines(), SqliteEpochs(path, "lab").current(), *seen, kept]


def _read_or_fail(path: Path) -> object:
    """What is read, or the error that documents it; another exception is returned as it is, and equals nothing."""
    try:
        return _read(path)
    except Exception as error:  # noqa: BLE001 - what escapes is what this looks for
        return error


def _count_broken(folder: Path, truth: list[object], damaged: Iterable[tuple[str, bytes]]) -> int:
    """Read each of these files: anything but the truth or a named damage with a remedy fails."""
    path, count = folder / "damaged.sqlite", 0
    for what, content in damaged:
        for beside in folder.glob("damaged.sqlite-*"):
            beside.unlink()
        path.write_bytes(content)
        found = _read_or_fail(path)
        if isinstance(found, JournalBroken):
            assert ("damaged.sqlite" in str(found), bool(found.remedy), found.exit_code) == (True, True, 12), what
            count += 1
        else:
            assert found == truth, f"{what}: {found}"
    return count


def _truth(folder: Path, whole: bytes) -> list[object]:
    path = folder / "truth.sqlite"
    path.write_bytes(whole)
    return _read(path)


def _bits(whole: bytes) -> list[tuple[int, int]]:
    """Place and bit: every byte that says something, and some of the zeros, for free space is most of them."""
    chance = random.Random(SEED)
    places = [place for place, byte in enumerate(whole) if EVERY or byte or chance.random() < 0.03]
    chosen = places if EVERY else sorted(chance.sample(places, TRIES))
    return [(place, 1 << chance.randrange(8)) for place in chosen]


def test_a_bit_that_is_flipped_anywhere_is_noticed_or_changes_nothing(tmp_path: Path, whole: bytes) -> None:
    truth, bits = _truth(tmp_path, whole), _bits(whole)
    damaged = (
        (f"bit {bit} of byte {place}", whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
        for place, bit in bits
    )
    assert _count_broken(tmp_path, truth, damaged) > TRIES / 5


def test_a_file_that_is_cut_short_anywhere_is_noticed_or_has_lost_nothing(tmp_path: Path, whole: bytes) -> None:
    chance = random.Random(SEED)
    inside = [page * PAGE + chance.randrange(1, PAGE) for page in range(len(whole) // PAGE) for _ in range(4)]
    borders = [place + by for place in range(0, len(whole), PAGE) for by in (0, 1) if place + by < len(whole)]
    lengths = range(len(whole)) if EVERY else sorted({*borders, *inside, 15, 99, 511, len(whole) - 1})
    damaged = ((f"cut to {length} bytes", whole[:length]) for length in lengths)
    assert _count_broken(tmp_path, _truth(tmp_path, whole), damaged) > len(lengths) * 0.8


def test_an_empty_file_is_no_new_one(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.touch()
    for read in (SqliteJournal(path, FakeClock()).runs, SqliteEpochs(path, "lab").current):
        with pytest.raises(JournalBroken, match=r"state\.sqlite: .* cut to 0 bytes") as caught:
            read()
        assert "then 'drctl runs restore --from SITE'" in caught.value.remedy
    assert path.read_bytes() == b""


def test_a_new_file_appears_with_its_tables_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    assert SqliteEpochs(path, "lab").current() == 0
    assert [each.name for each in tmp_path.iterdir()] == ["state.sqlite"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_damage_that_was_named_keeps_nobody_waiting(tmp_path: Path, whole: bytes) -> None:
    """The transaction that found it ends, however far its statements had been read."""
    place = whole.index(b"fence-writes")
    path = tmp_path / "damaged.sqlite"
    path.write_bytes(whole[:place] + b"F" + whole[place + 1 :])
    kept: list[JournalBroken] = []
    for _ in range(3):
        with pytest.raises(JournalBroken, match="altered") as caught:
            _read(path)
        kept.append(caught.value)  # with all frames that held the statements
    assert len(kept) == 3
