"""check-gates."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import ClassVar, override

from drctl.decide.digests import facts_digest
from drctl.decide.overrides import Sifted, name_of, sift
from drctl.decide.readiness import Blocker, blockers, warnings
from drctl.errors import Blocked
from drctl.model.facts import Facts
from drctl.model.guards import Guards
from drctl.model.run import Evidence
from drctl.plans.approvals import ApprovalRequest, Digests, require_approval
from drctl.plans.frontier import frontier_blockers
from drctl.plans.observing import Observe, observed_and_judged
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.remedies import waiting
from drctl.plans.selection import chosen
from drctl.plans.sink_groups import carrier_blockers, sink_group_blockers
from drctl.plans.stamps import epoch_blockers
from drctl.plans.topic_identity import NOTED, noted
from drctl.ports import World

type Consider = Callable[[Facts, Guards, datetime], Iterator[Blocker]]
"""Names every reason to wait."""


@dataclass(frozen=True, slots=True)
class CheckGates(Step):
    """Look at both sites and the link, and name every reason to wait. Nothing is changed while there is one.

    What the link says it has copied is held against both logs; where they do not confirm it, that is a reason, too. So
    is a position that cannot be proven, unless waiting may help: nothing that the plan does later would prove it. Where
    a record has waited for long, the link is watched: one that copies nothing at all is a reason to wait. So are
    positions that group-offset sync has kept at the standby in this epoch, and has not for more than 30 s.

    A rule that may be overridden is, where a person gave its name and a reason. Where the plan file requires a second
    person's approval, it must be for exactly this plan and these facts, unless an earlier step has asked for it.

    A run that has raised the epoch has passed its gates: some of them only hold before the fence, so a resumed run is
    not held up by them again.
    """

    observe: Observe
    consider: Consider = blockers
    asks: bool = True
    accept_repeats: bool = False
    name: ClassVar[str] = "check-gates"
    title: ClassVar[str] = "Check that nothing stands in the way"
    at: ClassVar[Place] = Place.BOTH
    inspect: ClassVar[str] = "drctl status -o wide"

    def check(self, ctx: StepContext) -> bool:
        return ctx.world.epochs.current() >= ctx.run.epoch

    @override
    def do(self, ctx: StepContext) -> Evidence:
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        world, run = ctx.world, ctx.run
        facts, _, seen = observed_and_judged(
            self.observe,
            world,
            run.source,
            run.target,
            accept_repeats=self.accept_repeats,
            proofs=ctx.proofs,
            say=ctx.report,
        )
        ctx.report("holding what the link has copied against both logs")
        reasons = chain(self.consider(facts, world.plan.guards, world.clock.now()), looked_closer(world, facts), seen)
        return pass_gates(ctx, facts, reasons, warnings(facts), asks=self.asks)


def looked_closer(world: World, facts: Facts) -> Iterator[Blocker]:
    """Reasons that show only where logs and configurations of both sites are held against each other."""
    yield from frontier_blockers(world, facts)
    yield from sink_group_blockers(world, facts)
    yield from carrier_blockers(world)
    yield from epoch_blockers(world, facts)


def pass_gates(
    ctx: StepContext, facts: Facts, reasons: Iterable[Blocker], warned: Iterable[Blocker], *, asks: bool = True
) -> Evidence:
    """Raise Blocked with every reason that no person overrode; ask for a required approval of just these facts."""
    run = ctx.run
    sifted = sift(reasons, ctx.terms.overrides)
    if found := sifted.standing:
        raise Blocked(
            f"{run.kind} from {run.source} to {run.target}: {waiting(len(found))}",
            (f"{b.detail} ({b.remedy})" for b in found),
            exit_code=found[0].concern.value,
            remedy="remove the reasons and run the command again",
        )
    digest = facts_digest(facts, run.epoch - 1)
    seen: Evidence = {"blockers": [], "warnings": [f"{w.detail} ({w.remedy})" for w in warned], "facts": digest}
    seen[NOTED] = noted(facts)
    request = ApprovalRequest(run.id, tuple(seen["warnings"]))
    approved = require_approval(ctx.world, ctx.terms, Digests(ctx.digest, digest), request) if asks else {}
    return seen | _told_overrides(ctx, sifted) | approved


def _told_overrides(ctx: StepContext, sifted: Sifted) -> Evidence:
    """Which overrides applied, to what, and which were not needed."""
    before = chosen(ctx.world, ctx.run.id).get("overridden", {})
    applied = {name_of(b.rule): b.detail for b in sifted.overridden}
    return {
        "overridden": {name: {"found": f, "why": ctx.terms.overrides[name]} for name, f in applied.items()},
        "overrides that did not apply": sorted(ctx.terms.overrides.keys() - applied.keys() - before.keys()),
    }
