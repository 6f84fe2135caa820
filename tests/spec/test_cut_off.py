"""Killed at any instant and run again, a switchover ends as if undisturbed."""

import pytest

from drctl.errors import Blocked, RolledBack
from drctl.model.run import RunState
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.harness import (
    cut_then_resumed,
    require_nothing_lost_or_repeated,
    require_rolled_back,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)


def _effects_of_a_switchover() -> tuple[str, ...]:
    earth = fake_world()
    switch(earth.ports())
    return tuple(f"{number} {name}" for number, name in enumerate(earth.effects.names))


def _effects_of_a_rollback() -> tuple[str, ...]:
    earth = _with_a_group_that_never_leaves()
    with pytest.raises(RolledBack):
        switch(earth.ports())
    return tuple(f"{number} {name}" for number, name in enumerate(earth.effects.names))


def _with_a_group_that_never_leaves() -> FakeWorld:
    earth = fake_world()
    earth.consumers["billing"].stubborn = True
    return earth


FORWARD = _effects_of_a_switchover()
BACK = _effects_of_a_rollback()


def test_the_cuts_cover_every_kind_of_effect() -> None:
    kinds = {name.split()[1] for name in FORWARD}
    assert kinds == {"journal", "raise", "deny", "routing", "commit", "stop", "lift", "restart", "resume"}
    assert len(FORWARD) > 40


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(FORWARD) - 1), ids=FORWARD[:-1])
def test_a_switchover_cut_off_anywhere_ends_as_if_never_interrupted(effect: int, before: bool) -> None:
    earth = fake_world()
    both_open = watch_for_two_open_sites(earth)
    cut_then_resumed(earth, effect, before=before)
    assert both_open == []
    assert [(run.epoch, state) for run, state in earth.journal.runs()] == [(1, RunState.DONE)]
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(BACK) - 1), ids=BACK[:-1])
def test_a_rollback_cut_off_anywhere_ends_with_the_source_open(effect: int, before: bool) -> None:
    earth = _with_a_group_that_never_leaves()
    both_open = watch_for_two_open_sites(earth)
    with pytest.raises(RolledBack) as caught:
        cut_then_resumed(earth, effect, before=before)
    require_rolled_back(earth, caught.value)
    assert both_open == []
    require_nothing_lost_or_repeated(earth, "north")


def test_a_run_cut_off_twice_still_ends() -> None:
    earth = fake_world()
    for effect in (20, 40):
        world = earth.new_process()
        earth.effects.cut_off(effect, before=False)
        with pytest.raises(Killed):
            switch(world)
    result = switch(earth.new_process())
    assert result.state is RunState.DONE
    assert result.run.epoch == 1
    require_nothing_lost_or_repeated(earth, "south")


def test_a_run_that_had_ended_when_its_process_died_is_not_run_again() -> None:
    earth = fake_world()
    earth.effects.cut_off(len(FORWARD) - 1, before=False)
    with pytest.raises(Killed):
        switch(earth.ports())
    both_open = watch_for_two_open_sites(earth)
    with pytest.raises(Blocked):
        switch(earth.new_process())
    assert both_open == []
    require_served_by(earth, "south")
