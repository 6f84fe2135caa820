"""Model what capacity a standby must have, and when: shifts of a week in one time zone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo

from drctl.model.scaling import NODE_POOL, TASKS_MAX, Scalable

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
WEEK = 7 * DAY
"""Minutes."""

type Spans = tuple[tuple[date, date], ...]
"""Days: the first and the last one of each span."""


def span_with(day: date, spans: Spans) -> tuple[date, date] | None:
    """Return the first span in which that day is, None if it is in none."""
    return next(((first, last) for first, last in spans if first <= day <= last), None)


@dataclass(frozen=True, slots=True)
class Demand:
    """State what must be there: replicas by name of a Deployment or node pool, and MirrorMaker 2's ``tasks.max``."""

    deployments: Mapping[str, int] = field(default_factory=dict)
    node_pools: Mapping[str, int] = field(default_factory=dict)
    tasks_max: int | None = None

    def replicas(self, what: Scalable) -> int:
        """Return how many replicas of that object, or tasks of that link, it wants; 0 where it does not name it."""
        if what.kind == TASKS_MAX:
            return self.tasks_max or 0
        return (self.node_pools if what.kind == NODE_POOL else self.deployments).get(what.name, 0)


@dataclass(frozen=True, slots=True)
class Shift:
    """A part of the week by the clock on the wall, and what it demands.

    ``days`` count from 0, Monday; ``begins`` and ``ends`` are minutes of the day. One that ends no later than it begins
    ends on the next day. ``blocked``: the day on which it would begin is a blocked date, so it demands nothing.
    """

    name: str
    days: tuple[int, ...]
    begins: int
    ends: int
    demand: Demand = Demand()
    blocked: bool = False

    def covers(self, minute: int) -> bool:
        """Whether it is on in that minute of the week, counted from Monday 0:00."""
        return self.minutes_on(minute) is not None

    def minutes_on(self, minute: int) -> int | None:
        """For how many minutes it has been on in that minute of the week; None if it is not on."""
        length = self.ends - self.begins if self.ends > self.begins else self.ends + DAY - self.begins
        passed = ((minute - day * DAY - self.begins) % WEEK for day in self.days)
        return next((each for each in passed if each < length), None)

    def resting(self) -> "Shift":
        """The same shift on a blocked date."""
        return replace(self, demand=Demand(), blocked=True)


@dataclass(frozen=True, slots=True)
class Capacity:
    """The shifts, which cover the week and do not overlap.

    ``scales_pools``: drctl may raise the replicas of node pools; ``scales_tasks``: it may set the number of
    a link's tasks. ``ahead`` is how long a move is expected to take.
    ``scale_ahead`` is how long before a shift the service scales a standby up for it, None where it never does.
    ``blocked`` are days on which no shift begins.
    """

    zone: tzinfo
    zone_name: str
    shifts: tuple[Shift, ...]
    scales_pools: bool = False
    ahead: timedelta = timedelta(0)
    scale_ahead: timedelta | None = None
    blocked: Spans = ()
    scales_tasks: bool = False

    def on(self, at: datetime) -> Shift:
        """The shift at that moment.

        The clock on the wall decides, so an hour that a change of summer time repeats has the same shift twice, and one
        that it leaves out has none. One that would have begun on a blocked date rests (:meth:`Shift.resting`) until its
        end; one that began the day before goes on.
        """
        local = at.astimezone(self.zone)
        minute = local.weekday() * DAY + local.hour * 60 + local.minute
        shift = self._covering(minute)
        began = local.replace(tzinfo=None) - timedelta(minutes=shift.minutes_on(minute) or 0)
        return shift.resting() if span_with(began.date(), self.blocked) else shift

    def regular(self, at: datetime) -> Shift:
        """The shift that would be on at that moment if no date were blocked."""
        local = at.astimezone(self.zone)
        return self._covering(local.weekday() * DAY + local.hour * 60 + local.minute)

    def _covering(self, minute: int) -> Shift:
        return next(shift for shift in self.shifts if shift.covers(minute))

    def within(self, begin: datetime, span: timedelta) -> tuple[tuple[datetime, Shift], ...]:
        """Every shift that begins after ``begin`` and no later than ``span`` after it, with when."""
        found, before = [], self.on(begin)
        at = begin.replace(second=0, microsecond=0) + timedelta(minutes=1)
        while at <= begin + span:  # by the minute: whatever the clock on the wall does, no change is missed
            if (shift := self.on(at)) != before:
                found.append((at, shift))
                before = shift
            at += timedelta(minutes=1)
        return tuple(found)
