"""The ``calendar`` of the plan file's guards: its shape, its values, and what contradicts itself."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field

from drctl.config.values import SHAPE, Dates, Text, Time
from drctl.model.calendar import Calendar
from drctl.model.capacity import DAYS, Shift, Spans


class _Part(BaseModel):
    model_config = SHAPE


class MoveWindowPart(_Part):
    """A part of the week, by the clock on the wall. One that ends no later than it begins ends on the next day."""

    days: Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1)]
    begins: Time
    ends: Time


class CalendarPart(_Part):
    """State when a switchover or failback may begin. A failover waits for no window, and a run under way goes on."""

    time_zone: Text
    windows: Annotated[list[MoveWindowPart], Field(max_length=336)] = []
    blocked_dates: Annotated[list[Dates], Field(max_length=1000)] = []


def frozen_calendar(part: CalendarPart | None) -> Calendar | None:
    """The calendar; None where the plan file has none."""
    if part is None:
        return None
    windows = tuple(
        Shift("", tuple(map(DAYS.index, each.days)), _minute(each.begins), _minute(each.ends)) for each in part.windows
    )
    return Calendar(ZoneInfo(part.time_zone), part.time_zone, windows, blocked_spans(part.blocked_dates))


def calendar_faults(part: CalendarPart | None, at: Callable[..., str]) -> Iterator[str]:
    """A time zone that is none, and days that are none, each with file and line."""
    if part is None:
        return
    place = ("guards", "calendar")
    try:
        ZoneInfo(part.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield at(*place, "timeZone") + f"there is no time zone {part.time_zone}: name one as Europe/Berlin"
    for index, window in enumerate(part.windows):
        if window.begins == "24:00":
            yield at(*place, "windows", index, "begins") + "write 00:00 of the next day"
    yield from date_faults(part.blocked_dates, lambda index: at(*place, "blockedDates", index))


def blocked_spans(dates: Sequence[str]) -> Spans:
    """Blocked dates as days; ValueError for a day that there is not."""
    return tuple(map(_span, dates))


def date_faults(dates: Sequence[str], at: Callable[[int], str]) -> Iterator[str]:
    """Blocked dates that are none; ``at`` is given the index of each and says where it stands."""
    for index, text in enumerate(dates):
        try:
            first, last = _span(text)
        except ValueError:
            yield f"{at(index)}{text}: there is no such day"
        else:
            if last < first:
                yield f"{at(index)}{text}: it ends before it begins"


def _span(text: str) -> tuple[date, date]:
    first, _, last = text.partition("/")
    return date.fromisoformat(first), date.fromisoformat(last or first)


def _minute(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
