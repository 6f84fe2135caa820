"""The newest journal is found among this machine's file and the copies at the sites, and taken over safely."""

from dataclasses import replace
from pathlib import Path

import pytest

from drctl.drivers.store.epochs import SqliteEpochs
from drctl.drivers.store.journal import SqliteJournal
from drctl.errors import Conflict, JournalBroken, Locked, Refused
from drctl.model.chain import Line
from drctl.model.run import Event, Run, RunState
from drctl.plans.journal_copies import NewestJournal, newest_journal, require_at_rest, take_over
from drctl.plans.journal_of_lines import JournalOfLines
from drctl.ports import World
from tests.fakes import FakeClock, FakeJournal, FakeWorld, fake_world

RUN = Run("r1", "switchover", "fake", "d1", "north", "south", 1)
OTHER = Run("r2", "switchover", "fake", "d1", "south", "north", 2)


def journal(*runs: Run, entries: int = 2) -> FakeJournal:
    made = FakeJournal()
    for run in runs:
        made.begin(run, {"by": "anna", "host": "desk-1"})
        for number in range(entries):
            made.append(run.id, Event.STEP_OBSERVED, f"step-{number}", {"n": number})
    return made


def site(earth: FakeWorld, name: str, of: FakeJournal, lines: int | None = None) -> None:
    earth.copies[name].kept = list(of.lines()[:lines])


def found(world: World) -> NewestJournal:
    return newest_journal(world, world)


def test_the_file_is_the_newest_where_copies_are_as_new_older_or_empty() -> None:
    earth = fake_world()
    earth.journal = journal(RUN)
    assert found(earth.ports()).site == ""
    site(earth, "north", earth.journal, 2)
    site(earth, "south", earth.journal)
    newest = found(earth.ports())
    assert (newest.site, newest.head, newest.unread) == ("", newest.own, {})
    world = earth.ports()
    assert newest.read(world) is world


def test_the_longest_copy_is_the_newest_and_a_site_that_is_silent_is_told() -> None:
    earth, elsewhere = fake_world(), journal(RUN, OTHER)
    earth.journal = FakeJournal()
    site(earth, "north", elsewhere, 4)
    site(earth, "south", elsewhere)
    newest = found(earth.ports())
    assert (newest.site, newest.lines, newest.own.number) == ("south", elsewhere.lines(), 0)
    assert newest.read(earth.ports()).journal.runs() == elsewhere.runs()
    earth.south.down = True
    newest = found(earth.ports())
    assert (newest.site, newest.head.number, list(newest.unread)) == ("north", 4, ["south"])


def test_what_a_drctl_of_this_machine_writes_meanwhile_makes_no_copy_a_newer_one() -> None:
    """It writes to the file first: a copy that is asked then has a line that an earlier look at the file had not."""
    earth = fake_world()
    earth.journal = journal(RUN)
    site(earth, "south", earth.journal)
    asked = earth.copies["south"].last

    def written_meanwhile() -> Line | None:
        earth.journal.append("r1", Event.STEP_INTENDED, "fence-writes")
        site(earth, "south", earth.journal)
        return asked()

    earth.copies["south"].last = written_meanwhile  # type: ignore[method-assign]
    assert found(earth.ports()).site == ""


def test_a_site_without_a_place_for_a_copy_has_none_and_is_not_told_as_unread() -> None:
    earth = fake_world()
    earth.copies["south"].ready = False
    assert found(earth.ports()).unread == {}


def test_a_copy_that_contradicts_the_file_or_another_copy_stops_and_both_are_named() -> None:
    earth, one, other = fake_world(), journal(RUN, entries=4), journal(RUN, entries=1)
    other.append("r1", Event.STEP_FAILED, "step-1", {"message": "no"})
    earth.journal = one
    site(earth, "south", other)
    with pytest.raises(JournalBroken, match="this machine's journal and the copy at south differ from line 4 on"):
        found(earth.ports())
    earth.journal = FakeJournal()
    site(earth, "north", one)
    with pytest.raises(JournalBroken, match="the copy at north and the copy at south differ from line 4 on") as caught:
        found(earth.ports())
    assert "the copy at north ends at line 6 in epoch 0 and the copy at south ends at line 4" in str(caught.value)


def test_a_copy_that_is_not_whole_is_not_read_as_if_it_were() -> None:
    earth, elsewhere = fake_world(), journal(RUN)
    earth.journal = FakeJournal()
    site(earth, "south", elsewhere)
    del earth.copies["south"].kept[1]
    with pytest.raises(JournalBroken, match="the copy at south: line 2 is missing"):
        found(earth.ports())


def test_a_copy_tells_the_runs_and_entries_of_the_journal_and_is_only_read() -> None:
    told = journal(RUN, OTHER)
    told.end("r1", RunState.SUPERSEDED)
    copy = JournalOfLines("the copy at south", told.lines())
    assert (copy.runs(), copy.lines(3)) == (told.runs(), told.lines(3))
    assert [copy.entries(run) for run in ("r1", "r2", "r3")] == [told.entries("r1"), told.entries("r2"), ()]
    with pytest.raises(Refused, match="the copy at south is only read"):
        copy.append("r1", Event.RUN_RESUMED)
    altered = replace(told.lines()[0], about="r9")
    with pytest.raises(JournalBroken, match="line 1, about r9, was altered"):
        JournalOfLines("the copy at south", (altered, *told.lines()[1:]))


@pytest.fixture
def ahead() -> FakeWorld:
    """A machine that holds nothing, and a copy at south of an unfinished run."""
    earth = fake_world()
    earth.journal = FakeJournal()
    site(earth, "south", journal(RUN))
    return earth


def test_a_copy_that_grows_has_a_drctl_at_work_behind_it(ahead: FakeWorld) -> None:
    world = ahead.ports()
    newest = found(world)
    require_at_rest(world, newest)
    at_work = FakeJournal()
    at_work.complete(newest.lines)

    def write() -> None:
        if len(at_work.lines()) == len(newest.lines):
            at_work.append("r1", Event.STEP_INTENDED, "fence-writes")
            ahead.copies["south"].write(at_work.lines()[-1:])

    ahead.clock.actors.append(write)
    with pytest.raises(Locked, match="the copy at south ended at line 4, and now at 5"):
        require_at_rest(world, newest)


def test_a_copy_is_taken_over_whole_or_not_at_all(ahead: FakeWorld) -> None:
    newest, busy = found(ahead.ports()), ahead.ports()
    busy.lease.acquire("somebody")
    with pytest.raises(Locked):
        take_over(ahead.ports(), newest)
    assert ahead.journal.lines() == ()
    busy.lease.release()
    world = ahead.ports()
    assert take_over(world, newest) == 4
    assert ahead.journal.lines() == newest.lines
    assert not world.lease.held()
    ahead.journal = journal(OTHER)
    with pytest.raises(Conflict):
        take_over(ahead.ports(), newest)
    assert ahead.journal.runs() == journal(OTHER).runs()


def test_the_epoch_is_taken_over_with_the_lines(tmp_path: Path, ahead: FakeWorld) -> None:
    """Of real files, whose epochs are lines of their journals."""
    began = SqliteJournal(tmp_path / "began.sqlite", FakeClock())
    began.begin(RUN)
    SqliteEpochs(began.path, "fake").raise_to(1, expected=0)
    own = SqliteJournal(tmp_path / "own.sqlite", FakeClock())
    own.complete(began.lines())
    began.append("r1", Event.RUN_RESUMED)
    SqliteEpochs(began.path, "fake").raise_to(5, expected=1)
    ahead.copies["south"].kept = list(began.lines())
    epochs = SqliteEpochs(own.path, "fake")
    world = replace(ahead.ports(), journal_file=own, journal=own, epochs=epochs)
    newest = found(world)
    assert (newest.site, str(newest.own), str(newest.head)) == ("south", "line 2 in epoch 1", "line 4 in epoch 5")
    assert take_over(world, newest) == 2
    assert epochs.current() == 5
