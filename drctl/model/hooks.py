"""Commands of the operator that a run calls, and when."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Moment(StrEnum):
    """When a hook is called."""

    PRE = "pre"
    POST = "post"
    ON_FAILURE = "on-failure"
    ON_STATE = "on-state"


@dataclass(frozen=True, slots=True)
class Hook:
    """A command, without a shell, that is killed after ``timeout``. Its words may be secret: no ``repr`` has them."""

    command: tuple[str, ...] = field(repr=False)
    timeout: timedelta
