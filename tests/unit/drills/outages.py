"""An outage that never happened: north is lost under load, south goes on, and north comes back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from drctl.drills.outcome import Drill, Outage, OutageReport, StrandedTail
from drctl.drills.recovery import recovered
from drctl.drills.timeline import StepSpan
from drctl.ledger.events import Stranded
from drctl.model.guards import Objectives
from drctl.model.run import Evidence, Run, RunResult, RunState, StepTiming
from tests.unit.drills.example import T0, drill

STEPS = (
    ("check-gates", 3.0), ("stop-link", 4.0), ("raise-epoch", 0.1), ("fence-what-answers", 1.0), ("measure-loss", 1.0),
    ("confirm-positions", 15.0), ("record-handover-point", 0.5), ("unfence-target", 0.5),
    ("route-clients-to-target", 0.5), ("scale-up-target", 0.1), ("start-sinks", 0.1), ("watch-first-commits", 8.0),
    ("close-if-back", 1.0), ("stop-rest-of-link", 3.0), ("scale-down-source", 0.1),
)  # fmt: skip
LOST, NOTICED, BEGAN, BACK = 20.0, 28.0, 30.0, 120.0
"""Seconds from the beginning of the drill."""
OPENED = BEGAN + sum(seconds for _, seconds in STEPS[:7])
GROUPS = ("dispatch", "reporting")
POINT = {"turbines.readings-0": 430, "turbines.readings-1": 215, "shop.orders-0": 106}
"""Where south's logs ended when it was opened."""
OBJECTIVES = Objectives(timedelta(seconds=60), timedelta(0))


def spans() -> tuple[StepSpan, ...]:
    found, began = [], T0 + BEGAN
    for step, seconds in STEPS:
        found.append(StepSpan("north to south", step, began, began + seconds))
        began += seconds
    return tuple(found)


def outage(**changes: Any) -> Outage:
    """One that was seen, noticed, failed over, closed, saved and decided on, unless something is said to differ.

    ``stated``, ``uncovered`` and ``placed`` (the groups with a position) are evidence of the failover, ``tail`` holds
    what differs of the tail; times count from the beginning of the drill.
    """
    line = {"here": None, "there": 9, "metadata": "", "proof": "group-sync"}
    seen: dict[str, Evidence] = {
        "fence-what-answers": {"fence": "pending", "by": "", "why": "north does not answer", "answered": False},
        "measure-loss": {"total": changes.pop("stated", 60)},
        "confirm-positions": {
            "groups": {group: {"positions": {"turbines.readings-0": line}} for group in changes.pop("placed", GROUPS)},
            "uncovered": changes.pop("uncovered", {}),
        },
        "record-handover-point": {"ends": dict(POINT)},
        "watch-first-commits": {"not arrived": []},
    }
    run = Run("run-1", "failover", "lab", "digest", "north", "south", 1)
    timings = tuple(StepTiming(step, seconds) for step, seconds in STEPS)
    tail: dict[str, Any] = {
        "salvage": "run-3",
        "records": {"turbines.readings": 16, "shop.orders": 5},
        "decisions": {"turbines.readings": "hand-over", "shop.orders": "hand-over"},
    }
    tail |= changes.pop("tail", {})
    whole: dict[str, Any] = {
        "observations": {"the process table": "gone: north-broker-1 (pid 7)"},
        "fence": {"fence": "proven"},
        "tail": StrandedTail(**tail),
    }
    times = {"lost_at": LOST, "noticed_at": NOTICED, "returned_at": BACK}
    moments = {name: changes.pop(name, at) for name, at in times.items()}
    whole |= {name: None if at is None else T0 + at for name, at in moments.items()} | changes
    return Outage(
        source="north",
        target="south",
        result=RunResult(run, RunState.DONE, timings, seen),
        spans=spans(),
        **whole,
    )


def unplanned(tail: tuple[Stranded, ...] = ()) -> Drill:
    """A drill that lost a site, with everything that its report can show."""
    planned, lost = drill(), outage()
    cost = recovered(planned.histories, tail, OBJECTIVES, lost_at=lost.lost_at, began=lost.began, survivor=lost.target)
    return replace(planned, handovers=(), standby=None, outage=OutageReport(lost, cost))
