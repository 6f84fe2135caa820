"""The clock on the wall jumps twice a year: what shifts, windows and blocked days make of an hour more or less."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drctl.model.calendar import Calendar
from drctl.model.capacity import DAY, Capacity, Shift

MINUTE = timedelta(minutes=1)
ALL = tuple(range(7))
DAYTIME, NIGHT = Shift("day", ALL, 6 * 60, 22 * 60), Shift("night", ALL, 22 * 60, 6 * 60)
ZONES = (
    "Europe/Berlin", "Europe/Lisbon", "America/St_Johns", "America/Nuuk", "Africa/Casablanca", "Asia/Kolkata",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Apia",  # which had no 30th of December 2011
)  # fmt: skip
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""In Berlin 2:00 to 3:00 is left out, and comes twice."""


def capacity(zone: str, *shifts: Shift) -> Capacity:
    return Capacity(ZoneInfo(zone), zone, shifts or (DAYTIME, NIGHT))


def calendar(*windows: Shift, blocked: date | None = None, zone: str = "Europe/Berlin") -> Calendar:
    return Calendar(ZoneInfo(zone), zone, windows, ((blocked, blocked),) if blocked else ())


def minutes(first: datetime, span: timedelta) -> list[datetime]:
    return [first + MINUTE * number for number in range(span // MINUTE)]


def around(day: date) -> list[datetime]:
    """Every minute of three days, by no clock on a wall."""
    return minutes(datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1), timedelta(days=3))


@given(
    zone=st.sampled_from(ZONES),
    at=st.integers(0, 30 * 365 * DAY).map(lambda number: datetime(2011, 1, 1, tzinfo=UTC) + MINUTE * number),
    change=st.integers(0, DAY - 1),
    length=st.integers(1, DAY - 1),
)
@example(zone="Pacific/Apia", at=datetime(2011, 12, 30, 9, 30, tzinfo=UTC), change=0, length=DAY - 1)
@example(zone="Australia/Lord_Howe", at=datetime(2026, 4, 4, 14, 0, tzinfo=UTC), change=105, length=30)
@example(zone="Europe/Berlin", at=datetime(2026, 10, 25, 0, 0, tzinfo=UTC), change=150, length=60)
def test_at_every_moment_one_shift_is_on_and_no_change_of_it_is_missed(
    zone: str, at: datetime, change: int, length: int
) -> None:
    end = (change + length) % DAY
    found = capacity(zone, Shift("one", ALL, change, end), Shift("other", ALL, end, change))
    span = timedelta(hours=4)
    changes, on = dict(found.within(at, span)), found.on(at)
    for moment in minutes(at + MINUTE, span):
        on = changes.get(moment, on)
        assert found.on(moment) is on


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 7), (date(2026, 7, 1), 8), (AUTUMN, 9)], ids=str)
def test_a_night_is_as_long_as_the_clock_on_the_wall_makes_it(day: date, hours: int) -> None:
    found = capacity("Europe/Berlin")
    evening = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - timedelta(days=1)
    on = [moment for moment in minutes(evening, timedelta(days=1)) if found.on(moment) is NIGHT]
    assert len(on) == hours * 60
    assert on[-1] - on[0] == timedelta(hours=hours) - MINUTE


def test_a_window_in_the_hour_that_is_left_out_does_not_come_and_one_in_the_hour_that_is_repeated_comes_twice() -> None:
    sunday = calendar(Shift("", (6,), 2 * 60, 3 * 60))
    assert [moment for moment in around(SPRING) if not sunday.why_not(moment)] == []
    opened = [moment for moment in around(AUTUMN) if not sunday.why_not(moment)]
    assert opened == minutes(datetime(2026, 10, 25, 0, 0, tzinfo=UTC), timedelta(hours=2))


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (date(2026, 7, 1), 24), (AUTUMN, 25)], ids=str)
def test_a_blocked_day_is_blocked_from_midnight_to_midnight(day: date, hours: int) -> None:
    found = calendar(blocked=day)
    closed = [moment for moment in around(day) if found.why_not(moment)]
    assert len(closed) == hours * 60
    for moment, at in ((closed[0], day), (closed[-1] + MINUTE, day + timedelta(days=1))):
        assert moment.astimezone(found.zone).strftime("%F %H:%M") == f"{at} 00:00"


def test_a_day_that_a_zone_leaves_out_blocks_nothing_and_has_no_shift() -> None:
    day = date(2011, 12, 30)  # a Friday, west of the date line until the day before and east of it from the day after
    found = calendar(blocked=day, zone="Pacific/Apia")
    assert [moment for moment in around(day) if found.why_not(moment)] == []
    week = capacity("Pacific/Apia", Shift("friday", (4,), 0, DAY), Shift("rest", (0, 1, 2, 3, 5, 6), 0, DAY))
    assert {week.on(moment).name for moment in around(day)} == {"rest"}


@pytest.mark.parametrize("place", ["Europe/Berlin", "America/New_York", "UTC"])
def test_the_moment_counts_and_not_the_zone_in_which_it_is_written(place: str) -> None:
    at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    for later in (timedelta(0), timedelta(hours=1)):  # both are 2:30 in Berlin
        assert capacity("Europe/Berlin").on((at + later).astimezone(ZoneInfo(place))) is NIGHT
    early, late = Shift("early", ALL, 0, 2 * 60 + 45), Shift("late", ALL, 2 * 60 + 45, DAY)
    found = capacity("Europe/Berlin", early, late)
    moments = [at, at + timedelta(minutes=15), at + timedelta(minutes=30), at + timedelta(minutes=75)]
    named = [found.on(moment.astimezone(ZoneInfo(place))).name for moment in moments]
    assert named == ["early", "late", "early", "late"]
