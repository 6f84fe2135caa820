"""freeze-retention."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans import retention
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.waiting import wait_until_none


class FreezeRetention(Step):
    """Let the returned site delete and compact nothing: what was stranded there may be older than its retention by now.

    Both retentions are set to -1 and compaction is held off, on the topics that move; what was set before is journaled
    and given back by the failback. Brokers look at retention first 30 s after their start, then every five minutes:
    what they deleted before this step is gone, and the salvage tells how much.
    """

    name: ClassVar[str] = retention.FREEZE
    title: ClassVar[str] = "Let the returned site delete nothing"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "kafka-configs.sh --bootstrap-server {source} --describe --entity-type topics"

    def check(self, ctx: StepContext) -> bool:
        return retention.is_frozen(ctx.source, _topics(ctx))

    def snapshot(self, ctx: StepContext) -> Evidence:
        earlier = retention.before(ctx.world, ctx.source.name)
        return {"before": retention.settings(ctx.source, _topics(ctx)) | earlier}

    def do(self, ctx: StepContext) -> Evidence:
        ctx.check_authority()
        ctx.source.topics.change(dict.fromkeys(_topics(ctx), retention.FROZEN))
        wait_until_none(ctx, "nothing is deleted any more", lambda: self._moving(ctx), within=15)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        if left := self._moving(ctx):
            raise StepFailed(
                f"{ctx.source.name}: retention of {', '.join(left)} is not frozen",
                remedy="is something putting topic settings back, such as an operator's KafkaTopic resource?",
            )
        return {"topics": list(_topics(ctx))}

    def _moving(self, ctx: StepContext) -> list[str]:
        found = retention.settings(ctx.source, _topics(ctx))
        return [topic for topic, own in found.items() if own != retention.FROZEN]


def _topics(ctx: StepContext) -> tuple[str, ...]:
    """Those that move and exist there."""
    return tuple(sorted({p.topic for p in ctx.partitions(ctx.source)}))
