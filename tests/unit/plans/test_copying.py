"""The journal's couriers: nothing waits for a site that is slow, dead or gone."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest

from drctl.errors import JournalBroken, Locked, Unreachable
from drctl.model.chain import Line
from drctl.model.run import Event as JournalEvent
from drctl.model.run import Run
from drctl.plans import copying
from drctl.plans.copying import CopiedJournal, InBackground
from tests.fakes import FakeJournal, FakeJournalCopy, FakeSite

RUN = Run("r1", "switchover", "lab", "d1", "north", "south", 1)


class Hanging(FakeJournalCopy):
    """A site that answers when it is let go."""

    def __init__(self) -> None:
        super().__init__(FakeSite("south", {}))
        self.let_go = Event()

    def last(self) -> Line | None:
        self.let_go.wait(60)
        return super().last()


class Counting(FakeJournalCopy):
    """A site that tells once it has so many lines."""

    def __init__(self, lines: int) -> None:
        super().__init__(FakeSite("north", {}))
        self.wanted, self.complete = lines, Event()

    def write(self, lines: Sequence[Line]) -> None:
        super().write(lines)
        if len(self.kept) >= self.wanted:
            self.complete.set()


class Failing(FakeJournalCopy):
    """A site that takes nothing."""

    def write(self, lines: Sequence[Line]) -> None:
        raise Unreachable("south does not answer")


def test_a_site_that_hangs_delays_neither_the_run_nor_the_other_site(monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds in ("FIRST", "LEAVING"):
        monkeypatch.setattr(copying, seconds, 0.2)
    journal, north, south = FakeJournal(), Counting(6), Hanging()
    couriers = InBackground(journal, {"north": lambda: north, "south": lambda: south})
    copied = CopiedJournal(journal, couriers)
    copied.begin(RUN)
    for _ in range(5):
        copied.append("r1", JournalEvent.STEP_INTENDED)
    assert len(journal.lines()) == 6
    assert north.complete.wait(60)
    couriers.close()
    assert north.lines() == journal.lines()
    assert south.kept == []
    south.let_go.set()


def test_a_site_that_takes_nothing_is_no_failure() -> None:
    journal, south = FakeJournal(), Failing(FakeSite("south", {}))
    couriers = InBackground(journal, {"south": lambda: south})
    copied = CopiedJournal(journal, couriers)
    copied.begin(RUN)
    copied.append("r1", JournalEvent.RUN_RESUMED)
    couriers.close()
    assert len(journal.lines()) == 2


def test_a_copy_that_is_ahead_is_told_before_a_run_begins() -> None:
    newer, journal, south = FakeJournal(), FakeJournal(), FakeJournalCopy(FakeSite("south", {}))
    newer.begin(RUN)
    south.write(newer.lines())
    couriers = InBackground(journal, {"south": lambda: south})
    with pytest.raises(JournalBroken, match="copy at south goes on to line 1"):
        CopiedJournal(journal, couriers).begin(RUN)
    couriers.close()
    assert journal.runs() == ()


class Slow(FakeJournalCopy):
    """A site that takes its time with every write."""

    def write(self, lines: Sequence[Line]) -> None:
        Event().wait(0.2)
        super().write(lines)


def test_who_continues_a_run_has_told_the_copies_before_it_goes_on() -> None:
    journal, south = FakeJournal(), Slow(FakeSite("south", {}))
    couriers = InBackground(journal, {"south": lambda: south})
    copied = CopiedJournal(journal, couriers)
    copied.begin(RUN)
    copied.append("r1", JournalEvent.RUN_RESUMED)
    assert south.lines() == journal.lines()
    couriers.close()


def elsewhere(copy: FakeJournalCopy) -> FakeJournal:
    """Another machine's journal, which goes on from this copy and has added a line to it."""
    journal = FakeJournal()
    journal.complete(copy.lines())
    journal.append("r1", JournalEvent.RUN_RESUMED)
    copy.write(journal.lines()[-1:])
    return journal


def test_a_run_that_was_taken_over_elsewhere_adds_no_line_once_that_is_known() -> None:
    journal, south = FakeJournal(), FakeJournalCopy(FakeSite("south", {}))
    couriers = InBackground(journal, {"south": lambda: south})
    copied = CopiedJournal(journal, couriers)
    copied.begin(RUN)
    couriers.require_in_step(60)
    other = elsewhere(south)
    copied.append("r1", JournalEvent.STEP_INTENDED, "fence-writes")
    with pytest.raises(Locked, match="another drctl has written line 2"):
        couriers.require_in_step(60)
    before = journal.lines()
    with pytest.raises(Locked, match="the journal's copy at south"):
        copied.append("r1", JournalEvent.STEP_OBSERVED, "fence-writes")
    couriers.close()
    assert journal.lines() == before
    assert south.lines() == other.lines()


def test_a_returned_site_with_lines_of_its_own_stops_no_run_half_way() -> None:
    journal, stranger = FakeJournal(), FakeJournal()
    journal.begin(RUN)
    stranger.begin(RUN)
    stranger.append("r1", JournalEvent.STEP_INTENDED, "what reached nobody else")
    north = FakeJournalCopy(FakeSite("north", {}))
    north.write(stranger.lines())
    couriers = InBackground(journal, {"north": lambda: north})
    with pytest.raises(JournalBroken):
        couriers.require_in_step(60)
    CopiedJournal(journal, couriers).append("r1", JournalEvent.STEP_OBSERVED, "unfence-target")
    couriers.close()
    assert journal.entries("r1")[-1].step == "unfence-target"
    assert north.lines() == stranger.lines()


def test_who_writes_nothing_asks_no_site() -> None:
    made: list[str] = []

    def make() -> FakeJournalCopy:
        made.append("a copy")
        return FakeJournalCopy(FakeSite("south", {}))

    journal = FakeJournal()
    journal.begin(RUN)
    couriers = InBackground(journal, {"south": make})
    assert CopiedJournal(journal, couriers).runs()
    couriers.close()
    assert made == []


DEAD = """
import sys
from pathlib import Path
from drctl.drivers.kafka.journal_copy import KafkaJournalCopy
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.journal import SqliteJournal
from drctl.model.run import Run
from drctl.plans import copying
from drctl.plans import copying
from drctl.plans.copying import CopiedJournal, InBackground

copying.FIRST = 0.5
file = SqliteJournal(Path(sys.argv[1]), SystemClock())
nobody = {"bootstrap.servers": "127.0.0.1:1"}
couriers = InBackground(file, {"south": lambda: KafkaJournalCopy(KafkaSite("south", nobody), "lab")})
CopiedJournal(file, couriers).begin(Run("r1", "switchover", "lab", "d1", "north", "south", 1))
couriers.close()
print(len(file.lines()))
"""


def test_a_process_ends_well_while_a_dead_site_holds_its_courier(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DEAD, str(tmp_path / "j.sqlite")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["1"]), done.stderr
    assert "Fatal" not in done.stderr
