"""Kinds and status under which Kubernetes may show a plan file and its runs. drctl writes them and reads none of it.

The definitions in ``deploy/components/resources`` are made from these classes and from the plan file's own by
``tools/definitions.py``; names of fields are those of the API in lower camel case.
"""

from dataclasses import dataclass
from typing import Literal

from drctl.model.resources import Kind

GROUP, VERSION = "drctl.io", "v1alpha1"
SHOWN_PLAN = Kind(GROUP, VERSION, "disasterrecoveryplans", "DisasterRecoveryPlan")
SHOWN_RUN = Kind(GROUP, VERSION, "disasterrecoveryruns", "DisasterRecoveryRun")

HEALTHY, UNFINISHED = "Healthy", "RunUnfinished"
"""Conditions of a plan."""
ENDED = "Ended"
"""Condition of a run: it is over, however it ended."""


@dataclass(frozen=True, slots=True)
class ShownCondition:
    """A condition as Kubernetes has them: a type, whether it holds, a reason in one word, and a message for people."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str
    last_transition_time: str = ""
    observed_generation: int = 0


@dataclass(frozen=True, slots=True)
class ShownSite:
    """A site's name, its role (primary, standby, fenced, unknown) and how far trouble there reaches (well if none)."""

    name: str
    role: str
    health: str


@dataclass(frozen=True, slots=True)
class ShownPlanStatus:
    """Where a plan stands: its epoch, the site that clients are sent to, and the unfinished run, empty without one.

    The epoch is 0 before the first run, and left out while it is unknown.
    """

    epoch: int | None
    primary: str
    run: str
    sites: tuple[ShownSite, ...]
    conditions: tuple[ShownCondition, ...]
    observed_generation: int = 0


@dataclass(frozen=True, slots=True)
class ShownRunSpec:
    """Say what a run is, from its first line in the journal: ``run`` is its kind, such as ``switchover``."""

    id: str
    plan: str
    run: str
    source: str
    target: str
    epoch: int
    plan_digest: str
    by: str


@dataclass(frozen=True, slots=True)
class ShownRunStatus:
    """How a run stands, as ``drctl runs list`` tells: its state, the step that it came to last, why, and since when.

    Times are ISO 8601, empty while there is none.
    """

    state: str
    step: str
    why: str
    began: str
    ended: str
    conditions: tuple[ShownCondition, ...]
    observed_generation: int = 0
