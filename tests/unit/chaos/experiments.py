"""Tiny experiments."""

from typing import Any

from drctl.chaos.experiment import WORK
from drctl.drills.experiments.judging import Origin, Statement, Trial
from drctl.drills.experiments.refutation import Refutation
from drctl.drills.outcome import Commit
from tests.unit.lab.work import FAULT

ACTIVITIES = "tests.unit.chaos.activities"


def python(func: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "python", "module": ACTIVITIES, "func": func, "arguments": arguments}


def action(func: str, **more: Any) -> dict[str, Any]:
    return {"type": "action", "name": func, "provider": python(func), **more}


def probe(func: str, tolerance: Any, **arguments: Any) -> dict[str, Any]:
    return {"type": "probe", "name": func, "tolerance": tolerance, "provider": python(func, **arguments)}


def experiment(**changes: Any) -> dict[str, Any]:
    return {
        "title": "t",
        "description": "d",
        "steady-state-hypothesis": {"title": "h", "probes": [probe("say", True, value=True)]},
        "method": [action("act")],
        "rollbacks": [action("act")],
        **changes,
    }


def trial(
    stated: tuple[str, ...] = ("kill",),
    *,
    repeats: bool = True,
    refutation: Refutation | None = None,
    mirrored: bool = False,
) -> Trial:
    """A run of an experiment that states this."""
    statement = Statement("e", "t", stated, repeats, "0" * 64, refutation)
    origin = Origin("erin", "ops-1.example", Commit("5f0c" * 10, changed=False), {"drctl": "0.1.0"})
    began, ended = FAULT
    run = "e-20270115T080000-abc123"
    return Trial(run, statement, WORK, began, ended, complete=True, origin=origin, mirrored=mirrored)


def ran_as_written(
    *,
    stated: tuple[str, ...] = ("kill",),
    repeats: bool = True,
    refutation: Refutation | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A journal of an experiment that ran as written, as the toolkit writes it."""
    expected = {"lost": "none", "duplicated": "none", "skipped": "none", "repeated": "some" if repeats else "none"}
    own: dict[str, Any] = {"name": "drctl", "faults": list(stated), "expected": expected}
    if refutation:
        own["verdict"] = "refuted"
        own["topics"] = list(refutation.topics)
        expected |= {**dict.fromkeys(refutation.classes, "some"), **dict.fromkeys(refutation.besides, "any")}
    text = experiment(extensions=[own])

    def ran(activity: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"activity": dict(activity), "status": "succeeded", "output": None, **more}

    probes = [ran(each, tolerance_met=True) for each in text["steady-state-hypothesis"]["probes"]]
    state = {"steady_state_met": True, "probes": probes}
    return {
        "experiment": text,
        "status": "completed",
        "deviated": False,
        "steady_states": {"before": state, "after": state, "during": []},
        "run": [ran(each) for each in text["method"]],
        "rollbacks": [ran(each) for each in text["rollbacks"]],
        **changes,
    }
