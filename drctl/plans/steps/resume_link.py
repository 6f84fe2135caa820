"""resume-link."""

from typing import ClassVar

from drctl.model.link import LinkStatus
from drctl.model.run import Evidence
from drctl.plans.linking import idle
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.steps.check_gates import CheckGates
from drctl.plans.steps.stop_link import StopLink
from drctl.plans.waiting import wait_until_none


class ResumeLink(Step):
    """Let the link to the target run on from where this run stopped it.

    A link that stands still was stopped by this run, whether its journal still knows that or not: the gates want it to
    run.
    """

    name: ClassVar[str] = "resume-link"
    title: ClassVar[str] = "Let the link to the target run on"
    at: ClassVar[Place] = Place.TARGET
    look: ClassVar[str] = "drctl status -o wide"

    def check(self, scene: Scene) -> bool:
        status = scene.forward.replication.status()
        return status.working or (StopLink.name not in scene.remembered and not self._stood_still(scene, status))

    def do(self, scene: Scene) -> Evidence:
        scene.in_charge()
        scene.forward.replication.resume(scene.in_charge)
        wait_until_none(scene, "the link works", lambda: self._idle(scene))
        return {}

    def verify(self, scene: Scene) -> Evidence:
        return {"connectors": {c.name: c.state.value for c in scene.forward.replication.status().connectors}}

    def _stood_still(self, scene: Scene, status: LinkStatus) -> bool:
        return CheckGates.name in scene.seen and status.halted

    def _idle(self, scene: Scene) -> list[str]:
        return idle(scene.forward)
