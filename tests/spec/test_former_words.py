"""What an earlier version wrote in words of its own is read in today's, and stands as it was written."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from drctl.drivers.store.journal import SqliteJournal
from drctl.errors import JournalBroken
from drctl.model import former
from drctl.model.chain import GENESIS, Change, Line, canonical, chained, entry_digest, run_content
from drctl.model.run import Event, JournalEntry, Run, RunState
from drctl.plans.journal_of_lines import JournalOfLines
from drctl.ports import Journal
from tests.fakes import FakeClock, FakeJournal
from tests.spec.saved import FOLDER, Saved

SAVED = FOLDER / "0.2.0" / "rollback-after-door-to-north.jsonl"
WRITTEN = (
    ("run-started", "", {"epoch": 1}),
    ("compensation-started", "", {"cause": "drain-consumers: timed out"}),
    ("hook-ended", "on-state-turning-back-1", {"exit": 0}),
    ("hook-ended", "on-failure-compensated-2", {"exit": 0}),
    ("run-ended", "", {"state": "compensated", "exceptions": ["hook on-state-compensated-1 ended with 1"]}),
)
"""Entries of one run as 0.2.0 wrote them."""


def old_lines() -> tuple[Line, ...]:
    """The journal of a run that was rolled back under 0.2.0, chained as it was then."""
    run = Run("r1", "switchover", "lab", "d1", "north", "south", 1)
    told: list[tuple[Change, str]] = [(Change.RUN_BEGUN, run_content(run))]
    before = run.id
    for sequence, (event, step, body) in enumerate(WRITTEN, 1):
        at, text = f"2026-01-01T00:00:0{sequence}+00:00", canonical(body)
        before = entry_digest(before, sequence, at, event, step, text)
        entry = {"sequence": sequence, "at": at, "event": event, "step": step, "body": text, "digest": before}
        told.append((Change.ENTRY_WRITTEN, canonical(entry)))
    told.append((Change.RUN_ENDED, "compensated"))
    lines: list[Line] = []
    for number, (change, content) in enumerate(told, 1):
        lines.append(chained(lines[-1].digest if lines else GENESIS, Line(number, change, run.id, content)))
    return tuple(lines)


def in_memory(lines: Sequence[Line], folder: Path) -> Journal:
    del folder
    journal = FakeJournal()
    journal.complete(lines)
    return journal


def in_a_state_file(lines: Sequence[Line], folder: Path) -> Journal:
    journal = SqliteJournal(folder / "j.sqlite", FakeClock())
    journal.complete(lines)
    return journal


def in_a_copy(lines: Sequence[Line], folder: Path) -> Journal:
    del folder
    return JournalOfLines("the copy", lines)


@pytest.fixture(params=[in_memory, in_a_state_file, in_a_copy], ids=lambda build: build.__name__)
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    found: Journal = request.param(old_lines(), tmp_path)
    return found


def test_a_run_that_was_compensated_is_read_as_rolled_back(journal: Journal) -> None:
    assert [state for _, state in journal.runs()] == [RunState.ROLLED_BACK]


def test_events_hooks_and_the_end_are_read_in_todays_words(journal: Journal) -> None:
    entries = journal.entries("r1")
    assert [entry.event for entry in entries][1] is Event.ROLLBACK_STARTED
    assert [entry.step for entry in entries[2:4]] == ["on-state-rolling-back-1", "on-failure-rolled-back-2"]
    assert entries[-1].body["state"] == "rolled-back"
    assert entries[-1].body["exceptions"] == ["hook on-state-compensated-1 ended with 1"], "what was said stays"


def test_its_lines_stay_as_they_were_written(journal: Journal) -> None:
    assert journal.lines() == old_lines()


def test_a_state_file_of_before_there_were_lines_is_read_too(tmp_path: Path) -> None:
    old = in_a_state_file(old_lines(), tmp_path)
    entries = old.entries("r1")
    with sqlite3.connect(tmp_path / "j.sqlite") as database:
        database.execute("DELETE FROM line")
        database.execute("DELETE FROM head")
    database.close()
    again = SqliteJournal(tmp_path / "j.sqlite", FakeClock())
    assert [state for _, state in again.runs()] == [RunState.ROLLED_BACK]
    assert again.entries("r1") == entries


def test_an_old_word_that_was_altered_into_todays_is_named_as_altered(tmp_path: Path) -> None:
    journal = in_a_state_file(old_lines(), tmp_path)
    with sqlite3.connect(tmp_path / "j.sqlite") as database:
        database.execute("UPDATE entry SET event = 'rollback-started' WHERE event = 'compensation-started'")
    database.close()
    with pytest.raises(JournalBroken, match="entry 2 of run r1"):
        journal.entries("r1")


def test_a_word_that_no_version_knew_is_refused(tmp_path: Path) -> None:
    *rest, last = old_lines()
    with pytest.raises(JournalBroken, match=f"line {last.number}"):
        in_a_copy([*rest, chained(rest[-1].digest, replace(last, content="undone"))], tmp_path)


def test_a_saved_journal_holds_the_old_words_and_its_entries_todays() -> None:
    saved = Saved.read(SAVED)
    assert any("compensation-started" in line.content for line in saved.lines), "else it tests nothing"
    told: list[JournalEntry] = []
    read = JournalOfLines(SAVED.name, saved.lines)
    for run, _ in read.runs():
        told += read.entries(run.id)
    assert Event.ROLLBACK_STARTED in {entry.event for entry in told}
    assert saved.ended == RunState.ROLLED_BACK


def test_states_of_a_report_are_read_in_todays_words_wherever_they_stand() -> None:
    told = {
        "id": "compensated",
        "moves": [{"state": "compensated"}, {"state": "done"}],
        "run": {"state": "turning-back"},
    }
    assert former.document(told) == {
        "id": "compensated", "moves": [{"state": "rolled-back"}, {"state": "done"}], "run": {"state": "rolling-back"},
    }  # fmt: skip
