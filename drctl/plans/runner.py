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
The point is passed by the intent of its step, in this process (``_pass``) and in the next one (read from the journal).
"""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from drctl.errors import (
    JournalBroken,
    Locked,
    LossNotAccepted,
    Refused,
    RolledBack,
    StepFailed,
    Superseded,
)
from drctl.model.run import Evidence, RunResult, RunState
from drctl.model.terms import Terms
from drctl.plans.authority import require_authority
from drctl.plans.conditions import require_standing
from drctl.plans.digests import plan_digest
from drctl.plans.fencing import one_look
from drctl.plans.found_done import FoundDone
from drctl.plans.hooking import PAUSED, ROLLING_BACK, Hooking
from drctl.plans.newest import STALE, require_newest
from drctl.plans.pending import PENDING
from drctl.plans.plan import Plan, Step, StepContext
from drctl.plans.progress import Announce, Progress, StepState
from drctl.plans.record import NOBODY, Record, begin_or_resume
from drctl.plans.remedies import joined, remedy_of
from drctl.plans.repetition import result, told_before
from drctl.plans.rolled_back import gone_back, stuck
from drctl.plans.run_display import RunDisplay
from drctl.plans.run_journal import RunJournal
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
    # Before the journal is read: two processes that read it first would both find the same run unfinished
    # and both go on with it.
    world.lease.acquire(f"{plan} by process {os.getpid()} on {socket.gethostname()}")
    try:
        # A repeated key is answered under the lease, so that the run it names is not the one that is just
        # being begun elsewhere.
        if before := told_before(plan, world, terms.key):
            return before
        execution = _Execution(plan, world, announce, begin_or_resume(plan, world, terms))
        with closing(execution.ctx):
            return execution.run_steps()
    finally:
        world.lease.release()


class _Execution:
    """Runs the steps of one plan in one process; its journal writes, and its display shows."""

    def __init__(self, plan: Plan, world: World, announce: Announce, record: Record) -> None:
        self.plan, self.world = plan, world
        self.run, self.rolled_back = record.run, record.rolled_back
        self.journal = RunJournal(world, self.run)
        self.display = RunDisplay(plan, self.run, world.clock, announce)
        self.ctx = StepContext(
            world,
            self.run,
            record.evidence,
            record.snapshots,
            record.past_point_of_no_return,
            self.display.waiting,
            self._check_authority,
        )
        self.ctx.terms, self.ctx.digest = record.terms, plan_digest(plan, world)
        self.hooks = Hooking(self.ctx, record.entries)
        self.pending: dict[str, str] = {}
        self.found = FoundDone(plan, self.ctx)
        # The first step only looks. A run that has come no further has changed nothing, so its hooks may
        # still stop it.
        self.touched = bool(record.snapshots.keys() - {plan.steps[0].name})
        self.resumed = record.resumed
        self.display.log.info("run-resumed" if record.resumed else "run-started")

    def run_steps(self) -> RunResult:
        """Take every step; on failure roll back, or say how to go on."""
        try:
            self._check_authority()
            if self.resumed:
                # Only of a run that is continued: a new one has written nothing that could be missing.
                require_newest(self.plan, self.ctx)
            if self.ctx.terms.abort:
                self._abort(self.ctx.terms)
            if self.rolled_back:
                self._roll_back(self.rolled_back, None)
            self.hooks.tell(RunState.RUNNING)
            for index, step in enumerate(self.plan.steps, 1):
                self.display.start(index, step)
                with self._failing_well(step):
                    self._check_authority()
                    if index == 2 and not self.touched:
                        # Behind the gates and before the first change: a hook that fails here costs
                        # nothing, a hook that ran before the gates would have frozen a deployment for a run
                        # that is then refused.
                        self.hooks.require()
                    self._take(step, self.plan.standing_conditions(step.name))
            self._check_authority()
        except Superseded:
            self._end(RunState.STOPPED, {"why": "superseded"})  # it can never go on
            raise
        self.hooks.tell(RunState.DONE)
        return self._end(RunState.DONE, {PENDING: self.pending} if self.pending else None)

    def _abort(self, terms: Terms) -> None:
        """Roll back because a person wants it; Refused once that is impossible."""
        if self.ctx.past_point_of_no_return:
            raise Refused(
                f"{self.plan.point_of_no_return} was begun, so {self.run.target} may be open: there is no rollback",
                remedy="'drctl runs resume' goes on to the end; then a switchover or failback leads home",
            )
        if not self.rolled_back:
            self.rolled_back = f"the request of {terms.by or 'somebody'} to abort: {terms.abort}"
            self.journal.rollback_started(self.rolled_back, aborted_by=terms.by)

    def _take(self, step: Step, conditions: Sequence[Step] = ()) -> None:
        """One step: found done, or done and verified, with the journal around it.

        It acts only while what these steps brought about still stands.
        """
        name = step.name
        if self.found.is_past(step) or self.found.is_done(step):
            self._pass(step)  # a target that was open all along is as open as one that was opened
            if name not in self.ctx.evidence:
                self.ctx.evidence[name] = patiently(self.ctx, lambda: step.verify(self.ctx))
            self.journal.found_done(step, self.ctx.evidence[name])
            return self.display.finished(found_done=True)
        with one_look(self.ctx):
            require_standing(conditions, self.found.is_done, self.world.clock)
        # The first snapshot is kept for good. One taken after a cut could show our own effect as what was
        # there before, and an undo would then restore that.
        taken = self.ctx.snapshots[name] if name in self.ctx.snapshots else step.snapshot(self.ctx)
        self.journal.intended(step, taken)
        self.ctx.snapshots[name] = taken
        self._pass(step)
        self._check_authority()
        # The authority was checked in the line before and not earlier: checks, conditions and the snapshot
        # take their time.
        self.ctx.evidence[name] = step.do(self.ctx)
        self._check_authority()  # who was frozen in the effect may have woken in another's term
        # Patiently, since a broker answers from its own copy of the metadata, which may be behind the
        # effect for a moment.
        self.ctx.evidence[name] |= patiently(self.ctx, lambda: step.verify(self.ctx))
        self.journal.observed(step, self.ctx.evidence[name])
        return self.display.finished(found_done=False)

    def _pass(self, step: Step) -> None:
        """Note that there is no rollback any more, if this is the step from which on there is none."""
        self.ctx.past_point_of_no_return |= step.name == self.plan.point_of_no_return

    @contextmanager
    def _failing_well(self, step: Step) -> Iterator[None]:
        """Turn a failure into the right end: stop at once, refuse, roll back, or say how to go on."""
        try:
            yield
        except (Locked, Superseded, JournalBroken):
            raise  # somebody else is in charge, or nothing can be written down: touch nothing
        except Refused as refusal:
            self._failed(step, refusal, ends=True)
            self.hooks.tell(RunState.STOPPED, refusal)
            self._end(RunState.STOPPED)
            raise
        # Written down as a failure, though it is none, so that 'drctl status' can say who cut it off and
        # where.
        except KeyboardInterrupt:
            self.journal.interrupted(step)
            raise
        except Exception as error:
            # A failover back to a site has steps of the same kind that must not end pending: there the
            # target is not opened by this plan.
            pends = step.may_end_pending and self.plan.opens_target
            self._failed(step, error, ends=not (pends if self.ctx.past_point_of_no_return else self.plan.rollback))
            if not self.ctx.past_point_of_no_return and not self.plan.rollback:
                self.hooks.tell(RunState.STOPPED, error)
                self._end(RunState.STOPPED)  # nothing was changed that could be taken back
                raise
            if not self.ctx.past_point_of_no_return:
                self._roll_back(f"{step.name}: {describe(error)}", error)
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

    def _roll_back(self, cause: str, error: Exception | None) -> None:
        """Run the rollback; always raises."""
        place = cause.partition(": ")[0] if error else cause  # else the reason was shown with the step that failed
        if not self.rolled_back:
            self.journal.rollback_started(cause)
        self.hooks.tell(ROLLING_BACK, cause)
        # All of them, also behind one that failed: the source is opened first, and clients gain by that
        # whatever becomes of the sinks. Those that failed are named, and the same command tries them again.
        tried = [(step, self._step_back(number, step)) for number, step in enumerate(self.plan.rollback, 1)]
        if failures := {step: why for step, why in tried if why}:
            self.hooks.tell(PAUSED, "; ".join(failures.values()))
            raise stuck(self.plan, self.ctx, cause, place, failures) from error
        self.hooks.tell(RunState.ROLLED_BACK, cause)
        self._end(RunState.ROLLED_BACK)
        # The exit code of a loss that was not accepted survives the rollback: a script tells by it that a
        # number has to be named, not that something is broken.
        failed = LossNotAccepted if isinstance(error, LossNotAccepted) else RolledBack
        told, remedy = gone_back(self.plan, self.ctx)
        raise failed(
            f"{self.plan} failed at {cause}; the rollback was run and {told}",
            remedy=joined(remedy_of(error), remedy),
            brief=f"{self.plan} failed at {place}; the rollback was run and {told}",
        ) from error

    def _step_back(self, number: int, step: Step) -> str:
        """One step of the rollback; one that fails does not keep the next from being tried."""
        self.display.start(number, step, rollback=True)
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
        require_authority(self.world, self.run)

    def _end(self, state: RunState, more: Evidence | None = None) -> RunResult:
        exceptions = tuple(self.hooks.exceptions)
        told = {"state": state.value} | ({"exceptions": list(exceptions)} if exceptions else {}) | (more or {})
        self.journal.ended(state, told)
        self.display.log.info("run-ended", **told)
        timings = tuple(self.display.timings)
        if self.resumed:  # this process has measured only its own part
            timings = result(self.run, state, self.world.journal.entries(self.run.id)).timings
        return RunResult(self.run, state, timings, dict(self.ctx.evidence), exceptions)

    def _failed(self, step: Step, error: Exception, *, ends: bool = False) -> None:
        self.display.failed(step, self.journal.failed(step, error), ends=ends)
