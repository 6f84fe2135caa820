"""check-gates, of a failover."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, override

from drctl.decide.equality import failover_warnings
from drctl.decide.failing_over import failover_blockers, loss_blockers, sinks_left
from drctl.decide.rules import Blocker, Rule
from drctl.decide.rules_writers import own
from drctl.model.facts import Facts
from drctl.model.loss import AcceptedLoss
from drctl.model.run import Evidence
from drctl.model.wording import counted
from drctl.plans.observing import Observe
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.stamps import epoch_behind
from drctl.plans.steps.check_gates import pass_gates
from drctl.plans.steps.measure_loss import loss_now

OVER_ALREADY = (
    Rule.CLIENT_ROUTING_ELSEWHERE,
    Rule.GROUP_ACTIVE_AT_TARGET,
    Rule.SINK_ACTIVE_AT_TARGET,
    Rule.CANARY_REFUSED,
)


@dataclass(frozen=True, slots=True)
class CheckFailover(Step):
    """See that the target can serve, that the source cannot, and that no more would be lost than was accepted.

    Only what the target needs stands in the way. A source that is well does, too: a switchover loses nothing. Nothing
    is changed while there is a reason to wait; a run that has passed is not held up again.
    """

    observe: Observe
    accepted: AcceptedLoss
    name: ClassVar[str] = "check-gates"
    title: ClassVar[str] = "Check that the target can serve and the source cannot"
    at: ClassVar[Place] = Place.BOTH
    inspect: ClassVar[str] = "drctl forecast"

    def check(self, ctx: StepContext) -> bool:
        return self.name in ctx.evidence

    def do(self, ctx: StepContext) -> Evidence:
        world, run = ctx.world, ctx.run
        facts = self.observe(world, run.source, run.target)
        warned = (*failover_warnings(facts), *sinks_left(facts))
        passed = pass_gates(ctx, facts, self._reasons(ctx, facts), warned)
        canary = facts.target_canary.value
        closed = bool(own(facts.target)) and canary is not None and canary.refused
        ctx.saw_target_closed = closed
        return passed | {"source answered": facts.source.cluster.known, "target closed": closed}

    @override
    def verify(self, ctx: StepContext) -> Evidence:
        return {}

    def _reasons(self, ctx: StepContext, facts: Facts) -> Iterator[Blocker]:
        world = ctx.world
        found = list(failover_blockers(facts, world.plan.guards, world.clock.now()))
        if ctx.past_point_of_no_return:  # a move that was taken over has sent the clients over, or was about to
            found = [each for each in found if each.rule not in OVER_ALREADY]
        elif not any(each.rule is Rule.LINK_UNKNOWN for each in found):
            loss = loss_now(ctx, ask=facts.source.cluster.known)
            lost = "an unknown number of records" if loss.total is None else f"up to {counted(loss.total, 'record')}"
            ctx.report(f"{lost} would be lost")
            found += loss_blockers(loss, self.accepted)
        yield from found
        if facts.target.groups.known:  # the source is not waited for
            held = ctx.positions(ctx.target).now(ctx.groups)
            yield from epoch_behind(world, {facts.target.name: held})
