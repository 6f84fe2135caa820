"""prove-ahead."""

from dataclasses import dataclass
from typing import ClassVar, override

from drctl.errors import NotProven
from drctl.model.run import Evidence
from drctl.model.translation import Exact
from drctl.model.wording import counted
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.position_gate import once_nothing_helps
from drctl.plans.positions import Answers, translate_committed
from drctl.plans.under_way import wait_for_sync
from drctl.plans.waiting import held_once_decided


@dataclass(frozen=True, slots=True)
class ProveAhead(Step):
    """Translate and prove every position as it is now, while the applications still work.

    What has not moved until the handover needs no comparing then: the pause of the applications gets shorter. A
    position that may be proven by waiting may be by then; what no waiting makes better rolls the run back here, before
    anybody is stopped. Where the service keeps the positions at the target, this ends 15 s after the epoch was raised
    at the earliest: a commit that it sent before has arrived by then.
    """

    accept_repeats: bool = False
    name: ClassVar[str] = "prove-ahead"
    title: ClassVar[str] = "Prove the groups' positions ahead of the pause"
    at: ClassVar[Place] = Place.BOTH
    inspect: ClassVar[str] = "drctl groups translate"

    def check(self, ctx: StepContext) -> bool:
        return self.name in ctx.evidence

    @override
    def foresee(self, ctx: StepContext) -> None:
        for site in (ctx.source, ctx.target):
            site.brokers.cluster()

    def do(self, ctx: StepContext) -> Evidence:
        names = ctx.source.name, ctx.target.name

        def ask() -> Answers:
            return translate_committed(ctx.world, *names, *held_once_decided(ctx), proofs=ctx.proofs)

        answers, reasons = once_nothing_helps(
            ctx.world, *names, ask, accept_repeats=self.accept_repeats, say=ctx.report
        )
        if reasons:
            told = "; ".join(each.detail for each in reasons)
            raise NotProven(f"{counted(len(reasons), 'reason')} not to go on: {told}", remedy=reasons[0].remedy)
        each = [answer for found in answers.values() for answer in found.values()]
        proven = sum(isinstance(answer, Exact) for answer in each)
        ctx.report(f"{proven} of {counted(len(each), 'position')} proven ahead")
        wait_for_sync(ctx)  # here nobody waits for it; the handover would, in the pause
        return {"positions": len(each), "proven": proven}

    def verify(self, ctx: StepContext) -> Evidence:
        return ctx.evidence[self.name]
