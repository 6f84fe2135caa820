"""start-link-home."""

from collections.abc import Mapping
from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.plans import evidence
from drctl.plans.link_evidence import link_evidence
from drctl.plans.linking import Point, start_from, was_set
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.recreations import standing
from drctl.plans.steps.check_homecoming import CheckHomecoming, open_writers


class StartLinkHome(Step):
    """Start the link to the old site from exactly where the failover opened the other one, so that only new records go.

    The old site must refuse everybody but the replication principal, asked once more right before; both directions
    never run at once. The records that come home lie behind the stranded tail. A topic that was recreated comes home
    whole, from where the serving site's log begins.
    """

    name: ClassVar[str] = "start-link-home"
    title: ClassVar[str] = "Start the link to the old site from the handover point"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = 'curl "{target.connect}/connectors?expand=status"'

    def check(self, ctx: StepContext) -> bool:
        return ctx.forward.replication.status().working and was_set(ctx.world, ctx.forward, self._failover(ctx))

    def do(self, ctx: StepContext) -> Evidence:
        if reasons := list(open_writers(ctx)):
            raise StepFailed("; ".join(reasons), remedy="salvage again: it fences the site")
        point = Point(self.name, self._failover(ctx), self._ends(ctx))
        return start_from(ctx, ctx.forward, ctx.home, point)

    def verify(self, ctx: StepContext) -> Evidence:
        return {"from": evidence.to_json(self._ends(ctx))} | link_evidence(ctx.forward.replication.status())

    def _failover(self, ctx: StepContext) -> str:
        return str(ctx.evidence[CheckHomecoming.name]["failover"])

    def _ends(self, ctx: StepContext) -> Mapping[TopicPartition, int]:
        whole = standing(ctx.world, ctx.target.name)
        ends = evidence.from_json(ctx.evidence[CheckHomecoming.name]["ends"])
        return {p: end for p, end in ends.items() if p.topic not in whole}
