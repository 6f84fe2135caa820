"""The SQLite file that holds a plan file's epoch and journal."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
"""


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """One durable transaction: committed and on disk when the block ends, undone if it raises.

    JournalBroken where the file cannot be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    except (OSError, sqlite3.Error) as error:
        raise _broken(path, error) from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.executescript(SCHEMA)
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise _broken(path, error) from error
    finally:
        connection.close()


def _broken(path: Path, error: Exception) -> JournalBroken:
    return JournalBroken(
        f"{path}: the journal cannot be used: {error}",
        remedy="free the disk or restore the file from its copy; do not delete it while a run is unfinished",
    )
