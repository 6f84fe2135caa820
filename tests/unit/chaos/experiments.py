"""Tiny experiments."""

from typing import Any

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


def ran_as_written(**changes: Any) -> dict[str, Any]:
    """A journal of an experiment that ran as written, as the toolkit writes it."""
    text = experiment()

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
