"""start-sinks."""

from typing import ClassVar

from drctl.errors import DeadlinePassed
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.steps.stop_sinks import that_ran
from drctl.plans.waiting import wait_until_none


class StartSinks(Step):
    """Start the sink connectors at the target that ran at the source, from the positions of their groups.

    One that does not work there is noted with its reason and is no failure of the run: its position waits for it.
    """

    name: ClassVar[str] = "start-sinks"
    title: ClassVar[str] = "Start the sink connectors at the target"
    at: ClassVar[Place] = Place.TARGET
    look: ClassVar[str] = "drctl groups list"

    def check(self, scene: Scene) -> bool:
        return not self._idle(scene)

    def do(self, scene: Scene) -> Evidence:
        for name in self._startable(scene):
            scene.in_charge()
            scene.target.connectors.resume(name, scene.in_charge)
        try:
            wait_until_none(scene, "the sinks work", lambda: self._waited_for(scene))
        except DeadlinePassed as late:
            scene.say(str(late))
        return {}

    def verify(self, scene: Scene) -> Evidence:
        return {"not working": self._idle(scene)}

    def _startable(self, scene: Scene) -> list[str]:
        return that_ran(scene)

    def _idle(self, scene: Scene) -> dict[str, str]:
        states = {name: scene.target.connectors.state(name) for name in that_ran(scene)}
        return {name: seen.reason or str(seen.state) for name, seen in states.items() if not seen.working}

    def _waited_for(self, scene: Scene) -> list[str]:
        states = (scene.target.connectors.state(name) for name in self._startable(scene))
        return [f"{seen.name} is {seen.state}" for seen in states if not seen.working and not seen.reason]
