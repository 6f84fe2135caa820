"""fence-transactions."""

from typing import ClassVar

from drctl.model.fence import Scope
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Scene, Step


class FenceTransactions(Step):
    """Deny the same principals their transactional ids.

    Denying topics alone is not enough: a transaction that was open before could still be committed, and records would
    appear behind the fence.
    """

    name: ClassVar[str] = "fence-transactions"
    title: ClassVar[str] = "Deny commits of transactions that are still open"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    look: ClassVar[str] = "kafka-acls.sh --bootstrap-server {source} --list --transactional-id '*'"

    def check(self, scene: Scene) -> bool:
        return fencing.stand(scene, Scope.TRANSACTIONAL_IDS)

    def remember(self, scene: Scene) -> Evidence:
        return {"stood before": fencing.standing(scene, Scope.TRANSACTIONAL_IDS)}

    def do(self, scene: Scene) -> Evidence:
        fencing.put_up(scene, Scope.TRANSACTIONAL_IDS)
        return {}

    def verify(self, scene: Scene) -> Evidence:
        return {"denied": fencing.require(scene, Scope.TRANSACTIONAL_IDS)}
