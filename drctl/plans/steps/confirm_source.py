"""confirm-source."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.step_evidence import group_positions
from drctl.plans.topic_identity import require_same_topics


class ConfirmSource(Step):
    """See that no group has committed at the source since its positions were handed over.

    A consumer that came back, read, committed and left would go unnoticed otherwise, and its records be read twice. A
    topic that was made anew at either site meanwhile holds other records than those positions are for.
    """

    name: ClassVar[str] = "confirm-source"
    title: ClassVar[str] = "Confirm that nobody has read on at the source"
    at: ClassVar[Place] = Place.SOURCE
    look: ClassVar[str] = "kafka-consumer-groups.sh --bootstrap-server {source} --describe --all-groups"

    def check(self, scene: Scene) -> bool:
        return not moved_at_source(scene)

    def do(self, scene: Scene) -> Evidence:  # noqa: ARG002 - what has happened cannot be undone here
        return {}

    def verify(self, scene: Scene) -> Evidence:
        moved = moved_at_source(scene)
        if moved:
            raise StepFailed(
                f"{scene.source.name}: groups have committed after their handover: {', '.join(moved[:5])}",
                remedy="stop their consumers at the source for good and run it again",
            )
        require_same_topics(scene)
        return {"groups": len(scene.groups)}


def moved_at_source(scene: Scene) -> list[str]:
    """Positions at the source that are not those that were handed over."""
    handed = group_positions(scene.seen)
    here = scene.positions(scene.source).now(tuple(handed))
    return [
        f"{group} {partition} from {line['here']} to {now[partition]}"
        for group, told in sorted(handed.items())
        for now in ({str(p): c.offset for p, c in here[group].items()},)
        for partition, line in sorted(told["positions"].items())
        if now.get(partition, line["here"]) != line["here"]
    ]
