"""The journal in SQLite: append only, durable, each entry chained to the one before by SHA-256."""

import hashlib
import json
import sqlite3
from datetime import datetime
from pathlib import Path

from drctl.drivers.store.database import transaction
from drctl.errors import Conflict, JournalBroken
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState
from drctl.ports import Clock

RUN = "id, kind, plan, plan_digest, source, target, epoch"


class SqliteJournal:
    """Implements :class:`drctl.ports.Journal`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.clock = clock

    def begin(self, run: Run) -> None:
        values = (run.id, run.kind, run.plan, run.plan_digest, run.source, run.target, run.epoch, RunState.RUNNING)
        with transaction(self.path) as database:
            if database.execute("SELECT 1 FROM run WHERE id = ?", (run.id,)).fetchone():
                raise Conflict(f"run {run.id} is in the journal already")
            database.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def append(self, run: str, event: Event, step: str = "", body: Evidence | None = None) -> JournalEntry:
        at = self.clock.now()
        text = json.dumps(body or {}, sort_keys=True, default=str)
        with transaction(self.path) as database:
            last = database.execute(
                "SELECT sequence, digest FROM entry WHERE run = ? ORDER BY sequence DESC LIMIT 1", (run,)
            ).fetchone()
            sequence, before = (last[0] + 1, last[1]) if last else (1, run)
            digest = _chain(before, str(sequence), at.isoformat(), event, step, text)
            row = (run, sequence, at.isoformat(), event, step, text, digest)
            database.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return JournalEntry(sequence, run, at, event, step, json.loads(text), digest)

    def end(self, run: str, state: RunState) -> None:
        with transaction(self.path) as database:
            database.execute("UPDATE run SET state = ? WHERE id = ?", (state, run))

    def runs(self) -> tuple[tuple[Run, RunState], ...]:
        with transaction(self.path) as database:
            rows = database.execute(f"SELECT {RUN}, state FROM run ORDER BY rowid").fetchall()  # noqa: S608
        return tuple((Run(*row[:-1]), RunState(row[-1])) for row in rows)

    def entries(self, run: str) -> tuple[JournalEntry, ...]:
        with transaction(self.path) as database:
            rows = database.execute(
                "SELECT sequence, at, event, step, body, digest FROM entry WHERE run = ? ORDER BY sequence", (run,)
            ).fetchall()
        return _verified(self.path, run, rows)


def _verified(path: Path, run: str, rows: list[sqlite3.Row]) -> tuple[JournalEntry, ...]:
    entries: list[JournalEntry] = []
    before = run
    for expected, (sequence, at, event, step, body, digest) in enumerate(rows, 1):
        if sequence != expected or digest != _chain(before, str(sequence), at, event, step, body):
            raise JournalBroken(
                f"{path}: entry {sequence} of run {run} was altered or entries are missing before it",
                remedy="restore the file from its copy; decide by what the sites show",
            )
        entry = JournalEntry(sequence, run, datetime.fromisoformat(at), Event(event), step, json.loads(body), digest)
        entries.append(entry)
        before = digest
    return tuple(entries)


def _chain(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
