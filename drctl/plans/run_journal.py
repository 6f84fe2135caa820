"""Write what one run does into its journal, each line under the lease."""

from drctl.errors import ApprovalMissing, Blocked, PartlyRefused
from drctl.model.run import Event, Evidence, Run, RunState
from drctl.plans.authority import require_lease
from drctl.plans.plan import Step
from drctl.plans.selection import AWAITED, DONE_BEFORE
from drctl.ports import World
from drctl.redaction import describe


class RunJournal:
    """Writes one run's lines. Every method raises Locked or Superseded, nothing written, once the lease is lost."""

    def __init__(self, world: World, run: Run) -> None:
        self._world, self._run = world, run

    def intended(self, step: Step, snapshot: Evidence) -> None:
        """Write down that the step is about to act, with what it saw before."""
        self._write(Event.STEP_INTENDED, step.name, snapshot)

    def observed(self, step: Step, evidence: Evidence) -> None:
        """Write down that the step has acted and was verified."""
        self._write(Event.STEP_OBSERVED, step.name, evidence)

    def found_done(self, step: Step, evidence: Evidence) -> None:
        """Write down that the sites already were as the step would leave them."""
        self._write(Event.STEP_FOUND_DONE, step.name, evidence)

    def failed(self, step: Step, error: Exception) -> Evidence:
        """Write down why the step failed; returns what was written."""
        told: Evidence = {"error": type(error).__name__, "message": describe(error)}
        if isinstance(error, Blocked):
            told["reasons"] = list(error.reasons)
        if isinstance(error, ApprovalMissing):
            told[AWAITED] = error.awaited
        if isinstance(error, PartlyRefused):
            told[DONE_BEFORE] = list(error.done)
        self._write(Event.STEP_FAILED, step.name, told)
        return told

    def interrupted(self, step: Step) -> None:
        """Write down that a person cut the step off."""
        self._write(Event.STEP_FAILED, step.name, {"interrupted": True})

    def rollback_started(self, cause: str, *, aborted_by: str | None = None) -> None:
        """Write down why the run rolls back, before the first step of its rollback; ``aborted_by`` if a person said."""
        body = {"cause": cause} if aborted_by is None else {"cause": cause, "aborted by": aborted_by}
        self._write(Event.ROLLBACK_STARTED, body=body)

    def ended(self, state: RunState, told: Evidence) -> None:
        """Write down how the run ended, and close it."""
        self._write(Event.RUN_ENDED, body=told)
        self._world.journal.end(self._run.id, state)

    def _write(self, event: Event, step: str = "", body: Evidence | None = None) -> None:
        require_lease(self._world)
        self._world.journal.append(self._run.id, event, step, body)
