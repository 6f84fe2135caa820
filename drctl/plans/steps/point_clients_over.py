"""point-clients-over."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Scene, Step


class PointClientsOver(Step):
    """Point the front door at the target: producers and consumers go there."""

    name: ClassVar[str] = "point-clients-over"
    title: ClassVar[str] = "Send the clients to the target"
    at: ClassVar[Place] = Place.TARGET
    lasting: ClassVar[bool] = True
    look: ClassVar[str] = "cat front-door.json"

    def check(self, scene: Scene) -> bool:
        return scene.world.front_door.site() == scene.target.name

    def do(self, scene: Scene) -> Evidence:
        scene.in_charge()
        scene.world.front_door.point_to(scene.target.name)
        return {}

    def verify(self, scene: Scene) -> Evidence:
        site = scene.world.front_door.site()
        if site != scene.target.name:
            raise StepFailed(f"the front door points to {site}, not to {scene.target.name}")
        return {"front door": site}
