"""Runs a plan: check, do, verify, with a journal that survives being cut off at any instant.

Every change is preceded by an intent in the journal and followed by an observation. A run that was cut off is continued
by running the same plan again: each step asks the world what is already true. The journal supplies only what the world
has forgotten. Once the point of no return was intended there is no rollback any more. Once the target is open, the
steps before it are not asked again, and what fails at the old site holds back no step but those that may end pending:
the run ends without them, says so, and they are made up for later. Ctrl-C is a cut like any other.

| in this order, for each step | cut off behind it, the next process |
| --- | --- |
| check: already so at the sites | asks again; what it finds done is written down as *found done* |
| standing conditions, snapshot of what is there | asks and takes them again: nothing was changed |
| *intended*, with the snapshot | keeps this snapshot; a later one could show the effect as what was there before |
| lease and epoch, do, lease and epoch | asks the sites whether nothing, a part or all was done; does it again, or not |
| verify, by what clients and brokers then meet | verifies again |
| *observed*, with the evidence | begins with the next step; a *lasting* one is checked before every later effect |

Example: fence-writes is to deny shop, billing and mill. *Intended* is written, shop is denied, the process is killed.
The next one reads the intent, finds two of three rules missing, adds them, sees all three stand, writes *observed*. A
rollback takes away what drctl's own marks name, and needs no journal for that.

Invariant: effect of s at a site => *intended* s in the journal; so target may be open => no rollback, and back.
``_take`` writes the intent before ``do`` and raises if that fails; no other place in here calls ``do``.
The point is passed by the intent of its step, in this process (``_cross``) and in the next one (read from the journal).
"""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import structlog

from drctl.errors import (
    Blocked,
    JournalBroken,
    Locked,
    LossNotAccepted,
    Refused,
    RolledBack,
    StepFailed,
    Superseded,
)
from drctl.model.run import Event, Evidence, RunResult, RunState, StepTiming
from drctl.model.terms import Terms
from drctl.plans.charge import require_charge, require_lease
from drctl.plans.conditions import require_standing
from drctl.plans.digests import plan_digest
from drctl.plans.found_done import FoundDone
from drctl.plans.hooking import PAUSED, TURNING_BACK, Hooking
from drctl.plans.newest import STALE, require_newest
from drctl.plans.pending import PENDING
from drctl.plans.plan import Place, Plan, Step, StepContext
from drctl.plans.progress import Announce, Progress, StepState
from drctl.plans.record import NOBODY, Record, begin_or_resume
from drctl.plans.remedies import joined, remedy_of
from drctl.plans.repetition import result, told_before
from drctl.plans.rolled_back import gone_back, stuck
from drctl.plans.sink_groups import as_it_moves
from drctl.plans.waiting import patiently
from drctl.ports import World
from drctl.redaction import describe

__all__ = ["STALE", "Announce", "Progress", "StepState", "run"]


def run(plan: Plan, world: World, announce: Announce, terms: Terms = NOBODY) -> RunResult:
    """Run the plan to its end, or continue it; a key that was used before tells how that run ended.

    Raises Locked or Superseded at once when we are not, or no longer, in charge; Blocked when a gate says no;
    RolledBack when a step before the point of no return failed and the rollback was run; StepFailed when a step
    after it failed, or the rollback did not reach its end: the same command goes on from there. JournalBroken, nothing
    touched, when the sites are ahead of the journal.
    """
    world = as_it_moves(plan, world)
    world.lease.acquire(f"{plan} by process {os.getpid()} on {socket.gethostname()}")
    try:
        if before := told_before(plan, world, terms.key):
            return before
        course = _Execution(plan, world, announce, begin_or_resume(plan, world, terms))
        with closing(course.ctx):
            return course.walk()
    finally:
        world.lease.release()


class _Execution:
    """One process' walk through a plan."""

    def __init__(self, plan: Plan, world: World, announce: Announce, record: Record) -> None:
        self.plan, self.world, self.announce = plan, world, announce
        self.run, self.rolled_back = record.run, record.rolled_back
        self.timings: list[StepTiming] = []
        self.log = structlog.get_logger("drctl.plans").bind(run=self.run.id, kind=plan.kind, epoch=self.run.epoch)
        self.ctx = StepContext(
            world,
            self.run,
            record.evidence,
            record.snapshots,
            record.past_point_of_no_return,
            lambda detail: self._show(StepState.WAITING, detail),
            self._check_authority,
        )
        self.ctx.terms, self.ctx.digest = record.terms, plan_digest(plan, world)
        self.hooks = Hooking(self.ctx, record.entries)
        self.pending: dict[str, str] = {}
        self.found = FoundDone(plan, self.ctx)
        self.touched = bool(record.snapshots.keys() - {plan.steps[0].name})
        self.now = (1, plan.steps[0], 0.0, False)
        self.resumed = record.resumed
        self.log.info("run-resumed" if record.resumed else "run-started")

    def walk(self) -> RunResult:
        """Take every step; on failure turn back, or say how to go on."""
        try:
            self._check_authority()
            if self.resumed:
                require_newest(self.plan, self.ctx)
            if self.ctx.terms.abort:
                self._abort(self.ctx.terms)
            if self.rolled_back:
                self._turn_back(self.rolled_back, None)
            self.hooks.tell(RunState.RUNNING)
            for index, step in enumerate(self.plan.steps, 1):
                self._start(index, step)
                with self._failing_well(step):
                    self._check_authority()
                    if index == 2 and not self.touched:
                        self.hooks.require()
                    self._take(step, self.plan.standing_conditions(step.name))
            self._check_authority()
        except Superseded:
            self._end(RunState.STOPPED, {"why": "superseded"})  # it can never go on
            raise
        self.hooks.tell(RunState.DONE)
        return self._end(RunState.DONE, {PENDING: self.pending} if self.pending else None)

    def _abort(self, terms: Terms) -> None:
        """Turn back because a person wants it; Refused once that is impossible."""
        if self.ctx.past_point_of_no_return:
            raise Refused(
                f"{self.plan.point_of_no_return} was begun, so {self.run.target} may be open: there is no rollback",
                remedy="'drctl runs resume' goes on to the end; then a switchover or failback leads home",
            )
        if not self.rolled_back:
            self.rolled_back = f"the request of {terms.by or 'somebody'} to abort: {terms.abort}"
            self._write(Event.COMPENSATION_STARTED, body={"cause": self.rolled_back, "aborted by": terms.by})

    def _start(self, index: int, step: Step, *, rollback: bool = False) -> None:
        self.now = (index, step, self.world.clock.monotonic(), rollback)
        self._show(StepState.STARTED)

    def _take(self, step: Step, conditions: Sequence[Step] = ()) -> None:
        """One step: found done, or done and verified, with the journal around it.

        It acts only while what these steps brought about still stands.
        """
        name = step.name
        if self.found.is_past(step) or self.found.is_done(step):
            self._cross(step)  # a target that was open all along is as open as one that was opened
            if name not in self.ctx.evidence:
                self.ctx.evidence[name] = patiently(self.ctx, lambda: step.verify(self.ctx))
            self._write(Event.STEP_FOUND_DONE, name, self.ctx.evidence[name])
            return self._finished(StepState.FOUND_DONE)
        require_standing(conditions, self.found.is_done, self.world.clock)
        taken = self.ctx.snapshots[name] if name in self.ctx.snapshots else step.snapshot(self.ctx)
        self._write(Event.STEP_INTENDED, name, taken)
        self.ctx.snapshots[name] = taken
        self._cross(step)
        self._check_authority()
        self.ctx.evidence[name] = step.do(self.ctx)
        self._check_authority()  # who was frozen in the effect may have woken in another's term
        self.ctx.evidence[name] |= patiently(self.ctx, lambda: step.verify(self.ctx))
        self._write(Event.STEP_OBSERVED, name, self.ctx.evidence[name])
        return self._finished(StepState.DONE)

    def _cross(self, step: Step) -> None:
        self.ctx.past_point_of_no_return |= step.name == self.plan.point_of_no_return

    @contextmanager
    def _failing_well(self, step: Step) -> Iterator[None]:
        """Turn a failure into the right end: stop at once, refuse, turn back, or say how to go on."""
        try:
            yield
        except (Locked, Superseded, JournalBroken):
            raise  # somebody else is in charge, or nothing can be written down: touch nothing
        except Refused as refusal:
            self._failed(step, refusal, ends=True)
            self.hooks.tell(RunState.STOPPED, refusal)
            self._end(RunState.STOPPED)
            raise
        except KeyboardInterrupt:
            self._write(Event.STEP_FAILED, step.name, {"interrupted": True})
            raise
        except Exception as error:
            pends = step.may_end_pending and self.plan.opens_target
            self._failed(step, error, ends=not (pends if self.ctx.past_point_of_no_return else self.plan.rollback))
            if not self.ctx.past_point_of_no_return and not self.plan.rollback:
                self.hooks.tell(RunState.STOPPED, error)
                self._end(RunState.STOPPED)  # nothing was changed that could be taken back
                raise
            if not self.ctx.past_point_of_no_return:
                self._turn_back(f"{step.name}: {describe(error)}", error)
            if pends:
                self._leave_pending(step, error)
                return
            self.hooks.tell(PAUSED, error)
            raise StepFailed(
                f"{self.plan} has stopped at {step.name}, and {self.run.target} is open: {describe(error)}",
                remedy=joined(remedy_of(error), "run the same command again: it goes on from here"),
            ) from error

    def _leave_pending(self, step: Step, error: Exception) -> None:
        """Go on without a step that only the old site keeps from succeeding."""
        why = self.pending[step.name] = describe(error)
        self.hooks.exceptions.append(
            f"{step.name} is pending, clients are at {self.run.target}: {why}; once {self.run.source} is well make up"
            " for it with 'drctl runs resume' (drctl service run does so by itself)"
        )

    def _turn_back(self, cause: str, error: Exception | None) -> None:
        """Walk the rollback; always raises."""
        place = cause.partition(": ")[0] if error else cause  # else the reason was shown with the step that failed
        if not self.rolled_back:
            self._write(Event.COMPENSATION_STARTED, body={"cause": cause})
        self.hooks.tell(TURNING_BACK, cause)
        tried = [(step, self._step_back(number, step)) for number, step in enumerate(self.plan.rollback, 1)]
        if failures := {step: why for step, why in tried if why}:
            self.hooks.tell(PAUSED, "; ".join(failures.values()))
            raise stuck(self.plan, self.ctx, cause, place, failures) from error
        self.hooks.tell(RunState.COMPENSATED, cause)
        self._end(RunState.COMPENSATED)
        failed = LossNotAccepted if isinstance(error, LossNotAccepted) else RolledBack
        told, remedy = gone_back(self.plan, self.ctx)
        raise failed(
            f"{self.plan} failed at {cause}; the rollback was run and {told}",
            remedy=joined(remedy_of(error), remedy),
            brief=f"{self.plan} failed at {place}; the rollback was run and {told}",
        ) from error

    def _step_back(self, number: int, step: Step) -> str:
        """One step of the rollback; one that fails does not keep the next from being tried."""
        self._start(number, step, rollback=True)
        self.ctx.evidence.pop(step.name, None)  # what it saw before a cut proves nothing now
        try:
            self._take(step)
        except (Refused, JournalBroken):
            raise
        except Exception as error:  # noqa: BLE001 - it is reported, with the others, by the caller
            self._failed(step, error)
            return f"{step.name}: {describe(error)}"
        return ""

    def _check_authority(self) -> None:
        require_charge(self.world, self.run)

    def _write(self, event: Event, step: str = "", body: Evidence | None = None) -> None:
        require_lease(self.world)
        self.world.journal.append(self.run.id, event, step, body)

    def _end(self, state: RunState, more: Evidence | None = None) -> RunResult:
        exceptions = tuple(self.hooks.exceptions)
        told = {"state": state.value} | ({"exceptions": list(exceptions)} if exceptions else {}) | (more or {})
        self._write(Event.RUN_ENDED, body=told)
        self.world.journal.end(self.run.id, state)
        self.log.info("run-ended", **told)
        timings = tuple(self.timings)
        if self.resumed:  # this process has measured only its own part
            timings = result(self.run, state, self.world.journal.entries(self.run.id)).timings
        return RunResult(self.run, state, timings, dict(self.ctx.evidence), exceptions)

    def _finished(self, state: StepState) -> None:
        seconds = self.world.clock.monotonic() - self.now[2]
        self.timings.append(StepTiming(self.now[1].name, seconds, state is StepState.FOUND_DONE))
        self._logger(self.now[1]).info("step-done", found_done=state is StepState.FOUND_DONE, seconds=round(seconds, 3))
        self._show(state)

    def _failed(self, step: Step, error: Exception, *, ends: bool = False) -> None:
        """Note it; where it ends the run the reason comes with that at once, and is not shown twice."""
        told: Evidence = {"error": type(error).__name__, "message": describe(error)}
        if isinstance(error, Blocked):
            told["reasons"] = list(error.reasons)
        self._write(Event.STEP_FAILED, step.name, told)
        self._logger(step).error("step-failed", **told)
        self._show(StepState.FAILED, "" if ends else describe(error))

    def _logger(self, step: Step) -> structlog.typing.FilteringBoundLogger:
        sites = {Place.SOURCE: self.run.source, Place.TARGET: self.run.target}
        return self.log.bind(step=step.name, site=sites.get(step.at, "both"))  # type: ignore[no-any-return]

    def _show(self, state: StepState, detail: str = "") -> None:
        index, step, began, rollback = self.now
        total = len(self.plan.rollback if rollback else self.plan.steps)
        seconds = self.world.clock.monotonic() - began
        self.announce(Progress(index, total, step.name, step.title, state, seconds, detail, rollback))
