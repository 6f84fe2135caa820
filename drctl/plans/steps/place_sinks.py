"""place-sinks."""

from typing import ClassVar

from drctl.errors import NotFound
from drctl.model.link import ConnectorState
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Scene, Step


class PlaceSinks(Step):
    """Create the sink connectors at the target, STOPPED, with the configuration that they have at the source.

    A connector that exists there keeps its own configuration: its database may be another one. Only names are written
    down, for a configuration may hold secrets.
    """

    name: ClassVar[str] = "place-sinks"
    title: ClassVar[str] = "Place the sink connectors at the target, stopped"
    at: ClassVar[Place] = Place.TARGET
    look: ClassVar[str] = "drctl groups list"

    def check(self, scene: Scene) -> bool:
        return not self._absent(scene)

    def do(self, scene: Scene) -> Evidence:
        placed = self._absent(scene)
        for name in placed:
            config = scene.source.connectors.definition(name)
            if config is None:
                raise NotFound(
                    f"{scene.source.name}: there is no connector {name}", remedy="correct the sinks in the plan file"
                )
            scene.in_charge()
            scene.target.connectors.put(name, config, scene.in_charge)
        return {"placed": placed}

    def verify(self, scene: Scene) -> Evidence:
        return {"sinks": {name: scene.target.connectors.state(name).state.value for name in scene.sinks}}

    def _absent(self, scene: Scene) -> list[str]:
        return [name for name in scene.sinks if scene.target.connectors.state(name).state is ConnectorState.ABSENT]
