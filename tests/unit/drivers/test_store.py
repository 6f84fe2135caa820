"""What happens to drctl's own files when they are damaged, full, or left by a process that died."""

import fcntl
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest

from drctl.drivers.store import database
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.epochs import SqliteEpochs
from drctl.drivers.store.journal import SqliteJournal
from drctl.drivers.store.lease import FileLease
from drctl.errors import ConfigInvalid, Conflict, DrctlError, JournalBroken, Locked
from drctl.model.run import Event, Run, RunState
from tests.fakes import FakeClock

RUN = Run("r1", "switchover", "lab", "d1", "north", "south", 3)


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    journal = SqliteJournal(tmp_path / "j.sqlite", FakeClock())
    journal.begin(RUN)
    for number in range(3):
        journal.append(RUN.id, Event.STEP_OBSERVED, f"step-{number}", {"n": number})
    return journal


@pytest.mark.parametrize(
    ("damage", "entry"),
    [
        ("UPDATE entry SET body = '{\"n\": 9}' WHERE sequence = 2", 2),
        ("UPDATE entry SET step = 'another' WHERE sequence = 1", 1),
        ("UPDATE entry SET at = '2020-01-01T00:00:00+00:00' WHERE sequence = 3", 3),
        ("DELETE FROM entry WHERE sequence = 2", 3),
    ],
)
def test_the_first_altered_entry_is_named(journal: SqliteJournal, damage: str, entry: int) -> None:
    with sqlite3.connect(journal.path) as database:
        database.execute(damage)
    database.close()
    with pytest.raises(JournalBroken, match=f"entry {entry} of run r1"):
        journal.entries("r1")


def test_a_file_that_is_no_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / "j.sqlite").write_text("something else, and long enough to be looked at" * 100)
    with pytest.raises(JournalBroken, match=r"j\.sqlite"):
        SqliteJournal(tmp_path / "j.sqlite", FakeClock()).runs()


def test_a_journal_whose_folder_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalBroken, match=r"j\.sqlite"):
        SqliteJournal(tmp_path / "file" / "j.sqlite", FakeClock()).begin(RUN)


def test_an_entry_that_does_not_fit_on_the_disk_is_not_written(journal: SqliteJournal) -> None:
    # A limit on the size of files, which only a process of its own may be given, stands for a full disk.
    program = (
        "import resource, signal, sys; from pathlib import Path; from tests.fakes import FakeClock;"
        "from drctl.drivers.store.journal import SqliteJournal; from drctl.errors import JournalBroken;"
        "from drctl.model.run import Event;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (40000, 40000));"
        "journal = SqliteJournal(Path(sys.argv[1]), FakeClock())\n"
        "try: journal.append('r1', Event.STEP_INTENDED, 'x', {'long': 'x' * 100000})\n"
        "except JournalBroken: print('broken')"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(journal.path)], capture_output=True, text=True, check=True
    )
    assert told.stdout == "broken\n"
    assert len(journal.entries("r1")) == 3


def test_a_run_that_was_never_begun_takes_no_entry(tmp_path: Path) -> None:
    with pytest.raises(JournalBroken):
        SqliteJournal(tmp_path / "j.sqlite", FakeClock()).append("r9", Event.RUN_STARTED)


def test_plans_in_one_file_have_epochs_of_their_own(tmp_path: Path) -> None:
    one, other = SqliteEpochs(tmp_path / "j.sqlite", "one"), SqliteEpochs(tmp_path / "j.sqlite", "other")
    one.raise_to(5, expected=0)
    assert (one.current(), other.current()) == (5, 0)


def test_a_lease_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = (
        "import sys; from pathlib import Path; from drctl.drivers.store.lease import FileLease;"
        "lease = FileLease(Path(sys.argv[1])); lease.acquire('run r1 of the other');"
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        ours = FileLease(path)
        with pytest.raises(Locked, match="run r1 of the other"):
            ours.acquire("us")
        other.kill()
    ours.acquire("us")
    assert ours.held()
    ours.release()


def test_a_lease_whose_file_was_taken_away_is_not_held(tmp_path: Path) -> None:
    lease = FileLease(tmp_path / "lock")
    lease.acquire("us")
    lease.path.unlink()
    assert not lease.held()
    FileLease(tmp_path / "lock").acquire("another")
    assert not lease.held()
    lease.release()


def test_a_lease_that_another_machine_was_given_meanwhile_is_not_held(tmp_path: Path) -> None:
    """A shared file system may give a frozen holder's lock away; both then hold the same file."""
    frozen, other = FileLease(tmp_path / "lock"), FileLease(tmp_path / "lock")
    frozen.acquire("us")
    fcntl.flock(frozen._file or 0, fcntl.LOCK_UN)
    other.acquire("us")
    assert (frozen.held(), other.held()) == (False, True)
    other.release()
    assert not frozen.held()
    frozen.release()


def test_who_was_overtaken_writes_nothing_more_of_that_run(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    frozen, other = SqliteJournal(path, FakeClock()), SqliteJournal(path, FakeClock())
    frozen.begin(RUN, {})
    frozen.append("r1", Event.STEP_INTENDED, "fence-writes")
    other.append("r1", Event.RUN_RESUMED)
    with pytest.raises(Locked, match="another drctl has continued run r1"):
        frozen.append("r1", Event.STEP_OBSERVED, "fence-writes")
    other.append("r1", Event.STEP_OBSERVED, "fence-writes")
    assert [entry.sequence for entry in other.entries("r1")] == [1, 2, 3, 4]
    frozen.append("r1", Event.RUN_RESUMED)
    frozen.append("r1", Event.RUN_ENDED)
    with pytest.raises(Locked):
        other.append("r1", Event.RUN_ENDED)


def test_a_run_that_nobody_continues_takes_notes_of_several(tmp_path: Path) -> None:
    one, other = (SqliteJournal(tmp_path / "j.sqlite", FakeClock()) for _ in range(2))
    one.begin(RUN)
    for journal in (one, other, one):
        journal.append("r1", Event.STEP_INTENDED, "sync-groups")
    assert len(one.entries("r1")) == 3


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("{}", 1),
        ("[]", 1),
        ('"site"', 1),
        ('{"site": 5}', 1),
        ("north", 1),
        ('{"site": "north",\n"site": "south"}', 2),
        ('{\n"site": "nor\\u0000th"}', 2),
        ('{\n"site": ""}', 2),
        ('{"site":\n' + "[" * 50_000, 2),
        ('{"site":\n' + "9" * 5000 + "}", 2),
        (b'{"site":\n"n\xf6rd"}', 2),
        ('{"site": "north"}'.encode("utf-16"), 1),
        (b'{"site": "north"}' + b" " * (1 << 16), None),
    ],
)
def test_a_routing_file_that_says_nothing_usable_is_named(tmp_path: Path, text: str | bytes, line: int | None) -> None:
    (tmp_path / "client-routing.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(
        ConfigInvalid, match=rf"client-routing\.json:{line}: " if line else r"client-routing\.json: is larger"
    ) as caught:
        FileClientRouting(tmp_path / "client-routing.json").site()
    assert "write" in caught.value.remedy


def test_a_routing_file_that_somebody_turned_into_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "client-routing.json")
    with pytest.raises(ConfigInvalid, match=r"client-routing\.json: is no regular file"):
        FileClientRouting(tmp_path / "client-routing.json").site()


def test_a_routing_file_is_turned_leaving_nothing_beside_it(tmp_path: Path) -> None:
    FileClientRouting(tmp_path / "client-routing.json").route_to("south")
    assert [path.name for path in tmp_path.iterdir()] == ["client-routing.json"]
    assert (tmp_path / "client-routing.json").read_text() == '{"site": "south"}\n'


def test_a_routing_file_that_cannot_be_turned_is_named(tmp_path: Path) -> None:
    with pytest.raises(DrctlError, match=r"client-routing\.json: client routing cannot be turned"):
        FileClientRouting(tmp_path / "no-folder" / "client-routing.json").route_to("south")


@pytest.mark.parametrize(
    ("damage", "names"),
    [
        ("DELETE FROM entry WHERE sequence = 3", "entry 3 of run r1 is missing"),
        ("DELETE FROM entry WHERE sequence = 3; DELETE FROM line WHERE number = 4", "line 4 should be the last"),
        ("UPDATE head SET number = 3", "line 3 should be the last, and line 4 is"),
        ("UPDATE run SET state = 'done'", "run r1 was altered"),
        ("UPDATE run SET target = 'west'", "run r1 was altered"),
        ("UPDATE line SET content = '2' WHERE number = 4", "line 4, about r1, was altered"),
        ("UPDATE epoch SET epoch = 9", "the epoch of lab was altered"),
    ],
)
def test_what_was_cut_off_or_altered_anywhere_is_named(journal: SqliteJournal, damage: str, names: str) -> None:
    epochs = SqliteEpochs(journal.path, "lab")
    if "epoch" in damage:
        epochs.raise_to(3, expected=0)
    with sqlite3.connect(journal.path) as database:
        database.executescript(damage)
    database.close()
    with pytest.raises(JournalBroken, match=names):
        _read_all(journal.path)


def _read_all(path: Path) -> list[object]:
    fresh, epochs = SqliteJournal(path, FakeClock()), SqliteEpochs(path, "lab")
    runs = fresh.runs()
    return [runs, [fresh.entries(run.id) for run, _ in runs], fresh.lines(), epochs.current()]


def test_a_file_from_before_there_were_lines_is_read_and_goes_on(journal: SqliteJournal) -> None:
    SqliteEpochs(journal.path, "lab").raise_to(3, expected=0)
    journal.end("r1", RunState.STOPPED)
    truth = _read_all(journal.path)
    with sqlite3.connect(journal.path) as database:
        database.executescript("DROP TABLE line; DROP TABLE head")
    database.close()
    runs, entries, _, epoch = _read_all(journal.path)
    assert [runs, entries, epoch] == [truth[0], truth[1], truth[3]]
    SqliteJournal(journal.path, FakeClock()).append("r1", Event.RUN_RESUMED)
    assert len(SqliteJournal(journal.path, FakeClock()).lines()) == 7


def test_a_copy_never_replaces_a_journal_that_holds_more_or_other_lines(journal: SqliteJournal, tmp_path: Path) -> None:
    copy = journal.lines()
    journal.append("r1", Event.RUN_RESUMED)
    with pytest.raises(Conflict, match="it holds 5 lines, the copy 4"):
        journal.complete(copy)
    other = SqliteJournal(tmp_path / "other.sqlite", FakeClock())
    other.begin(Run("r2", "switchover", "lab", "d1", "south", "north", 1))
    with pytest.raises(Conflict, match="they differ"):
        other.complete(copy)
    assert [run.id for run, _ in other.runs()] == ["r2"]


def test_a_copy_that_is_not_whole_is_not_taken_over(journal: SqliteJournal, tmp_path: Path) -> None:
    lines = journal.lines()
    other = SqliteJournal(tmp_path / "other.sqlite", FakeClock())
    for harmed in (lines[1:], (*lines[:2], *lines[3:]), (replace(lines[0], about="r9"), *lines[1:])):
        with pytest.raises(JournalBroken, match="the copy: line"):
            other.complete(harmed)
    assert other.lines() == ()


def test_a_shared_file_needs_no_memory_that_machines_share_and_stays_so(tmp_path: Path) -> None:
    """Also one that was for one machine before, with what it holds."""
    path = tmp_path / "state.sqlite"
    SqliteEpochs(path, "plan").raise_to(3, expected=0)
    database.share(path)
    database.share(path)
    SqliteEpochs(path, "plan").raise_to(4, expected=3)
    with database.transaction(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert not list(tmp_path.glob("*-shm"))
    assert SqliteEpochs(path, "plan").current() == 4


def test_a_file_of_one_machine_keeps_its_write_ahead_log(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    for _ in range(2):
        with database.transaction(path) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def _locked_by_somebody(path: Path) -> sqlite3.Connection:
    backup = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    backup.execute("BEGIN IMMEDIATE")
    return backup


def test_a_journal_that_a_backup_locks_is_waited_for(journal: SqliteJournal) -> None:
    run, _ = journal.runs()[0]
    backup = _locked_by_somebody(journal.path)
    release = Timer(0.3, backup.rollback)
    release.start()
    journal.append(run.id, Event.RUN_RESUMED)
    release.join()
    backup.close()
    assert journal.entries(run.id)[-1].event is Event.RUN_RESUMED


def test_a_journal_that_stays_locked_is_locked_and_not_damaged(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    backup = _locked_by_somebody(journal.path)
    with pytest.raises(Locked, match="kept the journal locked") as caught:
        journal.append(journal.path.name, Event.RUN_RESUMED)
    backup.rollback()
    backup.close()
    assert "run the same command again" in caught.value.remedy
