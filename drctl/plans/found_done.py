"""Which steps of a plan a run that goes on finds done."""

from drctl.plans.plan import Plan, Step, StepContext
from drctl.plans.waiting import patiently


class FoundDone:
    """Asks the world, and beyond the point of no return the journal alone for what only the old site could tell."""

    def __init__(self, plan: Plan, ctx: StepContext) -> None:
        self.plan, self.ctx = plan, ctx
        self._open = False

    def is_done(self, step: Step) -> bool:
        """Whether the world is as the step wants it; what disproves it ends the run instead of doing it again."""
        # First, since a check of configuration may still be true where its effect is refuted: deny rules
        # stand, and yet records appear.
        patiently(self.ctx, lambda: step.disprove(self.ctx))
        return patiently(self.ctx, lambda: step.check(self.ctx))

    def is_past(self, step: Step) -> bool:
        """Whether the world can no longer be asked: once the target is open, the time before it is history."""
        if not (self.ctx.past_point_of_no_return and self.plan.can_roll_back_after(step.name)):
            return False
        # Once the target really takes writes nothing that came before matters any more. Between the intent
        # to open it and the effect it does: with a fence that fell meanwhile, both sites would be open a
        # moment later.
        return step.name in self.ctx.evidence and (not step.lasting or self._target_is_open())

    def _target_is_open(self) -> bool:
        """Whether the plan's target takes writes: intending to open it is not enough to leave the old site unasked."""
        if self.plan.opens_target and not self._open:
            opening = next(step for step in self.plan.steps if step.name == self.plan.point_of_no_return)
            self._open = self.is_done(opening)
        return self._open
