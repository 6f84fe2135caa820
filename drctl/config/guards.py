"""The ``objectives`` and ``guards`` of the plan file: their shape, and each default with its reason."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from drctl.config.calendar import CalendarPart
from drctl.config.values import SHAPE, Duration, Lasting, Wait


class _Part(BaseModel):
    model_config = SHAPE


class ObjectivesPart(_Part):
    """State what was promised."""

    recovery_time: Duration
    recovery_point: Duration


class GuardsPart(_Part):
    """Limits within which a plan may act."""

    # Longer than a producer's linger and its pause before a retry; clients wait for all of it.
    fence_window: Wait = "5s"
    # Twice the default of producers' transaction.timeout.ms: what a dead one left open is aborted by then.
    step_timeout: Wait = "2m"
    # A link copies that within seconds, so that the drain behind the fence stays short.
    max_lag: Annotated[int, Field(ge=0, le=2**63 - 1)] = 100_000
    cool_down: Duration = "0s"  # off: only who knows what flaps at a site knows for how long
    # Off: whether a second person is there at night is for the organization to say; who is alone would be left with
    # --break-glass.
    approval: Literal["none", "required"] = "none"
    # Enough to find a second person at night. That facts became others is noticed by their digest, not by time.
    approval_validity: Lasting = "1h"
    calendar: CalendarPart | None = None
    # Connect restarts no task by itself, and some of its failures pass with a restart alone (KAFKA-20785).
    restart_failed_tasks: bool = True
