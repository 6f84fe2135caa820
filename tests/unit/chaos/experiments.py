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
