"""The contracts of what drctl itself keeps, and of the clock, for the fakes and the real things."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.epochs import SqliteEpochs
from drctl.drivers.store.journal import SqliteJournal
from drctl.drivers.store.lease import FileLease
from drctl.drivers.store.memory import SqliteMemory
from drctl.drivers.store.sightings import SqliteSightings
from drctl.drivers.store.sync_reports import SqliteSyncReports
from drctl.errors import Conflict, Locked, Refused, Superseded
from drctl.model.loss import LogEndsSighting
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Event, Run, RunState
from drctl.model.sync_report import FailingGroup, SyncReport
from drctl.ports import ClientRouting, Clock, Epochs, Journal, Lease, Memory, Sightings, SyncReports
from tests.fakes import (
    FakeClientRouting,
    FakeClock,
    FakeEpochs,
    FakeJournal,
    FakeLease,
    FakeMemory,
    FakeSightings,
    FakeSyncReports,
    Seat,
)

RUN = Run("r1", "switchover", "lab", "d1", "north", "south", 3)
FAKE_AND_REAL = ["fake", "real"]
READINGS, ORDERS = TopicPartition("turbines.readings", 0), TopicPartition("shop.orders", 1)
DAWN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=FAKE_AND_REAL)
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    return FakeJournal() if request.param == "fake" else SqliteJournal(tmp_path / "state" / "j.sqlite", SystemClock())


@pytest.fixture(params=FAKE_AND_REAL)
def epochs(request: pytest.FixtureRequest, tmp_path: Path) -> Epochs:
    return FakeEpochs() if request.param == "fake" else SqliteEpochs(tmp_path / "j.sqlite", "lab")


@pytest.fixture(params=FAKE_AND_REAL)
def lease(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Lease]:
    """Makes competitors for one lease."""
    seat = Seat()
    return lambda: FakeLease(seat) if request.param == "fake" else FileLease(tmp_path / "state" / "lock")


@pytest.fixture(params=FAKE_AND_REAL)
def routing(request: pytest.FixtureRequest, tmp_path: Path) -> ClientRouting:
    return FakeClientRouting() if request.param == "fake" else FileClientRouting(tmp_path / "client-routing.json")


@pytest.fixture(params=FAKE_AND_REAL)
def sightings(request: pytest.FixtureRequest, tmp_path: Path) -> Sightings:
    return FakeSightings() if request.param == "fake" else SqliteSightings(tmp_path / "j.sqlite")


@pytest.fixture(params=FAKE_AND_REAL)
def reports(request: pytest.FixtureRequest, tmp_path: Path) -> SyncReports:
    return FakeSyncReports() if request.param == "fake" else SqliteSyncReports(tmp_path / "j.sqlite")


@pytest.fixture(params=FAKE_AND_REAL)
def clock(request: pytest.FixtureRequest) -> Clock:
    return FakeClock() if request.param == "fake" else SystemClock()


@pytest.fixture(params=FAKE_AND_REAL)
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Memory:
    return FakeMemory() if request.param == "fake" else SqliteMemory(tmp_path / "j.sqlite", "lab")


def test_a_topics_id_is_remembered_as_it_was_first_seen_until_it_is_noted_anew(memory: Memory) -> None:
    assert memory.topic_ids("north") == {}
    memory.note_topic_ids("north", {"orders": "a"})
    memory.note_topic_ids("north", {"orders": "b", "prices": "c"})
    memory.note_topic_ids("south", {"orders": "d"})
    assert memory.topic_ids("north") == {"orders": "a", "prices": "c"}
    memory.note_topic_ids("north", {"orders": "b"}, anew=True)
    assert memory.topic_ids("north") == {"orders": "b", "prices": "c"}


def test_how_far_a_link_has_copied_is_remembered_per_partition(memory: Memory) -> None:
    first, second = TopicPartition("orders", 0), TopicPartition("orders", 1)
    memory.note_copied("north-to-south", {first: 7, second: 8})
    memory.note_copied("north-to-south", {first: 9})
    memory.note_copied("south-to-north", {first: 1})
    assert memory.copied("north-to-south") == {first: 9, second: 8}
    assert memory.copied("elsewhere") == {}


def test_a_run_begins_running_and_ends_as_it_is_told(journal: Journal) -> None:
    assert journal.runs() == ()
    journal.begin(RUN)
    assert journal.runs() == ((RUN, RunState.RUNNING),)
    journal.end(RUN.id, RunState.DONE)
    assert journal.runs() == ((RUN, RunState.DONE),)


def test_runs_come_oldest_first(journal: Journal) -> None:
    later = Run("a-later-one", "switchover", "lab", "d1", "south", "north", 4)
    journal.begin(RUN)
    journal.begin(later)
    assert [run for run, _ in journal.runs()] == [RUN, later]


def test_a_run_begins_only_once(journal: Journal) -> None:
    journal.begin(RUN)
    with pytest.raises(Conflict, match="r1"):
        journal.begin(RUN)


def test_a_run_begins_together_with_what_it_says_at_its_start(journal: Journal) -> None:
    journal.begin(RUN, {"groups": ["dispatch"]})
    (first,) = journal.entries(RUN.id)
    assert (first.sequence, first.event, first.body) == (1, Event.RUN_STARTED, {"groups": ["dispatch"]})
    assert len(journal.lines()) == 2


def test_a_journal_holds_the_runs_of_one_plan_file(journal: Journal) -> None:
    journal.begin(RUN)
    with pytest.raises(Refused, match="another plan file"):
        journal.begin(Run("r2", "switchover", "other", "d1", "north", "south", 1))
    assert [run.id for run, _ in journal.runs()] == ["r1"]


def test_entries_come_back_as_they_were_returned_and_in_order(journal: Journal) -> None:
    journal.begin(RUN)
    returned = (
        journal.append(RUN.id, Event.STEP_INTENDED, "fence-writes"),
        journal.append(RUN.id, Event.STEP_OBSERVED, "fence-writes", {"ends": {"a-0": 5}, "list": [1, None, "ö"]}),
    )
    assert journal.entries(RUN.id) == returned
    assert [entry.sequence for entry in returned] == [1, 2]
    assert len({entry.digest for entry in returned}) == 2


def test_each_run_has_its_own_entries(journal: Journal) -> None:
    other = Run("r2", "switchover", "lab", "d1", "south", "north", 4)
    for run in (RUN, other):
        journal.begin(run)
        journal.append(run.id, Event.RUN_STARTED)
    assert [entry.run for entry in journal.entries("r2")] == ["r2"]
    assert journal.entries("r2")[0].digest != journal.entries("r1")[0].digest


def test_the_epoch_begins_at_nought_and_rises(epochs: Epochs) -> None:
    assert epochs.current() == 0
    epochs.raise_to(1, expected=0)
    epochs.raise_to(7, expected=1)
    assert epochs.current() == 7


@pytest.mark.parametrize(("epoch", "expected"), [(3, 1), (2, 2), (1, 2), (3, 3)])
def test_the_epoch_rises_only_from_what_is_expected(epochs: Epochs, epoch: int, expected: int) -> None:
    epochs.raise_to(2, expected=0)
    with pytest.raises(Superseded):
        epochs.raise_to(epoch, expected=expected)
    assert epochs.current() == 2


def test_a_lease_is_held_by_one_and_names_it_to_the_other(lease: Callable[[], Lease]) -> None:
    one, other = lease(), lease()
    one.acquire("run r1 by pid 7")
    assert one.held()
    with pytest.raises(Locked, match="run r1 by pid 7"):
        other.acquire("run r2")
    assert not other.held()
    one.release()
    assert not one.held()
    other.acquire("run r2")
    assert other.held()
    other.release()


def test_who_holds_a_lease_is_told_to_everybody_and_hinders_nobody(lease: Callable[[], Lease]) -> None:
    one, other = lease(), lease()
    assert one.holder() == ""
    one.acquire("run r1 by pid 7")
    assert (one.holder(), other.holder()) == ("run r1 by pid 7",) * 2
    one.release()
    assert (one.holder(), other.holder()) == ("", "")
    other.acquire("run r2")
    assert one.holder() == "run r2"
    other.release()


def test_a_lease_is_acquired_and_released_twice_without_harm(lease: Callable[[], Lease]) -> None:
    one, other = lease(), lease()
    for _ in range(2):
        one.acquire("run r1")
    for _ in range(2):
        one.release()
        other.release()
    assert not one.held()


def test_client_routing_points_where_it_was_turned(routing: ClientRouting) -> None:
    for site in ("north", None, "south"):
        routing.route_to(site)
        assert routing.site() == site


def test_the_clock_goes_on_in_both_its_hands(clock: Clock) -> None:
    before, began = clock.now(), clock.monotonic()
    clock.sleep(0.01)
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.now() > before
    assert clock.monotonic() > began


def test_a_sighting_comes_back_with_the_rate_since_the_one_before(sightings: Sightings) -> None:
    assert sightings.last("north") is None
    sightings.note("north", {READINGS: 100, ORDERS: 7}, DAWN)
    assert sightings.last("north") == LogEndsSighting({READINGS: 100, ORDERS: 7}, DAWN)
    sightings.note("north", {READINGS: 150, ORDERS: 7}, DAWN + timedelta(seconds=10))
    assert sightings.last("north") == LogEndsSighting(
        {READINGS: 150, ORDERS: 7}, DAWN + timedelta(seconds=10), {READINGS: 5.0, ORDERS: 0.0}
    )
    assert sightings.last("south") is None


def test_topics_that_were_made_anew_come_back_with_the_sighting_that_found_them(sightings: Sightings) -> None:
    sightings.note("north", {READINGS: 100, ORDERS: 7}, DAWN)
    sightings.note("north", {READINGS: 4, ORDERS: 7}, DAWN + timedelta(seconds=10), frozenset({READINGS.topic}))
    assert sightings.last("north") == LogEndsSighting(
        {READINGS: 4, ORDERS: 7}, DAWN + timedelta(seconds=10), {ORDERS: 0.0}, anew=frozenset({READINGS.topic})
    )


def test_silence_is_dated_when_it_was_first_met_and_ends_with_the_next_sighting(sightings: Sightings) -> None:
    sightings.note_silence("north", DAWN)
    assert sightings.last("north") is None
    sightings.note("north", {READINGS: 100}, DAWN)
    for seconds in (15, 30):
        sightings.note_silence("north", DAWN + timedelta(seconds=seconds))
    assert sightings.last("north") == LogEndsSighting({READINGS: 100}, DAWN, {}, DAWN + timedelta(seconds=15))
    sightings.note("north", {READINGS: 100}, DAWN + timedelta(seconds=40))
    last = sightings.last("north")
    assert last is not None
    assert last.silent_since is None


def test_of_each_standby_the_newest_report_comes_back(reports: SyncReports) -> None:
    assert reports.last("south") is None
    reports.note(SyncReport("north", "south", 3, DAWN))
    failing = {"billing": FailingGroup(DAWN, "south: no answer"), "odd \u2028 group": FailingGroup(DAWN, "")}
    later = SyncReport("north", "south", 4, DAWN + timedelta(seconds=5), failing, frozenset({"audit", "dispatch"}))
    left = {"audit": {READINGS: Committed(3, "its own \u2028"), TopicPartition("t", 1): Committed(0, "x")}}
    later = replace(later, unstamped=left)
    reports.note(later)
    reports.note(SyncReport("south", "north", 2, DAWN))
    assert reports.last("south") == later
    assert reports.last("north") == SyncReport("south", "north", 2, DAWN)
