"""claim-at-arbiter."""

from typing import ClassVar

from drctl.decide.automatic import ArbiterStanding
from drctl.errors import StepFailed, Superseded
from drctl.model.arbiter import ArbiterRecord
from drctl.model.run import Evidence
from drctl.plans.arbitration import standing_of
from drctl.plans.plan import Place, Step, StepContext
from drctl.ports import Arbiter


class ClaimAtArbiter(Step):
    """Claim at the arbiter, in a third place, that the target is primary from this run's epoch on.

    It is taken by compare-and-swap onto what our own journal tells, so of two controllers that cannot see each other
    one is refused, before either has changed anything. Asked again before every later change until the target is open:
    who lost the claim, or cannot reach the arbiter, opens nothing. Doing it a second time changes nothing.
    """

    name: ClassVar[str] = "claim-at-arbiter"
    title: ClassVar[str] = "Claim at the arbiter that the target is primary"
    at: ClassVar[Place] = Place.BOTH
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "drctl runs show --evidence"

    def check(self, ctx: StepContext) -> bool:
        arbiter = ctx.world.arbiter
        return arbiter is not None and arbiter.read() == _claim(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        arbiter = _arbiter(ctx)
        held = arbiter.read()
        standing = standing_of(ctx.world, held, ctx.run.source)
        if standing is not ArbiterStanding.OURS:
            raise Superseded(
                f"the arbiter holds {held}: {standing.value}",
                remedy="see 'drctl status' at every place where a controller runs before deciding again",
            )
        ctx.check_authority()
        arbiter.write(_claim(ctx), expected=held)
        return {"held before": {"primary": held.primary, "epoch": held.epoch, "run": held.run} if held else None}

    def verify(self, ctx: StepContext) -> Evidence:
        held = _arbiter(ctx).read()
        if held != _claim(ctx):
            raise Superseded(f"the arbiter holds {held}, not our claim: somebody else has decided")
        return {"primary": held.primary, "epoch": held.epoch}


def _arbiter(ctx: StepContext) -> Arbiter:
    if ctx.world.arbiter is None:
        raise StepFailed(
            "the plan file names no arbiter any more",
            remedy="put automaticFailover back, or go on as a person: drctl failover",
        )
    return ctx.world.arbiter


def _claim(ctx: StepContext) -> ArbiterRecord:
    return ArbiterRecord(ctx.world.plan.name, ctx.run.target, ctx.run.epoch, ctx.run.id)
