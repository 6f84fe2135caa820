"""check-source-unmoved."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.step_evidence import group_positions
from drctl.plans.topic_identity import require_same_topics


class CheckSourceUnmoved(Step):
    """See that no group has committed at the source since its positions were handed over.

    A consumer that came back, read, committed and left would go unnoticed otherwise, and its records be read twice. A
    topic that was recreated at either site meanwhile holds other records than those positions are for.
    """

    name: ClassVar[str] = "check-source-unmoved"
    title: ClassVar[str] = "Confirm that nobody has read on at the source"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {source} --describe --all-groups"

    def check(self, ctx: StepContext) -> bool:
        return not moved_at_source(ctx)

    def do(self, ctx: StepContext) -> Evidence:  # noqa: ARG002 - what has happened cannot be undone here
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        moved = moved_at_source(ctx)
        if moved:
            raise StepFailed(
                f"{ctx.source.name}: groups have committed after their handover: {', '.join(moved[:5])}",
                remedy="stop their consumers at the source for good and run it again",
            )
        require_same_topics(ctx)
        return {"groups": len(ctx.groups)}


def moved_at_source(ctx: StepContext) -> list[str]:
    """List positions at the source that are not those that were handed over, or that nobody had there before."""
    handed = group_positions(ctx.evidence)
    here = ctx.positions(ctx.source).now(tuple(handed))
    topics = ctx.world.plan.topics_at(ctx.source.name)
    moved: list[str] = []
    for group, told in sorted(handed.items()):
        lines = told["positions"]
        for partition, committed in sorted(here[group].items()):
            before = lines[str(partition)]["here"] if str(partition) in lines else None
            if committed.offset != before and (before is not None or partition.topic in topics):
                origin = "no position" if before is None else before
                moved.append(f"{group} {partition} from {origin} to {committed.offset}")
    return moved
