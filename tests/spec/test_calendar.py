"""When a planned move may begin: windows of the week, blocked dates, and who waits for neither."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from drctl.errors import Blocked
from drctl.model.calendar import Calendar
from drctl.model.capacity import Shift
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from drctl.model.terms import Terms
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import SOMEBODY, fail_over, lose, synced
from tests.spec.harness import killed_at, switch

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Shift("", (1, 4), 22 * 60, 4 * 60)
"""Tuesday and Friday, 22:00 to 4:00 of the next day."""
HOLIDAYS = (date(2026, 12, 24), date(2027, 1, 6))
ALL_YEAR = (date(1970, 1, 1), date(9999, 12, 31))


def calendar(*windows: Shift, blocked: tuple[tuple[date, date], ...] = ()) -> Calendar:
    return Calendar(BERLIN, "Europe/Berlin", windows, blocked)


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (datetime(2026, 12, 1, 21, 0, tzinfo=UTC), ""),
        (datetime(2026, 12, 1, 20, 59, tzinfo=UTC), "Tue 21:59 is in no window (Europe/Berlin)"),
        (datetime(2026, 12, 2, 2, 59, tzinfo=UTC), ""),
        (datetime(2026, 12, 2, 3, 0, tzinfo=UTC), "Wed 04:00 is in no window (Europe/Berlin)"),
        (datetime(2026, 12, 25, 22, 0, tzinfo=UTC), "2026-12-24 to 2027-01-06 is blocked (Europe/Berlin)"),
        (datetime(2026, 12, 23, 23, 30, tzinfo=UTC), "2026-12-24 to 2027-01-06 is blocked (Europe/Berlin)"),
        (datetime(2026, 7, 7, 20, 0, tzinfo=UTC), ""),
    ],
    ids=["begins", "too early", "the next morning", "ended", "a holiday", "a holiday by its own clock", "summer"],
)
def test_the_clock_on_the_wall_decides(at: datetime, why: str) -> None:
    assert calendar(NIGHT, blocked=(HOLIDAYS,)).why_not(at) == why


def test_without_windows_only_blocked_days_count() -> None:
    one = (date(2026, 12, 24), date(2026, 12, 24))
    assert calendar(blocked=(one,)).why_not(datetime(2026, 12, 23, 12, tzinfo=UTC)) == ""
    assert "2026-12-24 is blocked" in calendar(blocked=(one,)).why_not(datetime(2026, 12, 24, 12, tzinfo=UTC))


def blocked(earth: FakeWorld) -> FakeWorld:
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, calendar=calendar(blocked=(ALL_YEAR,))))
    return earth


def test_outside_of_it_a_switchover_is_refused_before_anything_is_changed_or_overridden_with_a_reason() -> None:
    earth = blocked(fake_world())
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert caught.value.exit_code == 40
    assert "no switchover may begin now: 1970-01-01 to 9999-12-31 is blocked" in caught.value.reasons[0]
    assert not earth.epochs.current()
    result = switch(earth.new_process(), terms=Terms(by="anna", overrides={"outside-window": "the owners agreed"}))
    assert result.state is RunState.DONE
    assert "outside-window" in earth.journal.entries(result.run.id)[0].body["overridden"]


def test_inside_of_it_nobody_is_asked_for_a_reason() -> None:
    earth = fake_world()
    always = Shift("", tuple(range(7)), 0, 24 * 60)
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, calendar=calendar(always)))
    assert switch(earth.ports()).state is RunState.DONE


def test_a_run_that_was_cut_off_goes_on_when_its_window_is_over() -> None:
    earth = fake_world()
    with killed_at(earth, "lift at south"):
        switch(earth.ports())
    assert switch(blocked(earth).new_process()).state is RunState.DONE


def test_a_site_that_is_lost_waits_for_no_window() -> None:
    earth = blocked(synced(fake_world()))
    earth.settle(5)
    lose(earth, sighted=True)
    assert fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True), attestation=SOMEBODY).state is RunState.DONE
