"""The service raises the tasks of a link ahead of a shift, and sets back what drctl has raised, and nothing else."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from drctl.model.capacity import Capacity, Demand, Shift
from drctl.model.run import RunState
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.harness import killed_at, switch
from tests.spec.serving import Service

ALL = tuple(range(7))
UP, DOWN, PARTLY = (f"set tasks.max of the link to south to {number}" for number in (8, 2, 4))


def demanding(*, begins_in: int = 10, let: bool = True) -> FakeWorld:
    """In so many minutes a day of two hours begins with eight tasks, then an evening of one hour with four."""
    earth = fake_world()
    zone = ZoneInfo("UTC")
    begins = earth.clock.now() + timedelta(minutes=begins_in)
    minute = begins.hour * 60 + begins.minute
    moments = [minute % 1440, (minute + 120) % 1440, (minute + 180) % 1440]
    shifts = (
        Shift("day", ALL, moments[0], moments[1], Demand(tasks_max=8)),
        Shift("evening", ALL, moments[1], moments[2], Demand(tasks_max=4)),
        Shift("night", ALL, moments[2], moments[0]),
    )
    capacity = Capacity(zone, "UTC", shifts, scale_ahead=timedelta(minutes=15), scales_tasks=let)
    earth.plan = replace(earth.plan, capacity=capacity)
    earth.mirrors["north", "south"].config["tasks.max"] = "2"
    return earth


def look(earth: FakeWorld, minutes: float = 0) -> None:
    earth.clock.jump(timedelta(minutes=minutes))
    Service(earth).look()


def changes(earth: FakeWorld) -> list[str]:
    return [name for name in earth.effects.names if name.startswith("set tasks.max")]


def test_they_are_raised_ahead_of_the_shift_and_set_back_step_by_step_after_it() -> None:
    earth = demanding()
    look(earth)
    assert changes(earth) == [UP]
    look(earth, 60)
    assert changes(earth) == [UP]
    look(earth, 80)  # the evening is on
    assert changes(earth) == [UP, PARTLY]
    look(earth, 60)  # the night is on
    assert changes(earth) == [UP, PARTLY, DOWN]
    look(earth, 60)
    assert changes(earth) == [UP, PARTLY, DOWN]
    assert {state for run, state in earth.journal.runs() if run.kind == "capacity"} == {RunState.DONE}
    assert earth.mirrors["south", "north"].config.get("tasks.max") is None


def test_without_leave_nothing_is_set() -> None:
    earth = demanding(let=False)
    look(earth)
    assert changes(earth) == []


def test_what_somebody_else_has_set_meanwhile_stays() -> None:
    earth = demanding()
    look(earth)
    earth.mirrors["north", "south"].config["tasks.max"] = "16"
    look(earth, 240)
    assert changes(earth) == [UP]


def test_what_was_never_raised_by_drctl_is_not_set_back() -> None:
    earth = demanding(begins_in=300)
    earth.mirrors["north", "south"].config["tasks.max"] = "16"
    look(earth)
    assert changes(earth) == []


def _through_the_day(earth: FakeWorld) -> None:
    for minutes in (0, 240):
        look(earth, minutes)


@pytest.mark.parametrize("change", [UP, DOWN])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_around_it_the_next_service_ends_it_and_sets_nothing_twice(change: str, before: bool) -> None:
    whole = demanding()
    _through_the_day(whole)
    earth = demanding()
    earth.effects.cut_off(whole.effects.names.index(change), before=before)
    with pytest.raises(Killed):
        _through_the_day(earth)
    earth.new_process()
    for minutes in (0.0, 240.0 if change == UP else 0.0, 1.0):
        look(earth, minutes)
    assert changes(earth) == [UP, DOWN]


def test_a_link_that_a_run_holds_stopped_is_left_alone() -> None:
    earth = demanding(begins_in=30)
    with killed_at(earth, "routing to south"):
        switch(earth.ports())
    earth.new_process()
    look(earth, 25)
    assert changes(earth) == []


def test_a_link_that_somebody_has_stopped_is_left_alone() -> None:
    earth = demanding()
    earth.ports().links["north", "south"].replication.stop()
    earth.settle(3)
    look(earth)
    assert changes(earth) == []


def test_what_a_switchover_has_raised_is_set_back_once_the_link_runs_again() -> None:
    earth = demanding(begins_in=-30)
    assert switch(earth.ports()).state is RunState.DONE
    assert changes(earth) == [UP]
    assert switch(earth.new_process(), "south", "north").state is RunState.DONE
    look(earth, 240)
    assert changes(earth)[-1] == DOWN
