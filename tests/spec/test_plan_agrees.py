"""Wherever a run was cut off, and whoever is dead by then: plan says what the command does then, and where it stops."""

import json
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from drctl.cli import plan, switchover
from drctl.errors import DrctlError, RolledBack
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Event, JournalEntry
from drctl.plans.pending import PENDING
from drctl.ports import World
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.bereft import SINK
from tests.spec.failing import fail_over, lose, synced
from tests.spec.handing_over import hand_over, stop
from tests.spec.harness import switch
from tests.spec.returning import decide_all, go_home, returned, salve

READINGS = TopicPartition("turbines.readings", 0)
STEP = "journal says step-"


def _kill_site(earth: FakeWorld, name: str) -> None:
    earth.sites[name].down = True
    _kill_worker(earth, name)


def _kill_worker(earth: FakeWorld, name: str) -> None:
    earth.workers[name].worker_down = True
    for (_, target), mirror in earth.mirrors.items():
        mirror.worker_down |= target == name


def _kill_both(earth: FakeWorld) -> None:
    for name in earth.sites:
        _kill_site(earth, name)


DEATHS: dict[str, Callable[[FakeWorld], None]] = {
    "nobody": lambda _: None,
    "north": lambda earth: _kill_site(earth, "north"),
    "south": lambda earth: _kill_site(earth, "south"),
    "both": _kill_both,
    "the worker at north": lambda earth: _kill_worker(earth, "north"),
    "the worker at south": lambda earth: _kill_worker(earth, "south"),
}
"""Who is dead, brokers and Connect worker, once the run was cut off."""


def _with_a_sink() -> FakeWorld:
    """Every step has something to do; somebody has used a group at south, so its position there will be replaced."""
    earth = fake_world(SINK)
    earth.copied = True
    earth.south.group("billing").committed[READINGS] = Committed(1)
    return earth


def _rolling_back() -> FakeWorld:
    """A group that never leaves rolls the run back, with the sink stopped by then."""
    earth = _with_a_sink()
    earth.consumers["billing"].stubborn = True
    return earth


def _failing_over() -> FakeWorld:
    earth = synced(fake_world())
    lose(earth, sighted=True)
    return earth


def _back_again() -> FakeWorld:
    return returned().earth


def _going_home() -> FakeWorld:
    earth = returned().earth
    salve(earth.ports())
    decide_all(earth)
    earth.settle(12)
    return earth


def _idle_group() -> FakeWorld:
    earth = fake_world()
    stop(earth, "billing")
    return earth


@dataclass(frozen=True, slots=True)
class Kind:
    """A run to be cut off: the deployment that it is begun in, and how; ``since`` which effect, and who dies then."""

    name: str
    build: Callable[[], FakeWorld]
    begin: Callable[[World], object]
    deaths: tuple[str, ...] = tuple(DEATHS)
    since: str = ""


MOVES = (
    Kind("switchover", _with_a_sink, switch),
    Kind("rollback", _rolling_back, switch, since="journal says rollback-started"),
    # Without sinks nobody asks the worker at the source before the fence has to be disproved.
    Kind("switchover without a sink", fake_world, switch, ("the worker at north",)),
)
ASKED = ("nobody", "both")
"""Who is dead makes no difference where nobody is asked."""
OTHERS = (
    Kind("failover", _failing_over, lambda world: fail_over(world, accepted=AcceptedLoss(10_000)), ASKED),
    Kind("salvage", _back_again, salve, ASKED),
    Kind("failback", _going_home, go_home, ASKED),
    Kind("handover", _idle_group, lambda world: hand_over(world, "billing"), ASKED),
)


@cache
def cuts(kind: Kind) -> tuple[tuple[int, bool, str], ...]:
    """Right behind everything that the journal is told of a step, and right before it is told that a step is done."""
    earth = kind.build()
    earth.effects.names.clear()
    with suppress(RolledBack):
        kind.begin(earth.ports())
    names = earth.effects.names
    begun = next((n for n, name in enumerate(names) if name.startswith(kind.since)), 0)
    found = [(n, name) for n, name in enumerate(names) if n >= begun and name.startswith(STEP)]
    return tuple(
        (number, before, f"{'before' if before else 'after'} {name.removeprefix(STEP)} ({number})")
        for number, name in found
        for before in (True, False)
        if not before or name.startswith(f"{STEP}observed")
    )


def cut_off(kind: Kind, number: int, *, before: bool) -> FakeWorld:
    """A deployment of its own, in which that run was cut off there."""
    earth: FakeWorld = pickle.loads(_cut_off(kind, number, before))
    return earth


@cache
def _cut_off(kind: Kind, number: int, before: bool) -> bytes:
    """Once for all who may be dead then: to bring it about takes ten times as long as to read it back."""
    earth = kind.build()
    earth.effects.names.clear()
    earth.effects.cut_off(number, before=before)
    with pytest.raises(Killed):
        kind.begin(earth.ports())
    earth.effects.go_on()
    return pickle.dumps(earth)


STATES = {
    f"{kind.name}, {name}, dead: {who}": (kind, number, before, who)
    for kind in MOVES
    for number, before, name in cuts(kind)
    for who in kind.deaths
}
OTHER_STATES = {
    f"{kind.name}, {name}, dead: {who}": (kind, number, who)
    for kind in OTHERS
    for number, before, name in cuts(kind)
    for who in kind.deaths
    if not before
}


@dataclass(slots=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    error: str
    told: dict[str, Any] = field(default_factory=dict)


def typed(earth: FakeWorld, command: click.Command, *words: str) -> Said:
    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    with pytest.MonkeyPatch.context() as patch:
        for module in (plan, switchover):
            patch.setattr(module, "opened", opened)
        done = CliRunner().invoke(command, words, obj=Path("plan.yaml"))
    if isinstance(done.exception, DrctlError):
        return Said(done.exception.exit_code, done.stdout, str(done.exception))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Said(done.exit_code, done.stdout, "")


def planned(earth: FakeWorld, target: str = "south") -> Said:
    """What plan tells for programs; it changes nothing, and writes nothing down."""
    before = list(earth.effects.names)
    said = typed(earth, plan.switchover, "--to", target, "-o", "json")
    assert earth.effects.names == before
    said.told = json.loads(said.out) if said.out else {}
    return said


def _went(earth: FakeWorld) -> list[JournalEntry]:
    """What the newest run's journal tells of its last process."""
    entries = earth.journal.entries(earth.journal.runs()[-1][0].id)
    last = max((n for n, entry in enumerate(entries) if entry.event is Event.RUN_RESUMED), default=len(entries))
    return list(entries[last:])


def _steps(entries: list[JournalEntry], event: Event) -> list[str]:
    return [entry.step for entry in entries if entry.event is event]


@pytest.mark.parametrize(("kind", "number", "before", "who"), STATES.values(), ids=STATES)
def test_it_ends_as_the_command_does_and_names_where_that_stops(
    kind: Kind, number: int, before: bool, who: str
) -> None:
    earth = cut_off(kind, number, before=before)
    DEATHS[who](earth)
    foreseen = planned(earth)
    asked = {each["name"] for each in foreseen.told["steps"] if each["state"] == "done"}
    done = typed(earth, switchover.command, "--to", "south", "--yes")
    assert foreseen.code == done.code, (foreseen.out, done.error)
    went = _went(earth)
    if foreseen.told["blockers"]:
        assert "nothing was changed" in done.error
        return
    failed = [each["step"] for each in foreseen.told["failures"] if each["step"] is not None]
    assert failed == _steps(went, Event.STEP_FAILED), (foreseen.told["failures"], done.error)
    assert asked.isdisjoint(_steps(went, Event.STEP_INTENDED))
    pending = [each["step"] for each in foreseen.told["failures"] if each["pending"]]
    assert pending == [step for entry in went if entry.event is Event.RUN_ENDED for step in entry.body.get(PENDING, ())]


@pytest.mark.parametrize(("kind", "number", "who"), OTHER_STATES.values(), ids=OTHER_STATES)
def test_behind_a_run_of_another_kind_both_are_refused_in_the_same_words(kind: Kind, number: int, who: str) -> None:
    earth = cut_off(kind, number, before=False)
    DEATHS[who](earth)
    for target in ("south", "north"):
        foreseen, done = planned(earth, target), typed(earth, switchover.command, "--to", target, "--yes")
        assert (foreseen.code, foreseen.error) == (done.code, done.error)
        assert done.code == 3
