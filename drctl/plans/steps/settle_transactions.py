"""settle-transactions."""

from typing import ClassVar

from drctl.errors import DeadlinePassed
from drctl.model.fence import Scope
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.waiting import wait_until_none

_GRACE = 5.0


class SettleTransactions(Step):
    """Give live producers a few seconds to commit or abort the transactions that were open when the fence came.

    What is still open afterwards is aborted by its coordinator when its timeout passes; prove-fence waits for that.
    """

    name: ClassVar[str] = "settle-transactions"
    title: ClassVar[str] = "Let open transactions end"
    at: ClassVar[Place] = Place.SOURCE
    look: ClassVar[str] = "kafka-transactions.sh --bootstrap-server {source} list"

    def check(self, scene: Scene) -> bool:
        return fencing.stand(scene, Scope.TRANSACTIONAL_IDS) or not self._open(scene)

    def do(self, scene: Scene) -> Evidence:
        try:
            wait_until_none(scene, "open transactions end", lambda: self._open(scene), within=_GRACE)
        except DeadlinePassed:
            scene.say("some transactions stay open: their coordinators will abort them")
        return {}

    def verify(self, scene: Scene) -> Evidence:
        return {"still open": self._open(scene)}

    def _open(self, scene: Scene) -> list[str]:
        return fencing.open_transactions(scene.source, scene.partitions(scene.source))
