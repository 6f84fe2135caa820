"""Model what capacity a standby must have, and when: shifts of a week in one time zone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
WEEK = 7 * DAY
"""Minutes."""


@dataclass(frozen=True, slots=True)
class Demand:
    """State what must be there: replicas by name of a Deployment or node pool, and MirrorMaker 2's ``tasks.max``."""

    deployments: Mapping[str, int] = field(default_factory=dict)
    node_pools: Mapping[str, int] = field(default_factory=dict)
    tasks_max: int | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """A part of the week by the clock on the wall, and what it demands.

    ``days`` count from 0, Monday; ``begins`` and ``ends`` are minutes of the day. One that ends no later than it begins
    ends on the next day.
    """

    name: str
    days: tuple[int, ...]
    begins: int
    ends: int
    demand: Demand = Demand()

    def covers(self, minute: int) -> bool:
        """Whether it is on in that minute of the week, counted from Monday 0:00."""
        length = self.ends - self.begins if self.ends > self.begins else self.ends + DAY - self.begins
        return any((minute - day * DAY - self.begins) % WEEK < length for day in self.days)


@dataclass(frozen=True, slots=True)
class Capacity:
    """The shifts, which cover the week and do not overlap.

    ``scales_pools``: drctl may raise the replicas of node pools. ``ahead`` is how long a move is expected to take.
    """

    zone: tzinfo
    zone_name: str
    shifts: tuple[Shift, ...]
    scales_pools: bool = False
    ahead: timedelta = timedelta(0)

    def on(self, at: datetime) -> Shift:
        """The shift at that moment.

        The clock on the wall decides, so an hour that a change of summer time repeats has the same shift twice, and one
        that it leaves out has none.
        """
        local = at.astimezone(self.zone)
        minute = local.weekday() * DAY + local.hour * 60 + local.minute
        return next(shift for shift in self.shifts if shift.covers(minute))

    def within(self, begin: datetime, span: timedelta) -> tuple[tuple[datetime, Shift], ...]:
        """Every shift that begins after ``begin`` and no later than ``span`` after it, with when."""
        found, before = [], self.on(begin)
        at = begin.replace(second=0, microsecond=0) + timedelta(minutes=1)
        while at <= begin + span:  # by the minute: whatever the clock on the wall does, no change is missed
            if (shift := self.on(at)) is not before:
                found.append((at, shift))
                before = shift
            at += timedelta(minutes=1)
        return tuple(found)
