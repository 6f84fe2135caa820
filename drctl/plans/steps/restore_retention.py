"""restore-retention."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans import retention
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.waiting import wait_until_none


class RestoreRetention(Step):
    """Give the topics of the site that is home again the retention and compaction back that they had before."""

    name: ClassVar[str] = "restore-retention"
    title: ClassVar[str] = "Give the topics their retention back"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "kafka-configs.sh --bootstrap-server {target} --describe --entity-type topics"

    def check(self, ctx: StepContext) -> bool:
        return not self._left(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        wanted = {t: own for t, own in self._wanted(ctx).items() if t in self._left(ctx)}
        ctx.check_authority()
        ctx.target.topics.change(wanted)
        wait_until_none(ctx, "the settings are shown", lambda: self._left(ctx), within=15)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        if left := self._left(ctx):
            raise StepFailed(f"{ctx.target.name}: settings of {', '.join(left)} are not what they were")
        return {"topics": self._wanted(ctx)}

    def _wanted(self, ctx: StepContext) -> dict[str, dict[str, str | None]]:
        return retention.before(ctx.world, ctx.target.name)

    def _left(self, ctx: StepContext) -> list[str]:
        wanted = self._wanted(ctx)
        found = retention.settings(ctx.target, tuple(wanted))
        return [topic for topic, own in wanted.items() if found.get(topic) != own]
