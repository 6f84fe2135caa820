"""Who may read drctl's own files, what stays of a file that is replaced, and what is told when one cannot be used."""

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.database import prepare, share, transaction
from drctl.drivers.store.epochs import SqliteEpochs
from drctl.drivers.store.files import remedy
from drctl.drivers.store.lease import FileLease
from drctl.drivers.store.vault import FileVault
from drctl.errors import JournalBroken

SOMEBODY = 12345
"""A user and a group that are nobody here."""

AS_SOMEBODY = (
    "import os, sys; from pathlib import Path; from drctl.errors import DrctlError\n"
    "from drctl.drivers.store.epochs import SqliteEpochs\n"
    "from drctl.drivers.store.client_routing import FileClientRouting\n"
    "from drctl.drivers.store.lease import FileLease\n"
    "path = Path(sys.argv[1])\n"
    f"if os.geteuid() == 0: os.setgroups([]); os.setgid({SOMEBODY}); os.setuid({SOMEBODY})\n"
)
FULL = (
    "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
)


def told(act: str, path: Path, *, before: str = AS_SOMEBODY) -> str:
    """What an act on a path says in a process of its own, which may become another user or meet a full disk."""
    program = f"{before}\ntry: {act}\nexcept DrctlError as error: print(type(error).__name__, error, '|', error.remedy)"
    command = [sys.executable, "-c", program, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """A umask that hides nothing."""
    before = os.umask(0o000)
    yield
    os.umask(before)


@pytest.fixture
def hiding() -> Iterator[None]:
    """A umask that hides everything from others."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A folder that every user reaches, other than those of pytest."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)
        Path(folder).chmod(0o700)


@pytest.mark.usefixtures("hiding")
def test_a_routing_file_keeps_the_mode_with_which_clients_read_it(tmp_path: Path) -> None:
    routing = tmp_path / "client-routing.json"
    routing.write_text("{}")
    routing.chmod(0o664)
    FileClientRouting(routing).route_to("south")
    assert (mode(routing), routing.read_text()) == (0o664, '{"site": "south"}\n')


@pytest.mark.usefixtures("hiding")
def test_a_routing_file_that_is_made_can_be_read_by_clients(tmp_path: Path) -> None:
    FileClientRouting(tmp_path / "client-routing.json").route_to("south")
    assert mode(tmp_path / "client-routing.json") == 0o644


def test_a_routing_file_keeps_its_owner(tmp_path: Path) -> None:
    routing = tmp_path / "client-routing.json"
    routing.write_text("{}")
    owner = (SOMEBODY, SOMEBODY) if os.geteuid() == 0 else (os.geteuid(), os.getgroups()[-1])
    os.chown(routing, *owner)
    FileClientRouting(routing).route_to("south")
    assert (routing.stat().st_uid, routing.stat().st_gid) == owner


def test_a_routing_file_of_another_user_that_we_may_write_stays_theirs(theirs: Path) -> None:
    routing = theirs / "client-routing.json"
    routing.write_text('{"site": "a-site-with-a-much-longer-name"}\n')
    routing.chmod(0o666)
    before = routing.stat()
    assert told("FileClientRouting(path).route_to('south')", routing) == ""
    after = routing.stat()
    assert routing.read_text() == '{"site": "south"}\n'
    assert (after.st_uid, after.st_gid, mode(routing)) == (before.st_uid, before.st_gid, 0o666)
    assert list(theirs.iterdir()) == [routing]


def test_a_routing_file_reached_through_a_link_is_turned_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    real, link = tmp_path / "shared" / "client-routing.json", tmp_path / "client-routing.json"
    real.write_text('{"site": "north"}')
    link.symlink_to(real)
    FileClientRouting(link).route_to("south")
    assert link.is_symlink()
    assert real.read_text() == '{"site": "south"}\n'
    assert (list((tmp_path / "shared").iterdir()), list(tmp_path.glob(".*"))) == ([real], [])


def test_a_folder_in_which_a_routing_file_cannot_be_replaced_is_told_before_anybody_turns_it(theirs: Path) -> None:
    folder = theirs / "real"
    folder.mkdir()
    (folder / "client-routing.json").write_text('{"site": "north"}')
    (theirs / "client-routing.json").symlink_to(folder / "client-routing.json")
    asked = "print(FileClientRouting(path / 'client-routing.json').obstacle())"
    folder.chmod(0o777)
    assert told(asked, theirs) == "\n"
    folder.chmod(0o555)
    assert told(asked, theirs) == f"drctl may not write in {folder.resolve()}\n"


def test_a_link_planted_under_a_temporary_name_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f".client-routing.json.{os.getpid()}").symlink_to(victim)
    FileClientRouting(tmp_path / "client-routing.json").route_to("south")
    assert victim.read_text() == "precious"


def test_a_link_planted_in_the_vault_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "vault" / "r1").mkdir(parents=True)
    for name in ("SHA256SUMS.~", "a.jsonl.~"):
        (tmp_path / "vault" / "r1" / name).symlink_to(victim)
    vault = FileVault(tmp_path / "vault")
    vault.put("r1", "a.jsonl", [b"line"])
    assert victim.read_text() == "precious"
    assert list(vault.lines("r1", "a.jsonl")) == [b"line"]


def test_a_link_planted_as_the_lock_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "lock").symlink_to(victim)
    with pytest.raises(JournalBroken, match="lock") as refused:
        FileLease(tmp_path / "lock").acquire("us")
    assert "symbolic link" in refused.value.remedy
    assert victim.read_text() == "precious"


@pytest.mark.usefixtures("open_to_all")
def test_state_and_lock_are_for_their_owner_alone(tmp_path: Path) -> None:
    state, lease = tmp_path / "state.sqlite", FileLease(tmp_path / "lock")
    lease.acquire("us")
    with transaction(state) as database:
        database.execute("INSERT INTO epoch VALUES ('p', 1)")
        assert {path.name: mode(path) for path in tmp_path.iterdir()} == dict.fromkeys(
            ("state.sqlite", "state.sqlite-wal", "state.sqlite-shm", "lock"), 0o600
        )
    lease.release()


@pytest.mark.usefixtures("open_to_all")
def test_a_shared_state_and_its_rollback_journal_are_for_their_owner_alone(tmp_path: Path) -> None:
    share(tmp_path / "state.sqlite")
    with transaction(tmp_path / "state.sqlite") as database:
        database.execute("INSERT INTO epoch VALUES ('p', 1)")
        assert {path.name: mode(path) for path in tmp_path.iterdir()} == dict.fromkeys(
            ("state.sqlite", "state.sqlite-journal"), 0o600
        )


@pytest.mark.usefixtures("open_to_all")
@pytest.mark.parametrize(("before", "after"), [(0o644, 0o600), (0o664, 0o660), (0o660, 0o660)])
def test_files_of_an_earlier_drctl_are_closed_and_a_group_that_may_write_keeps_that(
    tmp_path: Path, before: int, after: int
) -> None:
    state, lease = tmp_path / "state.sqlite", FileLease(tmp_path / "lock")
    SqliteEpochs(state, "p").raise_to(1, expected=0)
    lease.path.touch()
    for path in (state, lease.path):
        path.chmod(before)
    assert SqliteEpochs(state, "p").current() == 1
    lease.acquire("us")
    assert (mode(state), mode(lease.path)) == (after, after)
    lease.release()


def test_a_state_reached_through_a_link_is_made_where_the_link_leads(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "state.sqlite").symlink_to(tmp_path / "disk" / "state.sqlite")
    SqliteEpochs(tmp_path / "state.sqlite", "p").raise_to(1, expected=0)
    assert mode(tmp_path / "disk" / "state.sqlite") == 0o600


def test_making_the_file_private_ends_no_lock_of_another_thread(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    share(path)
    act = "sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute('BEGIN IMMEDIATE')"
    program = f"import sqlite3, sys\ntry: {act}\nexcept sqlite3.OperationalError as error: print(error)"
    with transaction(path):
        prepare(path)
        ran = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert "locked" in ran.stdout


@pytest.mark.parametrize(
    ("act", "name"),
    [
        ("FileLease(path / 'lock').acquire('us')", "lock"),
        ("FileLease(path / 'lock').holder()", "lock"),
        ("SqliteEpochs(path / 'state', 'p').current()", "state"),
        ("FileClientRouting(path / 'client-routing.json').route_to('south')", "client-routing.json"),
    ],
)
def test_a_file_of_another_user_is_named_with_its_remedy(theirs: Path, act: str, name: str) -> None:
    for each in ("lock", "state", "client-routing.json"):
        (theirs / each).touch()
        (theirs / each).chmod(0o000)
    theirs.chmod(0o555)
    said = told(act, theirs)
    assert f"{theirs / name}: " in said
    assert "run drctl as the user that owns it" in said


@pytest.mark.parametrize(
    "act",
    ["FileLease(path / 'lock').acquire('us')", "FileClientRouting(path / 'client-routing.json').route_to('south')"],
)
def test_a_full_disk_is_named_with_its_remedy_and_leaves_nothing_behind(tmp_path: Path, act: str) -> None:
    (tmp_path / "client-routing.json").write_text('{"site": "north"}')
    said = told(act, tmp_path, before=AS_SOMEBODY.replace("os.geteuid() == 0", "False") + FULL)
    assert "File too large" in said
    assert "disk" in said
    assert (tmp_path / "client-routing.json").read_text() == '{"site": "north"}'
    assert not list(tmp_path.glob(".*"))


def test_a_lock_that_could_not_be_taken_is_free_for_the_next(tmp_path: Path) -> None:
    lease = FileLease(tmp_path / "lock")
    lease.path.mkdir()
    with pytest.raises(JournalBroken, match="lock"):
        lease.acquire("us")
    lease.path.rmdir()
    lease.acquire("us")
    assert lease.held()
    lease.release()


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.ELOOP, errno.EIO])
def test_every_fault_of_a_disk_has_a_remedy(number: int) -> None:
    assert remedy(OSError(number, "x"))
