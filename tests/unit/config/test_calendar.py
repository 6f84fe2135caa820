"""The calendar of the plan file: what becomes of it, and what is refused, with its line."""

from datetime import date
from pathlib import Path

import pytest

from drctl.config import load
from drctl.errors import ConfigInvalid
from tests.unit.config.plan_files import GOOD, written


def with_calendar(*lines: str, zone: str = "Europe/Berlin") -> str:
    return f"{GOOD}  guards:\n    calendar:\n      timeZone: {zone}\n" + "".join(f"      {line}\n" for line in lines)


def test_windows_and_blocked_dates_are_read(tmp_path: Path) -> None:
    windows = 'windows: [{days: [tue, fri], begins: "22:00", ends: "04:00"}]'
    blocked = 'blockedDates: ["2026-11-27", "2026-12-24/2027-01-06"]'
    found = load(written(tmp_path, with_calendar(windows, blocked))).guards.calendar
    assert found is not None
    assert (found.zone_name, found.blocked) == (
        "Europe/Berlin",
        ((date(2026, 11, 27), date(2026, 11, 27)), (date(2026, 12, 24), date(2027, 1, 6))),
    )
    (window,) = found.windows
    assert (window.days, window.begins, window.ends) == ((1, 4), 22 * 60, 4 * 60)


def test_nothing_said_is_no_calendar(tmp_path: Path) -> None:
    assert load(written(tmp_path, GOOD)).guards.calendar is None


@pytest.mark.parametrize(
    ("lines", "zone", "said"),
    [
        ((), "Europe/Nowhere", "there is no time zone Europe/Nowhere"),
        (('blockedDates: ["2026-02-30"]',), "UTC", "2026-02-30: there is no such day"),
        (('blockedDates: ["2026-12-24/2026-12-23"]',), "UTC", "it ends before it begins"),
        (('blockedDates: ["Christmas"]',), "UTC", "expected a day as 2026-12-24"),
        (('windows: [{days: [tue], begins: "24:00", ends: "04:00"}]',), "UTC", "write 00:00 of the next day"),
        (('windows: [{days: [], begins: "22:00", ends: "04:00"}]',), "UTC", r"calendar\.windows"),
    ],
    ids=["zone", "day", "order", "no day", "midnight", "no days"],
)
def test_what_is_no_calendar_is_refused_with_its_line(
    tmp_path: Path, lines: tuple[str, ...], zone: str, said: str
) -> None:
    with pytest.raises(ConfigInvalid, match=rf"plan\.yaml:\d+: .*{said}"):
        load(written(tmp_path, with_calendar(*lines, zone=zone)))
