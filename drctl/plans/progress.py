"""Tell how a run goes on, for people who watch."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class StepState(StrEnum):
    """How a step stands, for people who watch."""

    STARTED = "started"
    WAITING = "waiting"
    DONE = "done"
    FOUND_DONE = "found done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """A line for the live display. ``index`` counts from 1, ``seconds`` since the step started."""

    index: int
    total: int
    step: str
    title: str
    state: StepState
    seconds: float
    detail: str = ""
    rollback: bool = False


type Announce = Callable[[Progress], None]
