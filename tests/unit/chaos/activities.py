"""Activities and controls for tiny experiments that touch nothing."""

from typing import Any

from chaoslib.exceptions import ActivityFailed, InterruptExecution

_CALLS: list[int] = []


def act() -> str:
    return "done"


def fail() -> None:
    raise ActivityFailed("on purpose")


def crash() -> None:
    raise RuntimeError("by mistake")


def interrupt() -> None:
    raise InterruptExecution("on purpose")


def announce() -> None:
    print("under way", flush=True)  # noqa: T201


def say(value: object) -> object:
    return value


def flip() -> bool:
    """True the first time only."""
    _CALLS.append(1)
    return len(_CALLS) == 1


def dip() -> bool:
    """False the second time only."""
    _CALLS.append(1)
    return len(_CALLS) != 2


def after_activity_control(context: dict[str, Any], state: dict[str, Any]) -> None:
    """A control that makes every activity look good."""
    state["status"] = "succeeded"
