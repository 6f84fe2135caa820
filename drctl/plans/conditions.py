"""Whether what earlier steps have brought about still stands, asked right before a change."""

from collections.abc import Callable, Iterable

from drctl.errors import StepFailed
from drctl.plans.newest import STALE
from drctl.plans.plan import Step
from drctl.ports import Clock


def require_standing(
    conditions: Iterable[Step], is_done: Callable[[Step], bool], clock: Clock, *, within: float = STALE
) -> None:
    """Raise StepFailed unless the effect of every one of these steps still stands.

    Each is asked for some seconds: a broker answers from its own copy of the metadata, which may lag behind an effect.
    """
    for step in conditions:
        deadline = clock.monotonic() + within
        while not is_done(step):
            if clock.monotonic() >= deadline:
                raise StepFailed(f"what {step.name} had brought about no longer stands: {step.title.lower()}")
            clock.sleep(0.2)
