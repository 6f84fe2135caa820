"""catch-up."""

from typing import ClassVar

from drctl.decide.frontier import Doubt
from drctl.errors import DeadlinePassed
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.model.wording import counted
from drctl.plans import evidence
from drctl.plans.frontier import doubted
from drctl.plans.plan import Place, Step, StepContext


class CatchUp(Step):
    """Wait until the link has begun every partition, and is no further behind than the plan file allows a switchover.

    This may take hours and does not fail while the link makes progress. Ctrl-C is harmless: the link copies on, and the
    same command goes on from here.
    """

    name: ClassVar[str] = "catch-up"
    title: ClassVar[str] = "Let the old site catch up"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "drctl status -o wide"

    def check(self, ctx: StepContext) -> bool:
        return self._caught_up(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        clock, patience = ctx.world.clock, ctx.world.plan.guards.step_timeout.total_seconds()
        frontier: dict[TopicPartition, int] = {}
        moved_at = clock.monotonic()
        while not self._caught_up(ctx):
            left = sum(self._behind(ctx).values())
            ctx.report(f"waiting until the link has caught up: at most {counted(left, 'record')} left")
            now = dict(ctx.forward.replication.frontier())
            if now != frontier:
                frontier, moved_at = now, clock.monotonic()
            elif clock.monotonic() - moved_at > patience:
                raise DeadlinePassed(
                    f"{ctx.forward.link.name} has copied nothing for {patience:g} s;"
                    f" at most {counted(left, 'record')} left",
                    remedy="look at the link with 'drctl status -o wide' and at its Connect worker's log",
                )
            clock.sleep(0.5)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        return {"behind": evidence.to_json(self._behind(ctx))}

    def _caught_up(self, ctx: StepContext) -> bool:
        """Whether it is near enough, and has begun every partition: gates refuse one of which nothing was copied.

        Nor is it where the link claims more than the source has: then it copies nothing until the source has grown.
        """
        if sum(self._behind(ctx).values()) > ctx.world.plan.guards.max_lag:
            return False
        found = doubted(ctx.world, ctx.source.name, ctx.target.name)
        return not any(each.why in (Doubt.NOT_COPIED, Doubt.BEYOND_SOURCE) for each in found)

    def _behind(self, ctx: StepContext) -> dict[TopicPartition, int]:
        """Partitions with records that were not copied, each with how many there are at most."""
        frontier = ctx.forward.replication.frontier()
        bounds = ctx.source.records.bounds(ctx.partitions(ctx.source))
        left = {p: b.stable - max(frontier.get(p, 0), b.start) for p, b in bounds.items()}
        return {p: count for p, count in left.items() if count > 0}
