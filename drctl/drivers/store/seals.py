"""Seal what was seen: each of these tables has one digest over all its rows, renewed with every change of them.

The journal's chain does not cover them: they hold what the next look would find again. Still a changed byte in them is
noticed, for a loss is measured by them while a site is silent.
"""

import sqlite3
from pathlib import Path
from typing import Any

from drctl.drivers.store.database import broken
from drctl.model.chain import canonical, digest


def rows(database: sqlite3.Connection, path: Path, table: str) -> list[tuple[Any, ...]]:
    """All rows of a table, which no index is asked for. JournalBroken where one was altered or is missing.

    A table of an older drctl has no seal before its first change.
    """
    found = _rows(database, table)
    told = database.execute("SELECT digest FROM seal WHERE sealed = ?", (table,)).fetchone()
    # No protection against somebody who can write to the file, who could seal it again: it notices bits
    # that flip, and hands that slip.
    if told is not None and told[0] != _digest(found):
        raise broken(path, f"what is noted in {table} was altered")
    return found


def renew(database: sqlite3.Connection, table: str) -> None:
    """Seal a table as it is now, in the transaction that changed it."""
    database.execute("INSERT OR REPLACE INTO seal VALUES (?, ?)", (table, _digest(_rows(database, table))))


def _rows(database: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    return database.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()  # noqa: S608 - our own names


def _digest(found: list[tuple[Any, ...]]) -> str:
    return digest(canonical(found))
