"""Objectives of a plan file, and the guards within which a plan may act."""

from dataclasses import dataclass
from datetime import timedelta

from drctl.model.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Objectives:
    """State what the operator promised: time until clients work again, and how much may be lost."""

    recovery_time: timedelta
    recovery_point: timedelta


@dataclass(frozen=True, slots=True)
class Guards:
    """Limits within which a plan may act.

    ``fence_window``: how long end offsets must stand still. ``step_timeout``: deadline of one step.
    ``max_lag``: records the link may be behind before a switchover is refused. ``cool_down``: how long the primary
    stays where a run has left it. ``approval``: ``none`` or ``required``, of a second person; it expires after
    ``approval_validity``. ``calendar``: when a planned move may begin. ``restart_failed_tasks``: the service
    restarts what fails of a link that is to run.
    """

    fence_window: timedelta
    step_timeout: timedelta
    max_lag: int
    # Defaults and their reasons stand where the plan file is read: GuardsPart in drctl/config/guards.py.
    cool_down: timedelta = timedelta(0)
    approval: str = "none"
    approval_validity: timedelta = timedelta(hours=1)
    calendar: Calendar | None = None
    restart_failed_tasks: bool = True
