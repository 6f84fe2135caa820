"""require-fence."""

from dataclasses import dataclass
from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.fence import FenceState
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers


@dataclass(frozen=True, slots=True)
class RequireFence(Step):
    """Go on only if the source is closed as surely as the plan file demands of a failover that no person has begun.

    Nobody vouches for such a source: one whose fence is *pending* may take writes, and the run is rolled back. Changes
    nothing itself.
    """

    trusted: frozenset[FenceState]
    name: ClassVar[str] = "require-fence"
    title: ClassVar[str] = "See that the source is closed for certain"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "drctl runs show --evidence"

    def check(self, ctx: StepContext) -> bool:
        return ctx.evidence.get(FenceWhatAnswers.name, {}).get("fence") in self.trusted

    def do(self, ctx: StepContext) -> Evidence:
        told = ctx.evidence[FenceWhatAnswers.name]
        name, wanted = ctx.target.name, " or ".join(sorted(self.trusted))
        raise StepFailed(
            f"the fence of {ctx.source.name} is {told['fence']} ({told['why']}), and without a person {name} is opened"
            f" only if it is {wanted}",
            remedy="a person who knows that the site takes no writes fails over: drctl failover --attest-source-down",
        )

    def verify(self, ctx: StepContext) -> Evidence:
        return {"fence": ctx.evidence[FenceWhatAnswers.name]["fence"]}
