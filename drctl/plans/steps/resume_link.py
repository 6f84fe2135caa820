"""resume-link."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.steps.stop_link import StopLink
from drctl.plans.waiting import wait_until_none


class ResumeLink(Step):
    """Let the link to the target run on from where this run stopped it."""

    name: ClassVar[str] = "resume-link"
    title: ClassVar[str] = "Let the link to the target run on"
    at: ClassVar[Place] = Place.TARGET
    look: ClassVar[str] = "drctl status -o wide"

    def check(self, scene: Scene) -> bool:
        return StopLink.name not in scene.remembered or scene.forward.replication.status().working

    def do(self, scene: Scene) -> Evidence:
        scene.in_charge()
        scene.forward.replication.resume()
        wait_until_none(scene, "the link works", lambda: self._idle(scene))
        return {}

    def verify(self, scene: Scene) -> Evidence:
        return {"connectors": {c.name: c.state.value for c in scene.forward.replication.status().connectors}}

    def _idle(self, scene: Scene) -> list[str]:
        status = scene.forward.replication.status()
        return (
            [] if status.working else [f"{status.source.name} is {status.source.state} {status.source.trace}".strip()]
        )
