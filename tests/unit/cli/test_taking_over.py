"""Runs are shown, continued and aborted on a machine that has not begun them, from the copy at the surviving site."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner, Result

from drctl.cli import runs, taking_over
from drctl.errors import ConfigInvalid, JournalBroken, Locked, Refused
from drctl.model.loss import AcceptedLoss
from drctl.model.run import Event, Run, RunState
from drctl.model.terms import Terms
from drctl.ports import World
from tests.fakes import FakeJournal, FakeWorld, Seat, fake_world
from tests.spec.failing import fail_over, lose, some_lag, synced
from tests.spec.harness import killed_at, require_served_by, switch

WORD = ("--take-over", "her laptop is in the river")
ANNA = Terms(by="anna", host="desk-1")


def elsewhere(earth: FakeWorld) -> FakeJournal:
    """Go to another machine, whose folder holds nothing; returns the journal of the first one."""
    left, earth.journal, earth.seat = earth.journal, FakeJournal(earth.clock, earth.effects), Seat()
    return left


@pytest.fixture
def cut_off() -> FakeWorld:
    """A switchover that anna's machine has left behind its fence; we are at another machine."""
    earth = fake_world()
    earth.copied = True
    with killed_at(earth, "stop link to south"):
        switch(earth.ports(), terms=ANNA)
    elsewhere(earth)
    return earth


def typed(earth: FakeWorld, command: click.Command, *words: str, answers: str = "") -> Result:
    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.ports()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "opened", opened)
        return CliRunner().invoke(command, words, obj=Path("plan.yaml"), input=answers)


def test_a_run_that_only_a_copy_holds_is_listed_and_shown_with_where_it_is_from(cut_off: FakeWorld) -> None:
    cut_off.north.down = True
    listed = typed(cut_off, runs.list_runs)
    assert "Runs, from the copy at south" in listed.stdout
    assert "the journal's copy at north was not read" in listed.stderr
    (run,) = json.loads(typed(cut_off, runs.list_runs, "-o", "json").stdout)["items"]
    assert (run["run"], run["state"], run["copy"], run["by"]) == ("switchover", "unfinished", "south", "anna")
    shown = json.loads(typed(cut_off, runs.show, run["id"], "-o", "json").stdout)
    assert (shown["copy"], shown["entries"][0]["event"]) == ("south", "run-started")
    assert "from the copy at south" in typed(cut_off, runs.show).stdout
    assert json.loads(typed(cut_off, runs.list_runs, "--own", "-o", "json").stdout)["items"] == []
    assert cut_off.journal.lines() == ()


def test_a_journal_that_is_as_new_as_its_copies_is_shown_as_this_machines() -> None:
    earth = fake_world()
    earth.copied = True
    switch(earth.ports())
    done = typed(earth, runs.list_runs, "-o", "json")
    assert [run["copy"] for run in json.loads(done.stdout)["items"]] == [None]
    assert done.stderr == ""


@pytest.mark.parametrize("words", [(runs.resume, ()), (runs.abort, ("--reason", "no"))], ids=["resume", "abort"])
def test_nothing_is_taken_over_while_nobody_says_that_its_drctl_is_gone(
    cut_off: FakeWorld, words: tuple[click.Command, tuple[str, ...]]
) -> None:
    command, more = words
    done = typed(cut_off, command, *more)
    assert isinstance(done.exception, Refused)
    assert "--take-over" in done.exception.remedy
    assert "by anna on desk-1" in done.stderr
    assert isinstance(typed(cut_off, command, *more, "--take-over", " ").exception, ConfigInvalid)
    assert cut_off.journal.lines() == ()


def test_a_run_is_taken_over_and_continued_to_its_end(cut_off: FakeWorld) -> None:
    done = typed(cut_off, runs.resume, *WORD, "--by", "ben")
    assert done.exit_code == 0, done.exception
    ((run, state),) = cut_off.journal.runs()
    assert state is RunState.DONE
    resumed = next(e.body for e in cut_off.journal.entries(run.id) if e.event is Event.RUN_RESUMED)
    assert (resumed["by"], resumed["journal from"]["site"]) == ("ben", "north")
    assert resumed["journal from"]["why"] == WORD[1]
    require_served_by(cut_off, "south")
    assert cut_off.copies["south"].lines() == cut_off.journal.lines()


def test_a_failover_is_taken_over_from_the_copy_at_the_site_that_is_left() -> None:
    earth = synced(fake_world())
    earth.copied = True
    some_lag(earth)
    lose(earth, sighted=True)
    with killed_at(earth, "routing to south"):
        fail_over(earth.ports(), accepted=AcceptedLoss(10_000))
    elsewhere(earth)
    done = typed(earth, runs.resume, *WORD)
    assert done.exit_code == 0, done.exception
    assert "lines taken over from the copy at south" in done.stderr
    assert [state for run, state in earth.journal.runs() if run.kind == "failover"] == [RunState.DONE]
    assert earth.routing.site() == "south"


def test_a_run_is_taken_over_and_aborted(cut_off: FakeWorld) -> None:
    done = typed(cut_off, runs.abort, "--reason", "not tonight", *WORD)
    assert done.exit_code == 0, done.exception
    assert cut_off.journal.runs()[0][1] is RunState.ROLLED_BACK
    assert cut_off.open_sites() == {"north"}


@pytest.mark.parametrize("answer", ["y\n", "n\n"])
def test_at_a_terminal_it_is_asked(cut_off: FakeWorld, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(taking_over, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    done = typed(cut_off, runs.resume, answers=answer)
    assert "take it over?" in done.stderr
    if answer == "y\n":
        assert cut_off.journal.runs()[0][1] is RunState.DONE
    else:
        assert isinstance(done.exception, Refused)
        assert cut_off.journal.lines() == ()


def test_a_copy_that_grows_or_a_lease_that_is_held_is_taken_over_by_nobody(cut_off: FakeWorld) -> None:
    at_work = cut_off.ports()
    at_work.lease.acquire("somebody on this machine")
    done = typed(cut_off, runs.resume, *WORD)
    assert isinstance(done.exception, Locked)
    assert "somebody on this machine" in str(done.exception)
    at_work.lease.release()
    other = FakeJournal()
    other.complete(cut_off.copies["south"].lines())

    def write() -> None:
        other.append(other.runs()[0][0].id, Event.STEP_OBSERVED, "fence-writes")
        for copy in cut_off.copies.values():
            copy.write(other.lines()[-1:])

    cut_off.clock.actors.append(write)
    done = typed(cut_off, runs.resume, *WORD)
    assert isinstance(done.exception, Locked)
    assert "another drctl is at work" in str(done.exception)
    assert cut_off.journal.lines() == ()


def test_a_contradiction_stops_every_command_but_the_look_at_this_machines_own(cut_off: FakeWorld) -> None:
    cut_off.journal.begin(Run("r9", "switchover", cut_off.plan.name, "d", "north", "south", 1))
    for command, words in ((runs.list_runs, ()), (runs.show, ()), (runs.resume, WORD)):
        done = typed(cut_off, command, *words)
        assert isinstance(done.exception, JournalBroken)
        assert "this machine's journal and the copy at north differ from line 1 on" in str(done.exception)
    assert "r9" in typed(cut_off, runs.list_runs, "--own").stdout


def test_where_nothing_is_unfinished_a_newer_copy_is_taken_over_without_a_word() -> None:
    earth = fake_world()
    earth.copied = True
    switch(earth.ports())
    left = elsewhere(earth)
    done = typed(earth, runs.resume)
    assert isinstance(done.exception, Refused)
    assert "no run is unfinished" in str(done.exception)
    assert earth.journal.lines() == left.lines()


def test_a_copy_that_contradicts_another_one_is_not_restored(cut_off: FakeWorld) -> None:
    other = FakeJournal()
    other.begin(Run("r9", "switchover", cut_off.plan.name, "d", "north", "south", 1))
    cut_off.copies["south"].kept = list(other.lines())
    done = typed(cut_off, runs.restore, "--from", "north")
    assert isinstance(done.exception, JournalBroken)
    assert "the copy at north and the copy at south differ" in str(done.exception)
    assert cut_off.journal.lines() == ()
