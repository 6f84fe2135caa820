"""What the service would scale up ahead of a shift, and what it leaves as it is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from drctl.decide.scale_ahead import DueScaling, due_scalings
from drctl.model.capacity import Capacity, Demand, Shift
from drctl.model.scaling import DEPLOYMENT, NODE_POOL, Scalable, Scale, Scaled, Scaler

ALL = tuple(range(7))
GATE, POOL = Scalable(DEPLOYMENT, "gate"), Scalable(NODE_POOL, "broker")
DAY = Shift("day", ALL, 6 * 60, 22 * 60, Demand({"gate": 2}, {"broker": 5}))
NIGHT = Shift("night", ALL, 22 * 60, 6 * 60, Demand({"gate": 1}))
BERLIN = Capacity(
    ZoneInfo("Europe/Berlin"), "Europe/Berlin", (DAY, NIGHT), scale_ahead=timedelta(minutes=15), ahead=timedelta(0)
)
SIX = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)
"""When the day begins in Berlin, on a Tuesday."""
SMALL = {str(GATE): Scaled(Scale(1, 1, 1)), str(POOL): Scaled(Scale(3, 3, 3))}


def found(
    before: timedelta, there: Mapping[str, Scaled | None] = SMALL, capacity: Capacity = BERLIN
) -> tuple[DueScaling, ...]:
    return due_scalings(capacity, SIX - before, (GATE, POOL), there)


@pytest.mark.parametrize(("minutes", "due"), [(16, 0), (15, 2), (1, 2), (-30, 2)])
def test_what_a_shift_demands_is_due_so_long_before_it_and_while_it_is_on(minutes: int, due: int) -> None:
    assert len(found(timedelta(minutes=minutes))) == due


def test_it_is_told_for_which_shift_it_is_and_when_that_begins() -> None:
    ahead = timedelta(minutes=10)
    assert found(ahead) == (DueScaling(GATE, 1, 2, "day", SIX), DueScaling(POOL, 3, 5, "day", SIX))
    assert [each.begins for each in found(timedelta(0))] == [None, None]


def test_what_has_as_many_or_more_is_never_scaled_down() -> None:
    assert found(timedelta(minutes=10), {str(GATE): Scaled(Scale(4, 4, 4)), str(POOL): Scaled(Scale(5, 0, 0))}) == ()


def test_before_a_smaller_shift_the_one_that_is_on_still_counts() -> None:
    evening = timedelta(hours=-16, minutes=5)
    (gate, pool) = found(evening)
    assert (gate.replicas, gate.shift, pool.replicas) == (2, "day", 5)


def test_without_leave_nothing_is_due() -> None:
    assert found(timedelta(0), capacity=replace(BERLIN, scale_ahead=None)) == ()


def test_ahead_of_a_blocked_date_nothing_is_due_and_what_began_the_day_before_goes_on() -> None:
    holiday = replace(BERLIN, blocked=((date(2026, 12, 1), date(2026, 12, 1)),))
    assert found(timedelta(minutes=10), capacity=holiday) == ()
    assert found(timedelta(hours=-3), capacity=holiday) == ()
    assert holiday.on(SIX - timedelta(hours=2)) == NIGHT
    # The night that would begin on the blocked date rests until it ends, on the next morning.
    assert holiday.on(SIX + timedelta(hours=23)).blocked
    assert holiday.on(SIX + timedelta(hours=24)) == DAY
    assert holiday.regular(SIX) == DAY


OWNED = Scaled(Scale(1, 1, 1, owners=("gitops",)))


@pytest.mark.parametrize(
    ("there", "why"),
    [
        (None, "does not exist"),
        (OWNED, "manifest of gitops"),
        (Scaled(Scale(1, 1, 1), (Scaler("HorizontalPodAutoscaler", "load", 1, 9),)), "would take it back to 1"),
    ],
    ids=["missing", "owned", "autoscaled"],
)
def test_what_would_fail_or_be_undone_is_left_and_told(there: Scaled | None, why: str) -> None:
    (gate,) = due_scalings(BERLIN, SIX, (GATE,), {str(GATE): there})
    assert why in gate.against


@pytest.mark.parametrize(
    ("what", "there"),
    [
        (replace(GATE, take=True), OWNED),
        (GATE, Scaled(Scale(1, 1, 1), (Scaler("HorizontalPodAutoscaler", "load", 2, 9),))),
        (GATE, Scaled(Scale(1, 1, 1), (Scaler("ScaledObject", "events", 0, 9, paused=True),))),
    ],
    ids=["taken", "autoscaler has as many", "paused"],
)
def test_what_nothing_undoes_is_scaled(what: Scalable, there: Scaled) -> None:
    (gate,) = due_scalings(BERLIN, SIX, (what,), {str(what): there})
    assert gate.against == ""
