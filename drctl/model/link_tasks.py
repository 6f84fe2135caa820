"""Model how many tasks a link may copy with: ``tasks.max`` of its source connector."""

from dataclasses import dataclass

from drctl.model.link import Connector, ConnectorState
from drctl.model.links import Link
from drctl.model.scaling import TASKS_MAX, Scalable, Scale

__all__ = ["TASKS_MAX", "TaskLimit", "limit_of", "number_of_tasks", "tasks_of"]


@dataclass(frozen=True, slots=True)
class TaskLimit:
    """``most`` is ``tasks.max``, None where it is no number. ``runs``: the connector is meant to copy, and does.

    One that is stopped is some run's, or somebody's who means it.
    """

    most: int | None
    runs: bool


def limit_of(source: Connector) -> TaskLimit:
    """Return it of a source connector as its worker tells of it; Connect takes 1 where it says nothing."""
    told = source.config.get(TASKS_MAX, "1")
    return TaskLimit(int(told) if told.isdecimal() else None, source.state is ConnectorState.RUNNING)


def tasks_of(link: Link) -> Scalable:
    """Name a link's number of tasks among what is scaled."""
    return Scalable(TASKS_MAX, link.name)


def number_of_tasks(limit: TaskLimit) -> Scale | None:
    """The number as one of replicas; None where it is no number, or the link does not run."""
    if limit.most is None or not limit.runs:
        return None
    return Scale(limit.most, limit.most, limit.most)
