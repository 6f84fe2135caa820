"""Three processes want the same plan file and state file, on the real store: journal, epoch and lease in files.

Each is frozen inside an effect while its lock file is taken away, as a file system that machines share may do; the next
one then finds the lease free. Who wakes up is not told of it.
"""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.epochs import SqliteEpochs
from drctl.drivers.store.journal import SqliteJournal
from drctl.drivers.store.lease import FileLease
from drctl.errors import Blocked, Locked, Superseded
from drctl.model.run import RunState
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import require_nothing_lost_or_repeated, require_served_by, switch, watch_for_two_open_sites

FIRST = ("deny at north", "stop link to south", "commit billing at south", "lift at south", "restart link to north")
SECOND = ("commit dispatch at south", "routing to south", "resume link to north")


def _process(earth: FakeWorld, folder: Path) -> World:
    """What another process would open: nothing in memory is shared but the sites."""
    state = folder / "state.sqlite"
    journal = SqliteJournal(state, earth.clock)
    return replace(
        earth.ports(),
        journal=journal,
        journal_file=journal,
        epochs=SqliteEpochs(state, earth.plan.name),
        lease=FileLease(folder / "state.lock"),
    )


def _in_turn(earth: FakeWorld, folder: Path, effects: tuple[str, ...], woken: list[str]) -> None:
    """Run the first process; at its effect the next ones run, and then it wakes up."""
    me = _process(earth, folder)
    if not effects:
        switch(me)
        woken.append(f"{len(earth.effects.names)}")
        return
    first, *rest = effects
    came: list[int] = []

    def freeze(name: str) -> None:
        if name == first and name in earth.effects.names and not came:
            came.append(1)
            (folder / "state.lock").unlink()
            _in_turn(earth, folder, tuple(rest), woken)

    earth.effects.watchers.append(freeze)
    with pytest.raises((Locked, Superseded, Blocked)):
        switch(me)
    earth.effects.watchers.remove(freeze)
    assert came, f"nobody came to {first}"
    assert str(len(earth.effects.names)) == woken[0], "who woke up has changed something"


@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize("first", FIRST)
def test_of_three_processes_the_last_one_ends_the_run_and_who_wakes_up_changes_nothing(
    first: str, second: str, tmp_path: Path
) -> None:
    earth = fake_world()
    both_open = watch_for_two_open_sites(earth)
    woken: list[str] = []
    _in_turn(earth, tmp_path, _possible(first, second), woken)
    assert both_open == []
    journal = SqliteJournal(tmp_path / "state.sqlite", SystemClock())
    assert [(run.epoch, state) for run, state in journal.runs()] == [(1, RunState.DONE)]
    assert SqliteEpochs(tmp_path / "state.sqlite", earth.plan.name).current() == 1
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


def _possible(first: str, second: str) -> tuple[str, ...]:
    """The second process only comes to what the first has left to do."""
    order = (*FIRST[:3], SECOND[0], FIRST[3], SECOND[1], FIRST[4], SECOND[2])
    return (first, second) if order.index(first) < order.index(second) else (second, first)


RACER = """
import os, sys
from pathlib import Path
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.epochs import SqliteEpochs
from drctl.drivers.store.journal import SqliteJournal
from drctl.drivers.store.lease import FileLease
from drctl.errors import Locked
from drctl.model.run import Event, Run, RunState

folder, me, runs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
state = folder / "state.sqlite"
journal, epochs = SqliteJournal(state, SystemClock()), SqliteEpochs(state, "p")
done = 0
while done < runs:
    lease = FileLease(folder / "state.lock")
    try:
        lease.acquire(me)
    except Locked:
        continue
    inside = os.open(folder / "inside", os.O_CREAT | os.O_EXCL)  # fails if another one is inside, too
    epoch = epochs.current() + 1
    run = Run(f"{me}-{done}", "switchover", "p", "d", "north", "south", epoch)
    journal.begin(run, {"epoch": epoch})
    epochs.raise_to(epoch, expected=epoch - 1)
    journal.append(run.id, Event.STEP_OBSERVED, "raise-epoch", {"epoch": epoch})
    journal.end(run.id, RunState.DONE)
    os.close(inside)
    (folder / "inside").unlink()
    lease.release()
    done += 1
"""


def test_three_real_processes_take_turns_and_no_epoch_is_given_twice(tmp_path: Path) -> None:
    runs = 4
    command = [sys.executable, "-c", RACER, str(tmp_path)]
    racers = [
        subprocess.Popen([*command, name, str(runs)], stderr=subprocess.PIPE, text=True)
        for name in ("anna", "bert", "cleo")
    ]
    for racer in racers:
        _, errors = racer.communicate()
        assert racer.returncode == 0, errors
    journal = SqliteJournal(tmp_path / "state.sqlite", SystemClock())
    assert [run.epoch for run, _ in journal.runs()] == list(range(1, 3 * runs + 1))
    assert {state for _, state in journal.runs()} == {RunState.DONE}
    for run, _ in journal.runs():
        assert [entry.body["epoch"] for entry in journal.entries(run.id)] == [run.epoch, run.epoch]
    assert journal.lines()
