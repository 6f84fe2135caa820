"""The journal is followed to its head, and what was altered is named."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from drctl.drivers.store.journal import SqliteJournal
from drctl.model.chain import Change
from drctl.model.run import Event, Run, RunState
from drctl.plans.journal_integrity import CopyState, Integrity, check_journal
from tests.fakes import FakeClock, FakeWorld, fake_world
from tests.spec.harness import switch


def moved() -> FakeWorld:
    """A world whose journal and copies hold one whole switchover."""
    env = fake_world()
    env.copied = True
    switch(env.ports())
    return env


def verified(env: FakeWorld) -> Integrity:
    return check_journal(env.ports(), copies=True)


def states(found: Integrity) -> dict[str, CopyState]:
    return {each.site: each.state for each in found.copies}


def test_a_journal_that_nobody_touched_is_whole_with_its_head_and_copies() -> None:
    env = moved()
    found = verified(env)
    assert found.is_whole
    assert (found.runs, found.lines, found.head) == (1, len(env.journal.lines()), env.journal.lines()[-1].digest)
    assert found.entries == len(env.journal.entries(env.journal.runs()[0][0].id))
    assert states(found) == {"north": CopyState.SAME, "south": CopyState.SAME}


def test_a_copy_with_another_line_is_named_with_that_line() -> None:
    env = moved()
    kept = env.copies["south"].kept
    at = next(index for index, line in enumerate(kept) if line.change is Change.ENTRY_WRITTEN)
    kept[at] = replace(kept[at], content=kept[at].content + " ")
    found = verified(env)
    assert states(found) == {"north": CopyState.SAME, "south": CopyState.DIFFERS}
    assert f"line {kept[at].number}" in next(each.why for each in found.copies if each.site == "south")


def test_a_journal_older_than_its_copies_is_told_with_how_to_complete_it() -> None:
    env = moved()
    env.journal.set_back(3)
    found = verified(env)
    assert states(found) == {"north": CopyState.AHEAD, "south": CopyState.AHEAD}
    assert all("runs restore --from" in each.why for each in found.copies)


def test_a_site_that_does_not_answer_is_unknown_and_a_copy_that_lags_is_behind() -> None:
    env = moved()
    env.north.down = True
    env.copies["south"].kept.pop()
    assert states(verified(env)) == {"north": CopyState.UNKNOWN, "south": CopyState.BEHIND}


def test_without_copies_no_site_is_asked() -> None:
    env = moved()
    env.north.down = env.south.down = True
    assert check_journal(env.ports(), copies=False).copies == ()


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        (
            "UPDATE entry SET body = replace(body, '7', '8') WHERE run = 'r1' AND sequence = 2",
            "line 5, about r1, was altered",
        ),
        (
            "UPDATE entry SET at = '2020-01-01T00:00:00+00:00' WHERE run = 'r2' AND sequence = 1",
            "line 4, about r2, was altered",
        ),
        ("DELETE FROM entry WHERE run = 'r2' AND sequence = 1", "r2"),
        ("UPDATE run SET target = 'west' WHERE id = 'r1'", "run r1 was altered"),
        ("DELETE FROM run WHERE id = 'r1'", "run r1 is missing"),
    ],
)
def test_what_was_altered_in_the_file_is_named(tmp_path: Path, sql: str, names: str) -> None:
    path = tmp_path / "state.sqlite"
    journal = SqliteJournal(path, FakeClock())
    for run in ("r1", "r2"):
        journal.begin(Run(run, "switchover", "plant", "d", "north", "south", 1))
        journal.append(run, Event.STEP_INTENDED, "fence-writes", {"ends": 7})
    journal.append("r1", Event.STEP_OBSERVED, "fence-writes", {"ends": 7})
    journal.end("r1", RunState.DONE)
    assert not broken(path)
    with sqlite3.connect(path) as database:
        assert database.execute(sql).rowcount == 1
    database.close()
    assert names in broken(path)


def broken(path: Path) -> str:
    world = replace(fake_world().ports(), journal_file=SqliteJournal(path, FakeClock()))
    return check_journal(world, copies=False).broken
