"""raise-epoch."""

from typing import ClassVar

from drctl.errors import Superseded
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Scene, Step


class RaiseEpoch(Step):
    """Raise the plan's epoch by one, in one atomic step. Whoever holds a lower one stops at its next change.

    It stays raised when the run is turned back.
    """

    name: ClassVar[str] = "raise-epoch"
    title: ClassVar[str] = "Raise the epoch, so that only this run may act"
    at: ClassVar[Place] = Place.BOTH
    lasting: ClassVar[bool] = True
    look: ClassVar[str] = "drctl status -o wide"

    def check(self, scene: Scene) -> bool:
        return scene.world.epochs.current() == scene.run.epoch

    def do(self, scene: Scene) -> Evidence:
        scene.in_charge()
        scene.world.epochs.raise_to(scene.run.epoch, expected=scene.run.epoch - 1)
        scene.raised_at = scene.world.clock.monotonic()
        return {}

    def verify(self, scene: Scene) -> Evidence:
        current = scene.world.epochs.current()
        if current != scene.run.epoch:
            raise Superseded(f"the epoch is {current}, ours is {scene.run.epoch}: someone newer has decided")
        return {"epoch": current}
