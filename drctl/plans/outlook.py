"""Foresee what going on with an unfinished move would come to: asked as the runner asks, and nothing is changed.

| a step                              | is told as             | what fails there                                      |
| ----------------------------------- | ---------------------- | ----------------------------------------------------- |
| that the run finds done             | done                   | ends the run, or rolls it back                        |
| that it would take                  | to do                  | the same, as far as its own questions foresee it      |
| that may end pending, target open   | done, to do or pending | the run goes on without it                            |
| behind the one that fails           | not reached            |                                                       |
| of the rollback, where it is run    | done or to do          | the others are tried, and the rollback does not end   |

What a step brings about that is still to do is not known before. Foreseen is who does not answer, and what disproves a
proof. Example: a switchover was cut off at reverse-replication, and south died. Whether south is open cannot be asked,
so the run stops at raise-epoch, the first step that must outlast that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from drctl.errors import DrctlError, JournalBroken, Refused, RolledBack, StepFailed
from drctl.model.run import Run
from drctl.plans.authority import require_newest_decision
from drctl.plans.conditions import require_standing
from drctl.plans.found_done import FoundDone
from drctl.plans.newest import require_newest
from drctl.plans.plan import Plan, Step, StepContext
from drctl.plans.record import resumed
from drctl.ports import World

ASKED_AGAIN = 1.0
"""Seconds within which what failed is asked again: one request that is lost says nothing, and a person waits."""
NOTHING: Mapping[str, DrctlError] = {}
"""Of no step it is known that it fails."""


class Prospect(StrEnum):
    """Say what becomes of a step if the run goes on now."""

    DONE = "done"
    TO_DO = "to do"
    PENDING = "left pending"
    FAILS = "fails"
    NOT_REACHED = "not reached"


@dataclass(slots=True)
class Outlook:
    """Hold what becomes of each step, and why of those that fail or are left pending.

    ``rolls_back``: the rollback is run, and its steps are shown, too. ``refusal`` is why the run does not even go on.
    ``exit_code`` is that of the command.
    """

    prospects: dict[str, Prospect]
    failures: dict[str, DrctlError] = field(default_factory=dict)
    rolls_back: bool = False
    refusal: DrctlError | None = None
    exit_code: int = 0


def outlook(plan: Plan, world: World, run: Run, known: Mapping[str, DrctlError] = NOTHING) -> Outlook:
    """Return what going on with that run would come to; ``known`` are steps that will fail where they are to do.

    Superseded if somebody newer has decided.
    """
    require_newest_decision(world, run)
    rehearsal = _Rehearsal(plan, world, run, known)
    try:
        return rehearsal.outlook()
    finally:
        rehearsal.ctx.close()


class _Rehearsal:
    """One pass through a plan in which every step is asked, and none is taken."""

    def __init__(self, plan: Plan, world: World, run: Run, known: Mapping[str, DrctlError]) -> None:
        record = resumed(plan, world, run)
        self.plan, self.known, self.rolled_back = plan, known, bool(record.rolled_back)
        past = record.past_point_of_no_return
        # Nothing is changed, so nobody's permission is asked: a look must be possible while another process is
        # at work.
        self.ctx = StepContext(
            world, run, record.evidence, record.snapshots, past, report=lambda _: None, check_authority=lambda: None
        )
        self.ctx.terms, self.ctx.until = record.terms, world.clock.monotonic() + ASKED_AGAIN
        self.found = FoundDone(plan, self.ctx)
        self.to_do: set[str] = set()
        self.seen = Outlook({step.name: Prospect.NOT_REACHED for step in plan.steps})

    def outlook(self) -> Outlook:
        try:
            require_newest(self.plan, self.ctx)
            if self.rolled_back:
                self._roll_back()
            else:
                self._go_on()
        except DrctlError as error:
            self.seen.refusal, self.seen.exit_code = error, error.exit_code
        return self.seen

    def _go_on(self) -> None:
        for step in self.plan.steps:
            try:
                self.seen.prospects[step.name] = self._prospect(step)
                continue
            except (Refused, JournalBroken):
                raise
            except DrctlError as error:
                self.seen.failures[step.name] = error
            if self.ctx.past_point_of_no_return and step.may_end_pending:
                self.seen.prospects[step.name] = Prospect.PENDING
                continue
            self.seen.prospects[step.name] = Prospect.FAILS
            if self.ctx.past_point_of_no_return:
                self.seen.exit_code = StepFailed.exit_code
            else:
                self._roll_back()
            return

    def _roll_back(self) -> None:
        self.seen.rolls_back, self.seen.exit_code = True, RolledBack.exit_code
        for step in self.plan.rollback:
            self.ctx.evidence.pop(step.name, None)
            try:
                self.seen.prospects[step.name] = self._prospect(step)
            except (Refused, JournalBroken):
                raise
            except DrctlError as error:
                self.seen.prospects[step.name], self.seen.failures[step.name] = Prospect.FAILS, error
                self.seen.exit_code = StepFailed.exit_code

    def _prospect(self, step: Step) -> Prospect:
        """Whether the step is done or to do; raises what it would fail with."""
        if self.found.is_past(step) or self._is_done(step):
            self._cross(step)
            # Of one that was not come to, this tells only that nothing is in its way yet.
            return Prospect.DONE if not self.to_do or step.name in self.ctx.evidence else Prospect.TO_DO
        if step.may_end_pending and step in self.plan.steps:  # of others the conditions were asked on the way
            conditions = (each for each in self.plan.standing_conditions(step.name) if each.name not in self.to_do)
            require_standing(conditions, self.found.is_done, self.ctx.world.clock, within=0)
        if step.name in self.known:
            raise self.known[step.name]
        step.foresee(self.ctx)
        self._cross(step)
        self.to_do.add(step.name)
        return Prospect.TO_DO

    def _is_done(self, step: Step) -> bool:
        try:
            return self.found.is_done(step)
        except KeyError:  # it goes by what a step leaves that is still to do
            if not self.to_do:
                raise
            return False

    def _cross(self, step: Step) -> None:
        self.ctx.past_point_of_no_return |= step.name == self.plan.point_of_no_return
