"""A failover that no person begins: only where the plan file lets it, and of two controllers only by one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from drctl.decide.automatic import AutomaticHindrance
from drctl.model.arbiter import ArbiterRecord
from drctl.model.fence import FenceState
from drctl.model.run import RunState
from drctl.plans.automatic_failover import AUTOMATIC
from drctl.plans.failovers import standing
from drctl.plans.selection import chosen
from tests.fakes import Killed
from tests.spec.failing import beyond_the_frontier, require_served_by_target, some_lag
from tests.spec.harness import killed_at, switch
from tests.spec.promoting import (
    AGENT,
    LOOKS,
    TERMS,
    Controller,
    Third,
    come_back,
    lose_north,
    watch_for_two_writable_sites,
    well,
)


def armed(third: Third) -> Controller:
    """A controller that has told the arbiter which site is primary, in good times."""
    made = Controller(third)
    made.look()
    return made


def test_a_lost_site_is_failed_over_without_a_person_and_told_to_the_arbiter() -> None:
    third = well()
    both_open, one = watch_for_two_writable_sites(third), armed(third)
    assert third.place.record == ArbiterRecord("fake", "north", 0, "")
    some_lag(third.earth)
    lose_north(third)
    one.look(LOOKS)
    ((run, state),) = one.runs()
    assert state is RunState.DONE
    assert third.place.record == ArbiterRecord("fake", "south", 1, run.id)
    left = standing(one.ports())
    assert left is not None
    assert (left.fence, left.fence_by) == (FenceState.BY_AGENT, AGENT)
    said = chosen(one.ports(), run.id)
    assert (said["by"], said[AUTOMATIC]) == ("drctl service", ["by-agent", "proven"])
    assert both_open == []
    require_served_by_target(third.earth, beyond_the_frontier(third.earth))


def test_without_leave_in_the_plan_file_nothing_is_begun_and_the_arbiter_is_told_nothing() -> None:
    third = well()
    third.earth.plan = replace(third.earth.plan, automatic_failover=None)
    one = armed(third)
    lose_north(third)
    one.look(LOOKS + 4)
    assert one.runs() == []
    assert third.place.record is None


def _not_for_long(third: Third, _: Controller) -> int:
    lose_north(third)
    return LOOKS - 1


def _seen_by_one_place_alone(third: Third, _: Controller) -> int:
    third.earth.witnesses["west"].down = True
    lose_north(third)
    return LOOKS + 4


def _met_by_the_witness(third: Third, _: Controller) -> int:
    """Only the way from south is cut: what the witness meets is alive."""
    lose_north(third)
    third.earth.witnesses["west"].sites = {"north": third.earth.south, "south": third.earth.south}
    return LOOKS + 4


def _arbiter_is_silent(third: Third, one: Controller) -> int:
    one.arbiter.cut = True
    lose_north(third)
    return LOOKS + 4


def _arbiter_was_made_again(third: Third, _: Controller) -> int:
    lose_north(third)
    third.place.record = None
    return LOOKS + 4


def _somebody_else_has_decided(third: Third, _: Controller) -> int:
    third.place.record = ArbiterRecord("fake", "north", 1, "a-run-that-nobody-here-knows")
    lose_north(third)
    return LOOKS + 4


def _more_would_be_lost(third: Third, _: Controller) -> int:
    third.earth.plan = replace(third.earth.plan, automatic_failover=replace(TERMS, accept_loss=0))
    some_lag(third.earth)
    lose_north(third)
    return LOOKS + 4


def _somebody_is_at_work(third: Third, one: Controller) -> int:
    lose_north(third)
    one.ports().lease.acquire("anna")
    return LOOKS + 4


def _another_leads(third: Third, one: Controller) -> int:
    lose_north(third)
    one.leads = False
    return LOOKS + 4


def _state_cannot_be_reached(third: Third, one: Controller) -> int:
    lose_north(third)
    one.reaches_state = False
    return LOOKS + 4


@pytest.mark.parametrize(
    "happens",
    [
        _not_for_long,
        _seen_by_one_place_alone,
        _met_by_the_witness,
        _arbiter_is_silent,
        _arbiter_was_made_again,
        _somebody_else_has_decided,
        _more_would_be_lost,
        _somebody_is_at_work,
        _another_leads,
        _state_cannot_be_reached,
    ],
)
def test_nothing_is_changed_while_anything_is_missing(happens: Callable[[Third, Controller], int]) -> None:
    third = well()
    one = armed(third)
    looks = happens(third, one)
    one = _the_same(third, one)
    third.earth.effects.names.clear()
    one.look(looks)
    assert [name for name in third.earth.effects.names if not name.startswith("journal")] == []
    assert third.earth.routing.site() == "north"
    assert all(state is not RunState.DONE for _, state in one.runs())


def _the_same(third: Third, one: Controller) -> Controller:
    """The controller with the plan file as it is now, and with the same ways."""
    made = Controller(third)
    made.arbiter.cut, made.leads, made.reaches_state = one.arbiter.cut, one.leads, one.reaches_state
    return made


def test_a_site_that_nobody_can_close_for_certain_is_left_as_it_was() -> None:
    third = well()
    third.reaches_power = False
    both_open, one = watch_for_two_writable_sites(third), armed(third)
    lose_north(third)
    one.look(LOOKS + 8)
    assert [state for _, state in one.runs()] == [RunState.ROLLED_BACK]
    assert third.earth.routing.site() == "north"
    assert both_open == []
    come_back(third)
    one.look(2)
    assert third.earth.writable() == {"north"}
    assert third.earth.ports().links["north", "south"].replication.status().working


def test_only_a_proven_fence_counts_where_the_plan_file_trusts_no_agent() -> None:
    third = well()
    proven = replace(TERMS, fences=frozenset({FenceState.PROVEN}))
    third.earth.plan = replace(third.earth.plan, automatic_failover=proven)
    one = armed(third)
    lose_north(third)
    one.look(LOOKS)
    assert [state for _, state in one.runs()] == [RunState.ROLLED_BACK]
    assert third.earth.routing.site() == "north"


def test_it_fails_over_once_until_a_person_has_moved_the_work() -> None:
    third = well()
    one = armed(third)
    with capture_logs() as logs:
        lose_north(third)
        one.look(LOOKS)
        come_back(third)
        third.earth.south.down = True
        one.look(LOOKS + 4)
    assert len(one.runs()) == 1
    told = [line["reasons"] for line in logs if line["event"] == "automatic-failover-not-armed"]
    assert told == [[AutomaticHindrance.NOT_SEEN_TO.value]]


def test_a_persons_move_is_told_to_the_arbiter() -> None:
    third = well()
    one = armed(third)
    moved = switch(one.ports())
    one.look()
    assert third.place.record == ArbiterRecord("fake", "south", 1, moved.run.id)


def test_a_run_that_another_has_left_unfinished_is_a_persons() -> None:
    third = well()
    one = armed(third)
    with killed_at(third.earth, "journal says step-intended fence-writes"):
        switch(one.ports())
    third.earth.new_process()
    lose_north(third)
    with capture_logs() as logs:
        one.look(LOOKS + 2)
    assert one.runs() == []
    told = [line["reasons"] for line in logs if line["event"] == "automatic-failover-not-armed"]
    assert told == [[AutomaticHindrance.UNFINISHED.value]]


def _effects() -> tuple[str, ...]:
    third = well()
    one = armed(third)
    lose_north(third)
    one.look(LOOKS - 1)
    third.earth.effects.names.clear()
    one.look()
    return tuple(f"{number} {name}" for number, name in enumerate(third.earth.effects.names))


EFFECTS = _effects()
"""Of the look in which it fails over."""


def _about_to() -> tuple[Third, Controller, Controller, list[str]]:
    """Two controllers of one state, a look before the first one fails over; nothing is counted before that."""
    third = well()
    both_open = watch_for_two_writable_sites(third)
    one, other = armed(third), Controller(third)
    lose_north(third)
    for _ in range(LOOKS - 1):
        one.watch.cycle()
        other.watch.cycle()
        third.earth.settle(15)
    third.earth.effects.names.clear()
    return third, one, other, both_open


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(EFFECTS)), ids=EFFECTS)
def test_a_controller_killed_anywhere_is_followed_by_the_other_which_ends_the_run(effect: int, before: bool) -> None:
    third, one, other, both_open = _about_to()
    third.earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        one.look()
    third.earth.new_process()
    other.look(2)
    assert [state for _, state in other.runs()] == [RunState.DONE]
    assert both_open == []
    require_served_by_target(third.earth, beyond_the_frontier(third.earth))


def test_an_answer_of_the_arbiter_that_was_lost_is_asked_for_again() -> None:
    _, one, _, both_open = _about_to()
    one.arbiter.deaf = True
    one.look()
    one.arbiter.deaf = False
    one.look(4)
    assert one.runs()[-1][1] is RunState.DONE
    assert both_open == []


def test_a_plan_file_without_a_long_wait_waits_for_two_looks() -> None:
    third = well()
    at_once = replace(TERMS, after=timedelta(milliseconds=1))
    third.earth.plan = replace(third.earth.plan, automatic_failover=at_once)
    one = armed(third)
    lose_north(third)
    one.look()
    assert one.runs() == []
    one.look(2)
    assert len(one.runs()) == 1
