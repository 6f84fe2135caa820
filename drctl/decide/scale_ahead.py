"""Judge what the service scales up at a standby ahead of a shift, and what it leaves as it is, with the reason.

An object is scaled to the most that the shift that is on and those that begin within ``capacity.scaleAhead`` demand,
never down, but for the number of a link's tasks, and never beyond that number::

    scaled  ⇔  wanted < demanded  ∧  no manifest of others sets its number, or drctl may take it
               ∧  no autoscaler that is at work would set it back

Example: it is 05:50, the day begins at 06:00 and demands two of ``gate``, ``scaleAhead`` is 15m. ``gate`` wants one:
it is scaled to two. With an autoscaler whose ``minReplicas`` is 1 it is left alone: that would take it back to one.

The tasks of a link cost others, and nobody else can come to need what drctl has raised: they are set back once nothing
demands them any more, and only while they are what drctl has set::

    set back  ⇔  wanted = what drctl set last  ∧  max(what there was before, demanded) < wanted

Example: there were 2, the day demands 8, the evening 4. At its end 4 are set, at the end of the evening 2. Who has set
6 meanwhile keeps 6.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from drctl.model.capacity import Capacity, Shift
from drctl.model.facts import LinkFacts
from drctl.model.link_tasks import limit_of, number_of_tasks, tasks_of
from drctl.model.scaling import TASKS_MAX, Scalable, Scaled


@dataclass(frozen=True, slots=True)
class DueScaling:
    """One object that has fewer replicas than it is to have.

    ``begins`` is when the shift begins, None of one that is on. ``against`` says why it is left as it is; empty where
    nothing is against it.
    """

    what: Scalable
    had: int
    replicas: int
    shift: str
    begins: datetime | None
    against: str = ""


def due_scalings(
    capacity: Capacity, at: datetime, may_scale: Iterable[Scalable], found: Mapping[str, Scaled | None]
) -> tuple[DueScaling, ...]:
    """Return what is due at one standby at that moment; nothing where the plan file does not let the service scale.

    ``found`` is what is there, by label, None for what does not exist.
    """
    if capacity.scale_ahead is None:
        return ()
    shifts = [(None, capacity.on(at)), *capacity.within(at, capacity.scale_ahead)]
    return tuple(each for what in may_scale for each in _due(what, found.get(str(what)), shifts))


def _due(what: Scalable, found: Scaled | None, shifts: list[tuple[datetime | None, Shift]]) -> Iterator[DueScaling]:
    begins, shift = max(shifts, key=lambda each: each[1].demand.replicas(what))  # of equals the first: it is needed now
    replicas = shift.demand.replicas(what)
    if found is None and what.kind == TASKS_MAX:
        return  # the link does not run, or nobody knows: a run may hold it stopped
    if replicas and found is None:
        yield DueScaling(what, 0, replicas, shift.name, begins, "it does not exist there")
    elif found is not None and found.scale.wanted < replicas:
        yield DueScaling(what, found.scale.wanted, replicas, shift.name, begins, _against(what, found, replicas))


def _against(what: Scalable, found: Scaled, replicas: int) -> str:
    if found.scale.owners and not what.take:
        return f"its spec.replicas is set by a manifest of {', '.join(found.scale.owners)}"
    for scaler in found.scalers:
        # Without load an autoscaler goes down to its least, so the number would come and go with every look.
        if not scaler.paused and scaler.least < replicas:
            return f"{scaler.kind}/{scaler.name} would take it back to {scaler.least}: raise that to {replicas}"
    return ""


@dataclass(frozen=True, slots=True)
class RaisedTasks:
    """Hold what drctl has made of a link's tasks: how many were ``before``, and how many it has ``set`` last."""

    before: int
    set: int


def tasks_found(link: LinkFacts | None) -> Mapping[str, Scaled]:
    """The number of tasks of a link by its label; nothing where it does not run, or nobody knows."""
    state = link.status.value if link is not None else None
    if link is None or state is None or (seen := number_of_tasks(limit_of(state.source))) is None:
        return {}
    return {str(tasks_of(link.link)): Scaled(seen)}


def due_setting_back(
    capacity: Capacity, at: datetime, what: Scalable, found: Scaled, raised: RaisedTasks
) -> DueScaling | None:
    """Return how a link's tasks are to be set back at that moment; None where they stay as they are."""
    if capacity.scale_ahead is None or found.scale.wanted != raised.set:
        return None
    on = capacity.on(at)
    shifts = (on, *(shift for _, shift in capacity.within(at, capacity.scale_ahead)))
    wanted = max(raised.before, *(shift.demand.replicas(what) for shift in shifts))
    return DueScaling(what, raised.set, wanted, on.name, None) if wanted < raised.set else None
