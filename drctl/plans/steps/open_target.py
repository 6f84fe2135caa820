"""open-target."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import OPEN_TARGET, Place, Scene, Step
from drctl.plans.waiting import wait_until_none


class OpenTarget(Step):
    """Lift the fence at the target. From here on records may exist that are only there, so there is no turning back.

    Only rules that drctl made are lifted; those of somebody else stay, and are named.
    """

    name: ClassVar[str] = OPEN_TARGET
    title: ClassVar[str] = "Open the target for writing"
    at: ClassVar[Place] = Place.TARGET
    look: ClassVar[str] = "kafka-acls.sh --bootstrap-server {target} --list"

    def check(self, scene: Scene) -> bool:
        return not fencing.own(scene.target)

    def do(self, scene: Scene) -> Evidence:
        scene.in_charge()
        lifted = fencing.own(scene.target)
        scene.target.fence.lift(lifted)
        return {"lifted": sorted({denial.principal for denial in lifted})}

    def verify(self, scene: Scene) -> Evidence:
        fence = scene.target.fence
        wait_until_none(scene, "the target takes writes", lambda: [c.answer] if (c := fence.canary()).refused else [])
        return {"canary": "written", "left as they are": fencing.of_others(scene.target)}
