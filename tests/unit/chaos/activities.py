"""Activities for tiny experiments that touch nothing."""

from chaoslib.exceptions import ActivityFailed, InterruptExecution

_CALLS: list[int] = []


def act() -> str:
    return "done"


def fail() -> None:
    raise ActivityFailed("on purpose")


def interrupt() -> None:
    raise InterruptExecution("on purpose")


def say(value: object) -> object:
    return value


def flip() -> bool:
    """True the first time only."""
    _CALLS.append(1)
    return len(_CALLS) == 1
