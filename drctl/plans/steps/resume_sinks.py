"""resume-sinks."""

from typing import ClassVar

from drctl.model.run import Evidence
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.steps.stop_sinks import that_ran


class ResumeSinks(Step):
    """Let the sink connectors at the source run on that this run has stopped."""

    name: ClassVar[str] = "resume-sinks"
    title: ClassVar[str] = "Let the sink connectors at the source run on"
    at: ClassVar[Place] = Place.SOURCE
    look: ClassVar[str] = "drctl groups list"

    def check(self, scene: Scene) -> bool:
        return not any(scene.source.connectors.state(name).halted for name in that_ran(scene))

    def do(self, scene: Scene) -> Evidence:
        for name in that_ran(scene):
            scene.in_charge()
            scene.source.connectors.resume(name, scene.in_charge)
        return {}

    def verify(self, scene: Scene) -> Evidence:
        return {"sinks": {name: scene.source.connectors.state(name).state.value for name in that_ran(scene)}}
