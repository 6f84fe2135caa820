"""The contracts of Journal, Epochs, Lease, FrontDoor and Clock, for the fakes and the real things."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.epochs import SqliteEpochs
from drctl.drivers.store.front_door import FileFrontDoor
from drctl.drivers.store.journal import SqliteJournal
from drctl.drivers.store.lease import FileLease
from drctl.errors import Conflict, Locked, Superseded
from drctl.model.run import Event, Run, RunState
from drctl.ports import Clock, Epochs, FrontDoor, Journal, Lease
from tests.fakes import FakeClock, FakeEpochs, FakeFrontDoor, FakeJournal, FakeLease, Seat

RUN = Run("r1", "switchover", "lab", "d1", "north", "south", 3)
FAKE_AND_REAL = ["fake", "real"]


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
def door(request: pytest.FixtureRequest, tmp_path: Path) -> FrontDoor:
    return FakeFrontDoor() if request.param == "fake" else FileFrontDoor(tmp_path / "door.json")


@pytest.fixture(params=FAKE_AND_REAL)
def clock(request: pytest.FixtureRequest) -> Clock:
    return FakeClock() if request.param == "fake" else SystemClock()


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


def test_a_lease_is_acquired_and_released_twice_without_harm(lease: Callable[[], Lease]) -> None:
    one, other = lease(), lease()
    for _ in range(2):
        one.acquire("run r1")
    for _ in range(2):
        one.release()
        other.release()
    assert not one.held()


def test_the_door_points_where_it_was_turned(door: FrontDoor) -> None:
    for site in ("north", None, "south"):
        door.point_to(site)
        assert door.site() == site


def test_the_clock_goes_on_in_both_its_hands(clock: Clock) -> None:
    before, began = clock.now(), clock.monotonic()
    clock.sleep(0.01)
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.now() > before
    assert clock.monotonic() > began
