"""stop-sinks."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.link import ConnectorState
from drctl.model.run import Evidence
from drctl.plans.plan import Place, Scene, Step


class StopSinks(Step):
    """Stop the workload's sink connectors at the source, and wait until they have no task.

    Which of them ran is written down first: only these are started at the target.
    """

    name: ClassVar[str] = "stop-sinks"
    title: ClassVar[str] = "Stop the sink connectors at the source"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    look: ClassVar[str] = "drctl groups list"

    def check(self, scene: Scene) -> bool:
        return all(scene.source.connectors.state(name).halted for name in scene.sinks)

    def remember(self, scene: Scene) -> Evidence:
        states = {name: scene.source.connectors.state(name).state for name in scene.sinks}
        resting = (ConnectorState.STOPPED, ConnectorState.PAUSED, ConnectorState.ABSENT)
        return {"running": [name for name, state in states.items() if state not in resting]}

    def do(self, scene: Scene) -> Evidence:
        for name in scene.sinks:
            scene.in_charge()
            scene.source.connectors.stop(name, scene.in_charge)
        return {}

    def verify(self, scene: Scene) -> Evidence:
        states = {name: scene.source.connectors.state(name) for name in scene.sinks}
        busy = [name for name, seen in states.items() if not seen.halted]
        if busy:
            raise StepFailed(f"{scene.source.name}: not stopped: {', '.join(busy)}", remedy="look at the worker's log")
        return {"sinks": {name: seen.state.value for name, seen in states.items()}}


def that_ran(scene: Scene) -> list[str]:
    """Sinks that this run has stopped."""
    return list(scene.remembered.get(StopSinks.name, {}).get("running", ()))
