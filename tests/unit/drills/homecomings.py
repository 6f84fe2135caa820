"""A way home that never happened: south hands the work over to north, which was lost as ``outages.py`` tells."""

from dataclasses import replace
from typing import Any

from drctl.drills.outcome import Drill, Handover
from drctl.drills.recovery import Homecoming
from drctl.drills.timeline import StepSpan
from drctl.model.run import Evidence, Run, RunResult, RunState, StepTiming
from tests.unit.drills import example
from tests.unit.drills.example import T0
from tests.unit.drills.outages import GROUPS, POINT, unplanned

STEPS = (
    ("check-homecoming", 2.0), ("raise-epoch", 0.1), ("recreate-topics", 0.1), ("start-link-home", 3.0),
    ("catch-up", 4.0), *(step for step in example.STEPS if step[0] != "raise-epoch"), ("restore-retention", 1.0),
)  # fmt: skip
BEGAN = 150.0
"""Seconds from the beginning of the drill."""
OPENED = BEGAN + sum(seconds for _, seconds in STEPS[: [name for name, _ in STEPS].index("unfence-target")])
ENDED = BEGAN + sum(seconds for _, seconds in STEPS)


def homecoming(**changes: Any) -> Handover:
    """One that was of that failover and its tail, began where it had to, and moved every group, unless it differs.

    ``kind``, ``state`` and ``target`` are the run's, ``began`` is when it did, ``lag`` that of one group, ``placed``
    the groups with a position, ``failover`` and ``salvage`` what it says that it follows, ``start`` where the link
    began, ``anew`` the topics that were recreated.
    """
    line = {"here": 9, "there": 5, "metadata": "", "proof": "counted", "compared": 70}
    groups = {
        name: {"lag": changes.get("lag", 40) if name == "reporting" else 0, "positions": {"turbines.readings-0": line}}
        for name in changes.get("placed", GROUPS)
    }
    anew = changes.get("anew", ())
    start = {name: end for name, end in POINT.items() if name.rpartition("-")[0] not in anew}
    seen: dict[str, Evidence] = {
        "check-homecoming": {
            "failover": changes.get("failover", "run-1"),
            "salvage": changes.get("salvage", "run-3"),
            "recreated": {topic: {"records": 300, "bytes": 9000, "gone": 2} for topic in anew},
        },
        "start-link-home": {"from": changes.get("start", start)},
        "prove-fence": {"ends": {}, "began": "", "window": 1.0, "samples": 6, "canary": "TOPIC_AUTHORIZATION_FAILED"},
        "hand-over-positions": {"groups": groups},
        "watch-first-commits": {"not arrived": []},
    }
    run = Run("run-5", changes.get("kind", "failback"), "lab", "digest", "south", changes.get("target", "north"), 2)
    timings = tuple(StepTiming(step, seconds) for step, seconds in STEPS)
    result = RunResult(run, RunState(changes.get("state", "done")), timings, seen)
    spans, began = [], T0 + changes.get("began", BEGAN)
    for step, seconds in STEPS:
        spans.append(StepSpan("south to north", step, began, began + seconds))
        began += seconds
    return Handover("south", "north", result, tuple(spans), dict.fromkeys(groups, 12))


def circle() -> Drill:
    """A drill that lost a site and went home again, with everything that its report can show."""
    lost = unplanned()
    assert lost.outage
    told = replace(lost.outage, homecoming=Homecoming(copied=250, again=90, stepped_over=16, read_again=0))
    return replace(lost, handovers=(homecoming(anew=["shop.orders"]),), standby=lost.findings, outage=told)
