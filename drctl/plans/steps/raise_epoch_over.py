"""raise-epoch, of a failover."""

from typing import override

from drctl.model.run import Event, Evidence, RunState
from drctl.plans.plan import Scene
from drctl.plans.steps.raise_epoch import RaiseEpoch
from drctl.plans.takeover import others


class RaiseEpochOver(RaiseEpoch):
    """Raise the plan's epoch by one, in one atomic step. Whoever holds a lower one stops at its next change.

    So does the service that keeps the standby warm: from here on nobody else touches the groups. A move that was cut
    off, and that this run goes on from, is closed as superseded. The epoch stays raised when the run is turned back.
    """

    @override
    def check(self, scene: Scene) -> bool:
        return super().check(scene) and not others(scene.world, scene.run)

    @override
    def do(self, scene: Scene) -> Evidence:
        if not super().check(scene):
            super().do(scene)
        over = others(scene.world, scene.run)
        for run in over:
            scene.in_charge()
            body = {"state": RunState.SUPERSEDED.value, "by": scene.run.id}
            scene.world.journal.append(run.id, Event.RUN_ENDED, body=body)
            scene.world.journal.end(run.id, RunState.SUPERSEDED)
        return {"superseded": [run.id for run in over]}
