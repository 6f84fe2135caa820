"""The SQLite file that holds a plan file's epoch and journal."""

import os
import secrets
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from drctl.drivers.store.files import force, private, remedy
from drctl.errors import DrctlError, JournalBroken, Locked

SCHEMA = """
CREATE TABLE IF NOT EXISTS epoch (plan TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS run (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, plan TEXT NOT NULL, plan_digest TEXT NOT NULL,
    source TEXT NOT NULL, target TEXT NOT NULL, epoch INTEGER NOT NULL, state TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS entry (
    run TEXT NOT NULL REFERENCES run (id), sequence INTEGER NOT NULL, at TEXT NOT NULL, event TEXT NOT NULL,
    step TEXT NOT NULL, body TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (run, sequence)
) STRICT;
CREATE TABLE IF NOT EXISTS line (
    number INTEGER PRIMARY KEY, change TEXT NOT NULL, about TEXT NOT NULL, content TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS head (
    journal INTEGER PRIMARY KEY CHECK (journal = 1), number INTEGER NOT NULL, digest TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS seen_topic (
    plan TEXT NOT NULL, site TEXT NOT NULL, topic TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (plan, site, topic)
) STRICT;
CREATE TABLE IF NOT EXISTS copied (
    plan TEXT NOT NULL, link TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
    PRIMARY KEY (plan, link, topic, partition)
) STRICT;
CREATE TABLE IF NOT EXISTS sighting (site TEXT PRIMARY KEY, at TEXT NOT NULL, body TEXT NOT NULL, silent TEXT) STRICT;
CREATE TABLE IF NOT EXISTS sync_report (
    target TEXT PRIMARY KEY, source TEXT NOT NULL, epoch INTEGER NOT NULL, at TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS seal (sealed TEXT PRIMARY KEY, digest TEXT NOT NULL) STRICT;
"""

RESTORE = "'drctl runs restore --from SITE' brings back what a site's copy holds"

SMALLEST = 512
"""Bytes of SQLite's smallest page: it takes a file of fewer for a new one."""

PATIENCE = 30.0
"""Seconds that another user of the file is waited for: a backup that copies it may lock it for ten."""
NOT_OURS = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")
"""Errors of SQLite that say nothing against the content."""


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """One durable transaction: committed and on disk when the block ends, undone if it raises.

    Locked where somebody else keeps the file to himself for longer than :data:`PATIENCE`, JournalBroken where it cannot
    be read or written.
    """
    try:
        prepare(path)
        connection = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)
    except (OSError, sqlite3.Error) as error:
        raise broken(path, error) from error
    try:
        # Each transaction on disk before its effect: with NORMAL the last ones may be gone after a power
        # failure, and an intent that is gone is an effect that nobody knows of.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(SCHEMA)
        # The write lock at once: two transactions that read first and write later would both have to be
        # given up.
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    except (sqlite3.Error, UnicodeError, OverflowError) as error:
        raise broken(path, error) from error
    finally:
        with suppress(sqlite3.Error):
            # A statement that was not read to its end keeps a closed connection, and with it the lock, alive.
            connection.rollback()
        connection.close()


def share(path: Path) -> None:
    """Make it a file that several machines may use at once. It stays one.

    SQLite's write-ahead log needs memory that all users share, so it is for one machine; the older rollback journal
    needs nothing but file locks. JournalBroken where the file cannot be changed.
    """
    try:
        prepare(path)
        with closing(sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)) as connection:
            mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            connection.executescript(SCHEMA)
    except (OSError, sqlite3.Error) as error:
        raise broken(path, error) from error
    if mode != ("delete",):
        raise broken(path, f"its journal mode stays {mode}")


def prepare(path: Path) -> None:
    """Make the file if it is not there, readable by its owner alone, as are those that SQLite puts beside it.

    A file appears with all its tables, so one that is empty, or nearly, has lost what it held.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    real = Path(os.path.realpath(path))
    if not real.exists():
        _make(real)
    for end in ("", "-wal", "-shm", "-journal"):
        private(real.with_name(real.name + end))
    size = real.stat().st_size
    if size < SMALLEST and os.access(real, os.R_OK | os.W_OK):  # else whose it is comes first
        raise JournalBroken(
            f"{path}: the journal cannot be used: it was cut to {size} bytes, and SQLite would begin an empty one",
            remedy=f"move it away with its -wal and -shm, then {RESTORE}",
        )


def _make(real: Path) -> None:
    """Make a file with all tables; it appears whole or, if another process was first, not at all."""
    new = real.with_name(f".{real.name}.{secrets.token_hex(8)}")
    try:
        os.mknod(new, stat.S_IFREG | 0o600)
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(SCHEMA)
        with suppress(FileExistsError):
            # A link fails where the name is taken, a rename would replace a journal that another process
            # has just begun.
            os.link(new, real)
        force(real.parent)
    finally:
        new.unlink(missing_ok=True)


def broken(path: Path, error: object) -> DrctlError:
    """The file cannot be used as it is; Locked if it only cannot be used now."""
    if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Locked(
            f"{path}: another program has kept the journal locked for {PATIENCE:g} s: {error}",
            remedy="wait until it is done (a backup, a shell of sqlite3), then run the same command again",
        )
    said = f"{path}: the journal cannot be used: "
    if isinstance(error, OSError):
        return JournalBroken(said + (error.strerror or str(error)), remedy=remedy(error))
    if getattr(error, "sqlite_errorname", "").startswith(NOT_OURS):
        return JournalBroken(
            f"{said}{error}", remedy="run drctl as the user that owns it and its folder, on a disk mounted writable"
        )
    return JournalBroken(
        f"{said}{error}",
        remedy=f"free the disk; a damaged file: move it away with its -wal and -shm, then {RESTORE}",
    )
