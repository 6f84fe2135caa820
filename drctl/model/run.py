"""Runs of plans and what their journal holds."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

type Evidence = dict[str, Any]
"""Observations of a step that prove its goal: JSON-ready, without secrets."""


class RunState(StrEnum):
    """Where a run is. Only DONE is a success; RUNNING on disk with nobody holding the lock means it was cut off.

    SUPERSEDED: another run took its work over, and goes on from where it was.
    """

    RUNNING = "running"
    DONE = "done"
    COMPENSATED = "compensated"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"


class Event(StrEnum):
    """Journal events, past tense: what happened, never what should."""

    RUN_STARTED = "run-started"
    RUN_RESUMED = "run-resumed"
    STEP_FOUND_DONE = "step-found-done"
    STEP_INTENDED = "step-intended"
    STEP_OBSERVED = "step-observed"
    STEP_FAILED = "step-failed"
    COMPENSATION_STARTED = "compensation-started"
    HOOK_INTENDED = "hook-intended"
    HOOK_ENDED = "hook-ended"
    APPROVAL_GIVEN = "approval-given"
    PAUSE_BEGUN = "pause-begun"
    PAUSE_ENDED = "pause-ended"
    STAY_WATCHED = "stay-watched"
    STAY_ENDED = "stay-ended"
    RUN_ENDED = "run-ended"


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a plan: ``kind`` is the plan's, ``source`` and ``target`` are site names."""

    id: str
    kind: str
    plan: str
    plan_digest: str
    source: str
    target: str
    epoch: int


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of a journal. ``digest`` chains it to the entry before (SHA-256, hex)."""

    sequence: int
    run: str
    at: datetime
    event: Event
    step: str = ""
    body: Evidence = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class StepTiming:
    """How long a step took, in seconds, and whether it had been done before."""

    name: str
    seconds: float
    found_done: bool = False


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended: state, every step's timing and evidence, in order.

    ``exceptions`` are what went wrong beside a run that is done, such as a hook after it. ``pause`` is for how many
    seconds nobody could write, None where that was not measured.
    """

    run: Run
    state: RunState
    timings: tuple[StepTiming, ...]
    evidence: dict[str, Evidence]
    exceptions: tuple[str, ...] = ()
    pause: float | None = None
