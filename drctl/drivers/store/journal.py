"""The journal in SQLite: append only, durable, chained by SHA-256 within each run and over all runs."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from drctl.drivers.store import lines
from drctl.drivers.store.database import broken, transaction
from drctl.errors import Conflict, DrctlError, JournalBroken, Locked, Refused
from drctl.model import former
from drctl.model.chain import Change, Line, canonical, entry_digest, require_whole, run_content
from drctl.model.documents import json_of
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState
from drctl.ports import Clock


class SqliteJournal:
    """Implements :class:`drctl.ports.JournalFile`. What was found whole is not looked at again by the same object.

    A run that this object began or continued takes entries of it for as long as nobody else has written one.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        self._whole: Line | None = None
        self._written: dict[str, int] = {}

    def begin(self, run: Run, started: Evidence | None = None) -> None:
        values = (run.id, run.kind, run.plan, run.plan_digest, run.source, run.target, run.epoch, RunState.RUNNING)
        with self._open() as database:
            if database.execute("SELECT 1 FROM run WHERE id = ?", (run.id,)).fetchone():
                raise Conflict(f"run {run.id} is in the journal already")
            other = database.execute("SELECT plan FROM run WHERE plan <> ?", (run.plan,)).fetchone()
            if other:
                raise Refused(
                    f"{self.path} holds the runs of {other[0]}, and {run.plan} is another plan file",
                    remedy=f"give {run.plan} a state file of its own",
                )
            # The head is checked before every write: a line added to a journal that was cut off would make
            # the cut look whole.
            lines.head(database)  # before the first change: an older file gets its lines now
            database.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
            lines.add(database, Change.RUN_BEGUN, run.id, run_content(run))
            if started is not None:
                self._add_entry(database, run.id, Event.RUN_STARTED, "", started)
        if started is not None:
            self._written[run.id] = 1

    def append(self, run: str, event: Event, step: str = "", body: Evidence | None = None) -> JournalEntry:
        with self._open() as database:
            lines.head(database)
            entry = self._add_entry(database, run, event, step, body or {})
            # A process that was frozen while another one took the run over finds an entry that it has not
            # written. The exception undoes the transaction, so that its own entry is never there.
            if event is not Event.RUN_RESUMED and self._written.get(run, entry.sequence - 1) != entry.sequence - 1:
                raise Locked(
                    f"another drctl has continued run {run} since, so this one stopped at once",
                    remedy="see 'drctl runs show'; if nobody is at work, run the same command again",
                )
        if event is Event.RUN_RESUMED or run in self._written:
            self._written[run] = entry.sequence
        return entry

    def end(self, run: str, state: RunState) -> None:
        with self._open() as database:
            lines.head(database)
            database.execute("UPDATE run SET state = ? WHERE id = ?", (state, run))
            lines.add(database, Change.RUN_ENDED, run, state)

    def runs(self) -> tuple[tuple[Run, RunState], ...]:
        with self._open() as database:
            self._require_whole(database)
            known = lines.known_runs(database)
            rows = database.execute(f"SELECT {lines.RUN}, state FROM run ORDER BY rowid").fetchall()  # noqa: S608
        found = [(Run(*row[:-1]), row[-1]) for row in rows]
        for run, state in found:
            if known.pop(run.id, None) != (run_content(run), state):
                raise self._altered(f"run {run.id} was altered")
        if known:
            # Its lines are there and its row is not: somebody has deleted it by hand, whom the chain of
            # entries alone would not notice.
            raise self._altered(f"run {next(iter(known))} is missing")
        try:
            return tuple((run, RunState(state)) for run, state in found)
        except ValueError as error:
            raise self._foreign("the state of a run") from error

    def entries(self, run: str) -> tuple[JournalEntry, ...]:
        with self._open() as database:
            rows = database.execute(
                "SELECT sequence, at, event, step, body, digest FROM entry WHERE run = ? ORDER BY sequence", (run,)
            ).fetchall()
            found = self._verified(run, rows)
            self._require_whole(database)
            written = "SELECT COUNT(*) FROM line WHERE change = ? AND about = ?"
            (count,) = database.execute(written, (Change.ENTRY_WRITTEN, run)).fetchone()
        if count != len(found):
            raise self._altered(f"run {run} should have {count} entries, and has {len(found)}")
        return found

    def lines(self, after: int = 0) -> tuple[Line, ...]:
        with self._open() as database:
            self._require_whole(database)
            return tuple(lines.read(database, after))

    def complete(self, new: Sequence[Line]) -> int:
        require_whole("the copy", new)
        with self._open() as database:
            self._require_whole(database)
            number, digest = lines.head(database)
            # A copy completes what it goes on from, and replaces nothing. Which of two histories is the
            # true one only a person can tell.
            if number and (number > len(new) or new[number - 1].digest != digest):
                what = f"it holds {number} lines, the copy {len(new)}" if number > len(new) else "they differ"
                raise Conflict(f"{self.path} does not go on as the copy does: {what}", remedy="keep the file as it is")
            for line in new[number:]:
                try:
                    lines.put(database, line)
                except (ValueError, KeyError, TypeError, RecursionError) as error:
                    raise self._foreign(f"line {line.number} of the copy") from error
            if lines.head(database) != (number, digest) and lines.head(database)[1] != new[-1].digest:
                raise self._altered("the copy could not be taken over as it is")
        return len(new) - number

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with transaction(self.path) as database:
                yield database
        except lines.ChainBrokenError as error:
            raise self._altered(str(error)) from error

    def _add_entry(
        self, database: sqlite3.Connection, run: str, event: Event, step: str, body: Evidence
    ) -> JournalEntry:
        at, text = self.clock.now(), canonical(body)
        last = database.execute(
            "SELECT sequence, digest FROM entry WHERE run = ? ORDER BY sequence DESC LIMIT 1", (run,)
        ).fetchone()
        sequence, before = (last[0] + 1, last[1]) if last else (1, run)
        digest = entry_digest(before, sequence, at.isoformat(), event, step, text)
        row = (run, sequence, at.isoformat(), event, step, text, digest)
        database.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        lines.add(database, Change.ENTRY_WRITTEN, run, str(sequence), digest)
        return JournalEntry(sequence, run, at, event, step, json.loads(text), digest)

    def _require_whole(self, database: sqlite3.Connection) -> None:
        """Check every line written since the last look, and that the newest one is the head."""
        lines.head(database)
        after = self._whole
        # Only what is new since the last look: a run of ten thousand groups has megabytes of it, and asks
        # several times a step.
        self._whole = require_whole(str(self.path), lines.read(database, after.number if after else 0), after)

    def _verified(self, run: str, rows: list[sqlite3.Row]) -> tuple[JournalEntry, ...]:
        entries: list[JournalEntry] = []
        before = run
        for expected, (sequence, at, event, step, body, digest) in enumerate(rows, 1):
            if sequence != expected or digest != entry_digest(before, sequence, at, event, step, body):
                raise self._altered(f"entry {sequence} of run {run} was altered or entries are missing before it")
            entries.append(self._entry(run, sequence, at, event, step, body, digest))
            before = digest
        return tuple(entries)

    def _entry(self, run: str, sequence: int, at: str, event: str, step: str, body: str, digest: str) -> JournalEntry:  # noqa: PLR0917
        """An entry as it stands. Its digest says who wrote it after what, not that this drctl understands it."""
        try:
            told = json_of(body, largest=len(body), ours=True)
            if not isinstance(told, dict):
                raise TypeError(type(told).__name__)
            named, when = former.step(step), datetime.fromisoformat(at)
            return JournalEntry(sequence, run, when, Event(event), named, former.body(told), digest)
        except (ValueError, TypeError) as error:
            raise self._foreign(f"entry {sequence} of run {run}") from error

    def _foreign(self, what: str) -> JournalBroken:
        return JournalBroken(
            f"{self.path}: {what} is nothing that this drctl can read",
            remedy="use the version of drctl that wrote it; if that is this one, see 'drctl runs restore'",
        )

    def _altered(self, what: str) -> DrctlError:
        return broken(self.path, what)
