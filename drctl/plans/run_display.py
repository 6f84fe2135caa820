"""Show a run while it goes, log it, and measure its steps, in one process."""

import structlog

from drctl.model.run import Evidence, Run, StepTiming
from drctl.plans.plan import Place, Plan, Step
from drctl.plans.progress import Announce, Progress, StepState
from drctl.ports import Clock


class RunDisplay:
    """Shows the step that is under way. ``timings`` are of the steps that this process has ended, in order."""

    def __init__(self, plan: Plan, run: Run, clock: Clock, announce: Announce) -> None:
        self._plan, self._run, self._clock, self._announce = plan, run, clock, announce
        self.timings: list[StepTiming] = []
        self.log = structlog.get_logger("drctl.plans").bind(run=run.id, kind=plan.kind, epoch=run.epoch)
        self._index, self._step, self._began, self._rollback = 1, plan.steps[0], 0.0, False

    def start(self, index: int, step: Step, *, rollback: bool = False) -> None:
        """Show that a step begins; ``index`` counts from 1, in the plan's steps or in those of its rollback."""
        self._index, self._step, self._began, self._rollback = index, step, self._clock.monotonic(), rollback
        self._show(StepState.STARTED)

    def waiting(self, detail: str) -> None:
        """Show what the step waits for."""
        self._show(StepState.WAITING, detail)

    def finished(self, *, found_done: bool) -> None:
        """Show that the step has ended well, and keep how long it took."""
        seconds = self._clock.monotonic() - self._began
        self.timings.append(StepTiming(self._step.name, seconds, found_done))
        self._logger(self._step).info("step-done", found_done=found_done, seconds=round(seconds, 3))
        self._show(StepState.FOUND_DONE if found_done else StepState.DONE)

    def failed(self, step: Step, told: Evidence, *, ends: bool = False) -> None:
        """Show that the step failed; where that ends the run its reason comes at once, and is not shown twice."""
        self._logger(step).error("step-failed", **told)
        self._show(StepState.FAILED, "" if ends else told["message"])

    def _logger(self, step: Step) -> structlog.typing.FilteringBoundLogger:
        sites = {Place.SOURCE: self._run.source, Place.TARGET: self._run.target}
        return self.log.bind(step=step.name, site=sites.get(step.at, "both"))  # type: ignore[no-any-return]

    def _show(self, state: StepState, detail: str = "") -> None:
        total = len(self._plan.rollback if self._rollback else self._plan.steps)
        seconds, step = self._clock.monotonic() - self._began, self._step
        self._announce(Progress(self._index, total, step.name, step.title, state, seconds, detail, self._rollback))
