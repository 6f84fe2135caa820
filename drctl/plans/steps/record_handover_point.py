"""record-handover-point."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.step_evidence import HandoverPoint, left
from drctl.plans.waiting import wait_until_none


class RecordHandoverPoint(Step):
    """Write the target's end offsets to the journal, before anybody may write there.

    The link home starts from exactly this point. Once the target is open it can no longer be measured, so a resumed
    run takes it from the journal.
    """

    name: ClassVar[str] = HandoverPoint.step
    title: ClassVar[str] = "Record where the link home will begin"
    at: ClassVar[Place] = Place.TARGET
    look: ClassVar[str] = "kafka-get-offsets.sh --bootstrap-server {target} --time latest"

    def check(self, scene: Scene) -> bool:
        return scene.crossed

    def do(self, scene: Scene) -> Evidence:
        partitions = scene.partitions(scene.target)
        wait_until_none(
            scene,
            "the link's last transaction has ended",
            lambda: fencing.open_transactions(scene.target, partitions),
            remedy="is somebody else writing at the target?",
        )
        bounds = scene.target.records.bounds(partitions)
        return HandoverPoint({p: b.stable for p, b in bounds.items()}).to_json()

    def verify(self, scene: Scene) -> Evidence:
        grown = fencing.growth(scene.target, left(HandoverPoint, scene.seen).ends)
        if grown:
            raise StepFailed(
                f"{scene.target.name}: {', '.join(map(str, grown))} grew while nobody may write there",
                remedy="find who writes at the target",
            )
        return {}
