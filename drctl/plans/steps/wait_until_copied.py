"""wait-until-copied."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.model.translation import Unproven
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.positions import translate_committed
from drctl.plans.waiting import wait_until_none


class WaitUntilCopied(Step):
    """Wait until the link has copied every record that the groups have read.

    Producers write on at the source; only what lies before the groups' positions must have arrived.
    """

    name: ClassVar[str] = "wait-until-copied"
    title: ClassVar[str] = "Let the link copy what the groups have read"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "drctl groups translate"

    def check(self, ctx: StepContext) -> bool:
        return not self._missing(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        wait_until_none(
            ctx,
            "every record before the groups' positions is copied",
            lambda: self._missing(ctx),
            remedy="see the link: drctl status -o wide",
        )
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        return {"not copied": self._missing(ctx)}

    def _missing(self, ctx: StepContext) -> list[str]:
        names = ctx.source.name, ctx.target.name
        answers = translate_committed(ctx.world, *names, *ctx.held(), proofs=ctx.proofs)
        return [
            f"{partition} before {answer.position} of {group}"
            for group, found in sorted(answers.items())
            for partition, answer in sorted(found.items())
            if isinstance(answer, Unproven) and answer.waits_for_copy
        ]
