"""Hooks: told at the right moment, never twice without need, and never in charge of the run."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drctl.errors import Blocked, Refused, RolledBack, StepFailed
from drctl.model.hooks import Hook, Moment
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.plans.approvals import approve
from drctl.plans.standing import RunStanding, told_run
from drctl.ports.commands import Ended
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.harness import (
    cut_then_resumed,
    require_nothing_lost_or_repeated,
    require_rolled_back,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)
from tests.spec.test_approvals import BEN, digests


def hooked(*moments: Moment) -> FakeWorld:
    """A world with one hook of each of these moments, named like it, that is content."""
    earth = fake_world()
    hooks = {moment: (Hook((moment.value,), timedelta(seconds=30)),) for moment in moments}
    earth.plan = replace(earth.plan, hooks=hooks)
    for moment in moments:
        earth.commands.known[moment] = _content
    return earth


def _content(words: Sequence[str], text: str) -> Ended:
    return Ended(0)


def _failing(words: Sequence[str], text: str) -> Ended:
    return Ended(7, errors="not on a Friday")


def _told(earth: FakeWorld) -> list[tuple[str, str]]:
    """Hook and state of every call."""
    facts: list[dict[str, Any]] = [json.loads(text) for _, text in earth.commands.calls]
    return [(each["hook"], each["state"]) for each in facts]


def _effects(earth: FakeWorld) -> list[str]:
    return [name for name in earth.effects.names if not name.startswith(("journal", "call"))]


def test_a_switchover_calls_its_hooks_in_order_with_the_facts() -> None:
    earth = hooked(*Moment)
    result = switch(earth.ports(), terms=Terms(by="anna"))
    assert _told(earth) == [
        ("on-state-running-1", "running"),
        ("pre-1", "running"),
        ("post-1", "done"),
        ("on-state-done-1", "done"),
    ]
    facts = json.loads(earth.commands.calls[1][1])
    assert facts["run"]["id"] == result.run.id
    assert (facts["run"]["source"], facts["by"], facts["steps"]) == ("north", "anna", ["check-gates"])
    assert result.exceptions == ()


def test_the_hooks_of_before_are_called_when_the_gates_are_passed_and_nothing_is_changed() -> None:
    earth = hooked(Moment.PRE)
    before: list[list[str]] = []
    earth.effects.watchers.append(lambda name: before.append(_effects(earth)) if name == "call pre" else None)
    switch(earth.ports())
    assert before == [[], []]
    refused = hooked(Moment.PRE)
    refused.routing.pointer = "south"
    with pytest.raises(Blocked):
        switch(refused.ports())
    assert refused.commands.calls == []


@pytest.mark.parametrize("how", ["fails", "hangs", "is missing"])
def test_a_hook_that_fails_before_ends_the_run_and_nothing_is_changed(how: str) -> None:
    earth = hooked(Moment.PRE, Moment.ON_FAILURE)
    if how == "fails":
        earth.commands.known["pre"] = _failing
    elif how == "hangs":
        earth.commands.hanging.add("pre")
    else:
        del earth.commands.known["pre"]
    with pytest.raises(Refused, match=r"hook pre-1 .*so nothing was changed") as caught:
        switch(earth.ports())
    assert not isinstance(caught.value, Blocked)
    assert _effects(earth) == []
    assert earth.epochs.current() == 0
    assert _told(earth)[-1] == ("on-failure-stopped-1", "stopped")
    assert told_run(earth.ports(), "").standing is RunStanding.STOPPED


@pytest.mark.parametrize("moment", [Moment.POST, Moment.ON_STATE])
def test_a_hook_that_fails_afterwards_is_an_exception_and_undoes_nothing(moment: Moment) -> None:
    earth = hooked(moment)
    earth.commands.known[moment] = _failing
    result = switch(earth.ports())
    assert result.state is RunState.DONE
    assert any("ended with 7" in each for each in result.exceptions)
    assert told_run(earth.ports(), "").standing is RunStanding.EXCEPTIONS
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


def test_a_failure_is_told_and_a_failing_hook_does_not_change_the_rollback() -> None:
    earth = hooked(Moment.ON_FAILURE, Moment.ON_STATE)
    earth.commands.known["on-failure"] = _failing
    earth.consumers["billing"].stubborn = True
    with pytest.raises(RolledBack, match="billing") as caught:
        switch(earth.ports())
    require_rolled_back(earth, caught.value)
    assert _told(earth) == [
        ("on-state-running-1", "running"),
        ("on-state-rolling-back-1", "rolling-back"),
        ("on-failure-rolled-back-1", "rolled-back"),
        ("on-state-rolled-back-1", "rolled-back"),
    ]


def test_a_step_that_fails_for_good_is_told_each_time() -> None:
    earth = hooked(Moment.ON_FAILURE)
    south = earth.south
    earth.effects.watchers.append(lambda name: setattr(south, "down", south.down or name == "routing to south"))
    for _ in range(2):
        with pytest.raises(StepFailed):
            switch(earth.new_process())
    assert _told(earth) == [("on-failure-paused-by-failed-step-1", "paused-by-failed-step")] * 2


def test_hooks_that_were_added_while_a_run_was_cut_off_do_not_end_it() -> None:
    earth = fake_world()
    earth.effects.cut_off(20, before=True)
    with pytest.raises(Killed):
        switch(earth.ports())
    earth.plan = replace(earth.plan, hooks={Moment.PRE: (Hook(("nonsense",), timedelta(seconds=1)),)})
    assert switch(earth.new_process()).state is RunState.DONE


def everything_on() -> FakeWorld:
    """Approvals, hooks and copies of the journal."""
    earth = hooked(*Moment)
    earth.copied = True
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, approval="required"))
    approve(earth.ports(), BEN, digests(earth), "fine")
    earth.effects.names.clear()
    return earth


def _effects_of_everything() -> tuple[str, ...]:
    earth = everything_on()
    switch(earth.ports())
    return tuple(f"{number} {name}" for number, name in enumerate(earth.effects.names))


EVERYTHING = _effects_of_everything()


def test_the_cuts_cover_hooks_and_copies() -> None:
    kinds = {name.split()[1] for name in EVERYTHING}
    assert {"journal", "copy", "call", "raise", "deny", "routing", "lift", "restart"} <= kinds


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(EVERYTHING) - 3), ids=EVERYTHING[:-3])
def test_a_switchover_with_everything_on_cut_off_anywhere_ends_as_if_never_interrupted(
    effect: int, before: bool
) -> None:
    earth = everything_on()
    both_open = watch_for_two_open_sites(earth)
    cut_then_resumed(earth, effect, before=before)
    assert both_open == []
    assert [(run.epoch, state) for run, state in earth.journal.runs()[1:]] == [(1, RunState.DONE)]
    for copy in earth.copies.values():
        assert copy.lines() == earth.journal.lines()
    assert {name for name, _ in _told(earth)} == {"on-state-running-1", "pre-1", "post-1", "on-state-done-1"}
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")
