"""point-clients-back."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.steps.close_consumers import CloseConsumers


class PointClientsBack(Step):
    """Point the front door to where it pointed before: the consumers go on at the source where they left off."""

    name: ClassVar[str] = "point-clients-back"
    title: ClassVar[str] = "Send the clients back to the source"
    at: ClassVar[Place] = Place.SOURCE
    look: ClassVar[str] = "cat front-door.json"

    def check(self, scene: Scene) -> bool:
        return scene.world.front_door.site() == self._before(scene)

    def do(self, scene: Scene) -> Evidence:
        scene.in_charge()
        scene.world.front_door.point_to(self._before(scene))
        return {}

    def verify(self, scene: Scene) -> Evidence:
        site = scene.world.front_door.site()
        if site != self._before(scene):
            raise StepFailed(f"the front door points to {site}, not to {self._before(scene)}")
        return {"front door": site}

    def _before(self, scene: Scene) -> str:
        """Where it pointed before this run closed it; where it points if this run did not.

        A closed front door was closed by this run, whether its journal still knows that or not: the gates want it open.
        """
        closed = scene.remembered.get(CloseConsumers.name)
        site: str | None = closed["front door"] if closed else scene.world.front_door.site()
        return site or scene.source.name
