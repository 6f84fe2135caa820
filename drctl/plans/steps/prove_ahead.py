"""prove-ahead."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.model.translation import Translated
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.positions import translate_committed
from drctl.plans.under_way import wait_for_sync


class ProveAhead(Step):
    """Translate and prove every position as it is now, while the applications still work.

    What has not moved until the handover needs no comparing then: the pause of the applications gets shorter. Nothing
    is decided here: a position that cannot be proven yet may be by then. Where the service keeps the positions at
    the target, this ends 15 s after the epoch was raised at the earliest: a commit that it sent before has arrived by
    then.
    """

    name: ClassVar[str] = "prove-ahead"
    title: ClassVar[str] = "Prove the groups' positions ahead of the pause"
    at: ClassVar[Place] = Place.BOTH
    look: ClassVar[str] = "drctl groups translate"

    def check(self, scene: Scene) -> bool:
        return self.name in scene.seen

    def do(self, scene: Scene) -> Evidence:
        own, there = scene.held()
        answers = translate_committed(
            scene.world, scene.source.name, scene.target.name, own, there, proofs=scene.proofs
        )
        each = [answer for found in answers.values() for answer in found.values()]
        proven = sum(isinstance(answer, Translated) for answer in each)
        scene.say(f"{proven} of {len(each)} positions proven ahead")
        wait_for_sync(scene)  # here nobody waits for it; the handover would, in the pause
        return {"positions": len(each), "proven": proven}

    def verify(self, scene: Scene) -> Evidence:
        return scene.seen[self.name]
