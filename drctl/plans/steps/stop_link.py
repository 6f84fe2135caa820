"""stop-link."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.waiting import wait_until_none


class StopLink(Step):
    """Stop the link to the target, so that nothing is appended behind the records that clients will write there."""

    name: ClassVar[str] = "stop-link"
    title: ClassVar[str] = "Stop the link to the target"
    at: ClassVar[Place] = Place.TARGET
    lasting: ClassVar[bool] = True
    look: ClassVar[str] = 'curl "{target.connect}/connectors?expand=status"'

    def check(self, scene: Scene) -> bool:
        return scene.forward.replication.status().halted

    def do(self, scene: Scene) -> Evidence:
        scene.in_charge()
        self._stop(scene)
        wait_until_none(scene, "the link has stopped", lambda: self._running(scene))
        return {}

    def verify(self, scene: Scene) -> Evidence:
        return {"connectors": {c.name: c.state.value for c in scene.forward.replication.status().connectors}}

    def _stop(self, scene: Scene) -> None:
        scene.forward.replication.stop(scene.in_charge)

    def _running(self, scene: Scene) -> list[str]:
        status = scene.forward.replication.status()
        return [] if status.halted else [f"{c.name} is {c.state} with {len(c.tasks)} tasks" for c in status.connectors]
