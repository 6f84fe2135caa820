"""close-consumers, of a handover."""

from typing import ClassVar, override

from drctl.model.run import Evidence
from drctl.plans.plan import Scene
from drctl.plans.steps.close_consumers import CloseConsumers
from drctl.plans.waiting import wait_until_none


class WaitUntilEmpty(CloseConsumers):
    """Wait until every group that is handed over is empty at the source.

    The front door stays where it is, for the others: who runs these consumers stops them. A group that does not empty
    is named with its members, their client ids and hosts.
    """

    title: ClassVar[str] = "Wait until the groups' consumers have left the source"

    @override
    def check(self, scene: Scene) -> bool:
        return not self._inside(scene)

    @override
    def do(self, scene: Scene) -> Evidence:
        wait_until_none(
            scene, "the groups are empty", lambda: self._inside(scene), remedy="stop these consumers and run it again"
        )
        return {}
