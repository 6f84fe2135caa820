"""The SQLite file that holds a plan file's epoch and journal."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from drctl.drivers.store.files import private, remedy
from drctl.errors import JournalBroken

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
"""

NOT_OURS = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")
"""Errors of SQLite that say nothing against the content."""


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """One durable transaction: committed and on disk when the block ends, undone if it raises.

    JournalBroken where the file cannot be read or written.
    """
    try:
        prepare(path)
        connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    except (OSError, sqlite3.Error) as error:
        raise broken(path, error) from error
    try:
        if connection.execute("PRAGMA page_count").fetchone() == (0,):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(SCHEMA)
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    except (sqlite3.Error, UnicodeError, OverflowError) as error:
        raise broken(path, error) from error
    finally:
        connection.close()


def share(path: Path) -> None:
    """Make it a file that several machines may use at once. It stays one.

    SQLite's write-ahead log needs memory that all users share, so it is for one machine; the older rollback journal
    needs nothing but file locks. JournalBroken where the file cannot be changed.
    """
    try:
        prepare(path)
        with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
            mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            connection.executescript(SCHEMA)
    except (OSError, sqlite3.Error) as error:
        raise broken(path, error) from error
    if mode != ("delete",):
        raise broken(path, f"its journal mode stays {mode}")


def prepare(path: Path) -> None:
    """Make the file readable by its owner alone. SQLite gives its mode to the files that it puts beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    real = Path(os.path.realpath(path))
    with suppress(FileExistsError):
        # Made without being opened: to close it would end the locks that other threads hold on it by then.
        os.mknod(real, stat.S_IFREG | 0o600)
    for end in ("", "-wal", "-shm", "-journal"):
        private(real.with_name(real.name + end))


def broken(path: Path, error: object) -> JournalBroken:
    """The file cannot be used as it is."""
    said = f"{path}: the journal cannot be used: "
    if isinstance(error, OSError):
        return JournalBroken(said + (error.strerror or str(error)), remedy=remedy(error))
    if getattr(error, "sqlite_errorname", "").startswith(NOT_OURS):
        return JournalBroken(
            f"{said}{error}", remedy="run drctl as the user that owns it and its folder, on a disk mounted writable"
        )
    return JournalBroken(
        f"{said}{error}",
        remedy="free the disk; a damaged file: move it away with its -wal and -shm, then 'drctl runs restore'",
    )
