"""Runs of plans and what their journal holds."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from drctl.model import former

type Evidence = dict[str, Any]
"""Observations of a step that prove its goal: JSON-ready, without secrets."""


class RunState(StrEnum):
    """Where a run is. Only DONE is a success; RUNNING on disk with nobody holding the lock means it was cut off.

    SUPERSEDED: another run took its work over, and goes on from where it was.
    """

    RUNNING = "running"
    DONE = "done"
    ROLLED_BACK = "rolled-back"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        # Here and not where journals are read: a journal, a copy of one, a bundle and its facts are read in
        # places of their own, and one that was forgotten would call an old journal broken.
        return cls(former.STATES[value]) if isinstance(value, str) and value in former.STATES else None


class Event(StrEnum):
    """Journal events, past tense: what happened, never what should."""

    RUN_STARTED = "run-started"
    RUN_RESUMED = "run-resumed"
    STEP_FOUND_DONE = "step-found-done"
    STEP_INTENDED = "step-intended"
    STEP_OBSERVED = "step-observed"
    STEP_FAILED = "step-failed"
    ROLLBACK_STARTED = "rollback-started"
    HOOK_INTENDED = "hook-intended"
    HOOK_ENDED = "hook-ended"
    APPROVAL_GIVEN = "approval-given"
    PAUSE_BEGUN = "pause-begun"
    PAUSE_ENDED = "pause-ended"
    STAY_WATCHED = "stay-watched"
    STAY_ENDED = "stay-ended"
    RUN_ENDED = "run-ended"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls(former.EVENTS[value]) if isinstance(value, str) and value in former.EVENTS else None


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
