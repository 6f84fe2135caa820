"""measure-loss."""

from dataclasses import dataclass
from typing import ClassVar

from drctl.errors import LossNotAccepted
from drctl.model.loss import AcceptedLoss, EndsFrom, Loss
from drctl.model.run import Evidence
from drctl.model.wording import counted
from drctl.plans import evidence
from drctl.plans.losing import frozen, measure, told
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.step_evidence import DrainedLink, FenceProof, MeasuredLoss, left_if_any
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers


@dataclass(frozen=True, slots=True)
class MeasureLoss(Step):
    """Write down what is at the source and not at the target, now that the link stands still.

    The frontier is held against the source's log ends: as they are, as a proven fence froze them, or as the service saw
    them last. More than was accepted, or an unknown loss that was not accepted as such, rolls the run back.
    """

    accepted: AcceptedLoss
    name: ClassVar[str] = MeasuredLoss.step
    title: ClassVar[str] = "Measure what is lost"
    at: ClassVar[Place] = Place.BOTH
    inspect: ClassVar[str] = "drctl forecast"

    def check(self, ctx: StepContext) -> bool:
        return self.name in ctx.evidence

    def do(self, ctx: StepContext) -> Evidence:
        fence = ctx.evidence[FenceWhatAnswers.name]
        loss = loss_now(ctx, ask=fence["answered"])
        if (
            loss.ends_from is not EndsFrom.ASKED and "ends" in fence
        ):  # it fell silent after it was proven to stand still
            run = ctx.run
            loss = frozen(ctx.world, run.source, run.target, evidence.from_json(fence["ends"]), None)
        # Behind that point nothing can be refused any more: the loss is written down as it is.
        if not ctx.past_point_of_no_return and not self.accepted.covers(loss):
            lost = "an unknown number of records" if loss.total is None else f"up to {counted(loss.total, 'record')}"
            wanted = "unknown" if loss.total is None else loss.total
            raise LossNotAccepted(
                f"{lost} would be lost, and {self.accepted} are accepted",
                remedy=f"bring the source back, or accept the loss: --accept-loss {wanted}",
            )
        return told(loss) | {"accepted": str(self.accepted)}

    def verify(self, ctx: StepContext) -> Evidence:  # noqa: ARG002 - measuring is all
        return {}


def loss_now(ctx: StepContext, *, ask: bool) -> Loss:
    """The loss as it is known now; ``ask`` says whether the source answers."""
    world, run = ctx.world, ctx.run
    earlier = left_if_any(FenceProof, ctx.evidence)
    if ask or earlier is None:
        loss = measure(world, run.source, run.target, ask=ask)
        if earlier is None or loss.ends_from is EndsFrom.ASKED:
            return loss
    drain = left_if_any(DrainedLink, ctx.evidence)  # a move that was taken over had proven that the source stands still
    return frozen(world, run.source, run.target, earlier.ends, drain.frontier if drain else None)
