"""The chain over all that a state file holds: every change is a line, and the head tells which one is the last.

Kept in the same transaction as the change itself. A file from before there were lines gets them when it is used first.
"""

import sqlite3
from collections.abc import Iterator

from drctl.model.chain import GENESIS, Change, Line, canonical, chained, run_content
from drctl.model.documents import json_of
from drctl.model.run import Run, RunState

RUN = "id, kind, plan, plan_digest, source, target, epoch"
BATCH = 500
"""Lines that are read at once: a line may hold the positions of ten thousand groups."""


class ChainBrokenError(Exception):
    """The file's lines do not agree with each other or with the rest; the message names the first that does not."""


def add(database: sqlite3.Connection, change: Change, about: str, content: str, essence: str | None = None) -> None:
    """Write the next line; of an entry ``content`` is its sequence, and ``essence`` its digest."""
    number, before = head(database)
    told = content if essence is None else canonical({"digest": essence})
    line = chained(before, Line(number + 1, change, about, told))
    database.execute("INSERT INTO line VALUES (?, ?, ?, ?, ?)", (line.number, change, about, content, line.digest))
    # Each line vouches for the one before it, and nothing for the last: without the head a journal that was
    # cut off at its end would be whole.
    database.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (line.number, line.digest))


def head(database: sqlite3.Connection) -> tuple[int, str]:
    """Number and digest of the newest line, which must be there."""
    told = database.execute("SELECT number, digest FROM head").fetchone()
    if told is None:
        _adopt(database)
        told = database.execute("SELECT number, digest FROM head").fetchone() or (0, GENESIS)
    last = database.execute("SELECT number, digest FROM line ORDER BY number DESC LIMIT 1").fetchone() or (0, GENESIS)
    if tuple(told) != tuple(last):
        raise ChainBrokenError(f"line {told[0]} should be the last, and line {last[0]} is: lines were cut off or added")
    return int(told[0]), str(told[1])


def read(database: sqlite3.Connection, after: int) -> Iterator[Line]:
    """Lines beyond that number, whole, with their entries' text."""
    found = database.execute(
        "SELECT l.number, l.change, l.about, l.content, l.digest, e.sequence, e.at, e.event, e.step, e.body, e.digest"
        " FROM line l LEFT JOIN entry e ON l.change = ? AND e.run = l.about AND e.sequence = CAST(l.content AS INTEGER)"
        " WHERE l.number > ? ORDER BY l.number",
        (Change.ENTRY_WRITTEN, after),
    )
    for number, change, about, content, digest, *entry in found:
        if change not in Change:
            raise ChainBrokenError(f"line {number}, about {about}, was altered")
        if change != Change.ENTRY_WRITTEN:
            yield Line(number, Change(change), about, content, digest)
            continue
        sequence, at, event, step, body, own = entry
        if sequence is None:
            raise ChainBrokenError(f"line {number}: entry {content} of run {about} is missing")
        told = {"sequence": sequence, "at": at, "event": event, "step": step, "body": body, "digest": own}
        yield Line(number, Change.ENTRY_WRITTEN, about, canonical(told), digest)


def known_runs(database: sqlite3.Connection) -> dict[str, tuple[str, str]]:
    """Every run's content and state, as the lines tell."""
    runs: dict[str, tuple[str, str]] = {}
    wanted = (Change.RUN_BEGUN, Change.RUN_ENDED)
    for change, about, content in database.execute(
        "SELECT change, about, content FROM line WHERE change IN (?, ?) ORDER BY number", wanted
    ):
        began = content if change == Change.RUN_BEGUN else runs.get(about, ("", ""))[0]
        runs[about] = (began, RunState.RUNNING if change == Change.RUN_BEGUN else content)
    return runs


def put(database: sqlite3.Connection, line: Line) -> None:
    """Take over one line of a copy, and what it tells."""
    match line.change:
        case Change.RUN_BEGUN:
            values = json_of(line.content, largest=len(line.content), ours=True)
            row = (*(values[name] for name in RUN.split(", ")), RunState.RUNNING)
            database.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            add(database, line.change, line.about, line.content)
        case Change.ENTRY_WRITTEN:
            told = json_of(line.content, largest=len(line.content), ours=True)
            row = (told["sequence"], told["at"], told["event"], told["step"], told["body"], told["digest"])
            database.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", (line.about, *row))
            add(database, line.change, line.about, str(told["sequence"]), told["digest"])
        # The state as the copy's version wrote it, also where it is called otherwise now: digests are over
        # what stands there, and old words are read as today's behind them.
        case Change.RUN_ENDED:
            database.execute("UPDATE run SET state = ? WHERE id = ?", (line.content, line.about))
            add(database, line.change, line.about, line.content)
        case Change.EPOCH_RAISED:
            database.execute("INSERT OR REPLACE INTO epoch VALUES (?, ?)", (line.about, int(line.content)))
            add(database, line.change, line.about, line.content)


def _adopt(database: sqlite3.Connection) -> None:
    """Give lines to what an older drctl has written."""
    # Within the transaction of what was asked: who dies in here leaves the older version's file as it was.
    database.execute("INSERT INTO head VALUES (1, 0, ?)", (GENESIS,))
    for *values, state in database.execute(f"SELECT {RUN}, state FROM run ORDER BY rowid").fetchall():  # noqa: S608
        run = Run(*values)
        add(database, Change.RUN_BEGUN, run.id, run_content(run))
        for sequence, digest in database.execute(
            "SELECT sequence, digest FROM entry WHERE run = ? ORDER BY sequence", (run.id,)
        ).fetchall():
            add(database, Change.ENTRY_WRITTEN, run.id, str(sequence), digest)
        if state != RunState.RUNNING:
            add(database, Change.RUN_ENDED, run.id, state)
    for plan, epoch in database.execute("SELECT plan, epoch FROM epoch ORDER BY plan").fetchall():
        add(database, Change.EPOCH_RAISED, plan, str(epoch))
