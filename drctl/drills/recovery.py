"""Measure what an outage cost against the plan file's objectives: time until work went on, and lost records."""

from collections.abc import Iterable
from dataclasses import dataclass

from drctl.drills.timeline import Histories
from drctl.ledger.events import Stranded
from drctl.model.guards import Objectives


@dataclass(frozen=True, slots=True)
class Recovery:
    """Recovery time and recovery point of one outage, in seconds and records.

    ``detection``: from the loss until the failover began. ``time``: from the loss until the first record was processed
    at the survivor, None if none was; groups write down what they processed about once a second, so it is never told
    too short. ``records`` were acknowledged and are only in the stranded tail; the oldest of them had been acknowledged
    ``point`` seconds before the loss.
    """

    detection: float
    time: float | None
    records: int
    point: float
    objectives: Objectives

    @property
    def own(self) -> float | None:
        """The recovery time without detection."""
        return None if self.time is None else max(0.0, self.time - self.detection)

    @property
    def in_time(self) -> bool:
        """Whether the recovery time is within its objective."""
        return self.time is not None and self.time <= self.objectives.recovery_time.total_seconds()

    @property
    def at_point(self) -> bool:
        """Whether the recovery point is within its objective."""
        return self.point <= self.objectives.recovery_point.total_seconds()


@dataclass(frozen=True, slots=True)
class Homecoming:
    """Hold what the way home moved, in records, as a fresh reader found it at home.

    ``copied`` were acknowledged at the survivor and came home. ``again`` are older, and were copied a second time with
    the topics that were recreated; all others stayed where they were. ``stepped_over`` are of the stranded tail, which
    still lies in the log at home. ``read_again``: by how much groups read since then what they had read before.
    """

    copied: int
    again: int
    stepped_over: int
    read_again: int


def recovered(
    histories: Histories,
    stranded: Iterable[Stranded],
    objectives: Objectives,
    *,
    lost_at: float,
    began: float,
    survivor: str,
) -> Recovery:
    """Return what the loss at ``lost_at`` cost, if the failover from it began at ``began``."""
    gone = {(*each.stream, each.sequence) for each in stranded if each.stream is not None}
    lines = [line for client in histories.lines.values() for line in client]
    first = [
        line.at
        for line in lines
        if line.kind == "processed" and line.records and line.site == survivor and line.at > lost_at
    ]
    acknowledged = {
        tuple(record[:4]): line.at for line in lines if line.kind == "acknowledged" for record in line.records
    }
    lost = [at for place, at in acknowledged.items() if place in gone]
    return Recovery(
        detection=max(0.0, began - lost_at),
        time=min(first) - lost_at if first else None,
        records=len(lost),
        point=max(0.0, lost_at - min(lost, default=lost_at)),
        objectives=objectives,
    )
