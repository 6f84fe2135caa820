"""close-if-back."""

from typing import ClassVar

from drctl.errors import DrctlError, JournalBroken, Refused
from drctl.model.fence import FenceState
from drctl.model.run import Evidence
from drctl.plans import evidence, openness
from drctl.plans.losing import answers
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers, fenced


class CloseIfBack(Step):
    """Close the source if it came back after the target was opened, so that a pending fence is pending no longer.

    It is fenced and proven as it would have been before. A source that is still silent, or falls silent again, is left
    to the service, which closes it when it answers, or to 'drctl fence'. The clients are served already, so nothing
    that goes wrong here stops the run: the fence then stays what it was.
    """

    name: ClassVar[str] = "close-if-back"
    title: ClassVar[str] = "Close the source if it is back"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "kafka-acls.sh --bootstrap-server {source} --list"

    def check(self, ctx: StepContext) -> bool:
        told = (ctx.evidence[FenceWhatAnswers.name], ctx.evidence.get(self.name, {}))
        return any(each.get("fence") == FenceState.PROVEN for each in told) or not answers(ctx.source)

    def snapshot(self, ctx: StepContext) -> Evidence:
        return openness.begun(None, ctx.world.clock.now())

    def do(self, ctx: StepContext) -> Evidence:
        before = ctx.evidence[FenceWhatAnswers.name]
        try:
            seen = openness.ends(ctx.source, ctx.partitions(ctx.source))
            proven = fenced(ctx)
        except (Refused, JournalBroken):
            raise  # somebody else is in charge, or nothing can be written down
        except DrctlError as error:
            why = f"{before['why']}; it is back, and its fence cannot be proven: {error}"
            return {"fence": before["fence"], "by": before["by"], "why": why}
        known, clock = ctx.snapshots[self.name], ctx.world.clock
        return proven | {"open": openness.ended(known, evidence.from_json(seen), proven, clock)}

    def verify(self, ctx: StepContext) -> Evidence:  # noqa: ARG002 - the proof was made while fencing
        return {}
