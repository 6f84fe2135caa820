"""The ``deployments`` of workloads and the ``capacity`` of the plan file: their values, and what contradicts itself."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from drctl.config.calendar import blocked_spans, date_faults
from drctl.config.parts import Spec
from drctl.config.shifts import CapacityPart, ShiftPart
from drctl.config.values import milliseconds
from drctl.config.workloads import DeploymentPart, WorkloadPart
from drctl.model.capacity import DAY, DAYS, WEEK, Capacity, Demand, Shift
from drctl.model.scaling import Carrier, Scalable

type At = Callable[..., str]

LONGEST_AHEAD = timedelta(hours=12)
"""A shift is no longer as a rule: what is wanted sooner than that belongs to the shift before."""


def frozen_carriers(workload: WorkloadPart) -> tuple[Carrier, ...]:
    """A workload's Deployments and StatefulSets."""
    return tuple(_carrier(part, workload) for part in workload.deployments)


def _carrier(part: DeploymentPart, workload: WorkloadPart) -> Carrier:
    foreign = tuple(group for group in part.groups if group not in workload.groups)
    return Carrier(_scalable(part), tuple(part.groups), foreign)


def frozen_capacity(part: CapacityPart | None, ahead: timedelta) -> Capacity | None:
    """The schedule; ``ahead`` is how long a move is expected to take."""
    if part is None:
        return None
    shifts, scale_ahead = tuple(map(_shift, part.shifts)), part.scale_ahead
    return Capacity(
        ZoneInfo(part.time_zone),
        part.time_zone,
        shifts,
        part.scale_node_pools,
        ahead,
        None if scale_ahead is None else timedelta(milliseconds=milliseconds(scale_ahead)),
        blocked_spans(part.blocked_dates),
        part.scale_tasks,
    )


def unmet(spec: Spec, at: At) -> Iterator[str]:
    """Deployments that nothing could scale, and a week that is not covered once, each with file and line."""
    yield from _deployments(spec, at)
    if spec.capacity is not None:
        yield from _week(spec.capacity, at)
        yield from _ahead(spec.capacity, at)
        yield from date_faults(spec.capacity.blocked_dates, lambda index: at("capacity", "blockedDates", index))
        yield from _unreachable(spec, spec.capacity, at)


def _deployments(spec: Spec, at: At) -> Iterator[str]:
    known: set[tuple[str, str | None]] = set()
    for index, workload in enumerate(spec.workloads):
        for number, part in enumerate(workload.deployments):
            where = at("workloads", index, "deployments", number) + f"deployment {part.name}: "
            if (part.name, part.namespace) in known:
                yield where + "it is named twice"
            known.add((part.name, part.namespace))
            for site in (site.name for site in spec.sites if site.kubernetes is None):
                yield where + f"site {site} has no kubernetes part, which says where it is"
            # As which group a sink reads only its configuration tells: the gates hold the names against that.
            for group in sorted(set(part.groups) - set(workload.groups)) if not workload.sinks else ():
                yield where + f"its group {group} is none of workload {workload.name}"


def _unreachable(spec: Spec, capacity: CapacityPart, at: At) -> Iterator[str]:
    for index, shift in enumerate(capacity.shifts):
        where = at("capacity", "shifts", index) + f"shift {shift.name}: "
        for site in spec.sites:
            if shift.deployments and site.kubernetes is None:
                yield where + f"deployments need a kubernetes part at {site.name}"
            if shift.node_pools and site.strimzi is None:
                yield where + f"nodePools need a strimzi part at {site.name}"
    names = Counter(part.name for workload in spec.workloads for part in workload.deployments)
    for name in sorted({name for shift in capacity.shifts for name in shift.deployments if names[name] > 1}):
        yield at("capacity", "shifts") + f"deployment {name}: workloads name more than one of that name"


def _ahead(capacity: CapacityPart, at: At) -> Iterator[str]:
    if capacity.scale_ahead is None:
        return
    if milliseconds(capacity.scale_ahead) > LONGEST_AHEAD / timedelta(milliseconds=1):
        longest = f"{LONGEST_AHEAD.total_seconds() / 3600:g}h"
        yield at("capacity", "scaleAhead") + f"scaleAhead {capacity.scale_ahead} is longer than {longest}"
    pools = capacity.scale_node_pools and any(shift.node_pools for shift in capacity.shifts)
    tasks = capacity.scale_tasks and any(shift.tasks_max for shift in capacity.shifts)
    if not pools and not tasks and not any(shift.deployments for shift in capacity.shifts):
        yield at("capacity", "scaleAhead") + "scaleAhead: no shift names anything that may be scaled"


def _week(capacity: CapacityPart, at: At) -> Iterator[str]:
    """The clock on the wall is judged, so a change of summer time neither opens a gap nor makes an overlap."""
    try:
        ZoneInfo(capacity.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield at("capacity", "timeZone") + f"there is no time zone {capacity.time_zone}: name one as Europe/Berlin"
    for index, part in enumerate(capacity.shifts):
        if part.name in {other.name for other in capacity.shifts[:index]}:
            yield at("capacity", "shifts", index) + f"shift {part.name}: the name is used twice"
        if part.begins == "24:00":
            yield at("capacity", "shifts", index, "begins") + f"shift {part.name}: write 00:00 of the next day"
    weeks = [_covered(_shift(part)) for part in capacity.shifts]
    anywhere = 0
    for index, (part, week) in enumerate(zip(capacity.shifts, weeks, strict=True)):
        anywhere |= week
        for other, before in zip(capacity.shifts[:index], weeks, strict=False):
            for span in _spans(week & before):
                yield at("capacity", "shifts", index) + f"shift {part.name} overlaps shift {other.name}: {span}"
    for span in _spans(((1 << WEEK) - 1) & ~anywhere):
        yield at("capacity", "shifts") + f"no shift covers {span}"


def _covered(shift: Shift) -> int:
    """The minutes of the week that a shift covers, one bit each: pairs of shifts are compared at once."""
    return sum(1 << minute for minute in range(WEEK) if shift.covers(minute))


def _spans(minutes: int) -> Iterator[str]:
    """Runs of minutes of the week that are marked, in words."""
    begin = None
    for minute in range(WEEK + 1) if minutes else ():
        marked = minutes >> minute & 1
        if marked and begin is None:
            begin = minute
        elif not marked and begin is not None:
            yield f"{_moment(begin)} to {_moment(minute)}"
            begin = None


def _moment(minute: int) -> str:
    if minute == WEEK:
        return "sun 24:00"
    return f"{DAYS[minute // DAY]} {minute % DAY // 60:02}:{minute % 60:02}"


def _scalable(part: DeploymentPart) -> Scalable:
    return Scalable(part.kind, part.name, part.namespace or "", part.take_ownership)


def _shift(part: ShiftPart) -> Shift:
    demand = Demand(dict(part.deployments), dict(part.node_pools), part.tasks_max)
    return Shift(part.name, tuple(map(DAYS.index, part.days)), _minute(part.begins), _minute(part.ends), demand)


def _minute(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
