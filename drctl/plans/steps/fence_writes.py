"""fence-writes."""

from typing import ClassVar

from drctl.model.fence import Scope
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Scene, Step


class FenceWrites(Step):
    """Deny every writer but the replication principals to write to any topic of the source.

    Users of the platform that the plan file names, and that can write nothing that moves, are left their own topics. A
    deny rule is applied to each request, also on open connections, and beats every allow rule. It does not bind super
    users. Transactional ids are not denied yet, so that live producers can end their open transactions.
    """

    name: ClassVar[str] = "fence-writes"
    title: ClassVar[str] = "Take the pen from the source's producers"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    look: ClassVar[str] = "kafka-acls.sh --bootstrap-server {source} --list --topic '*'"

    def check(self, scene: Scene) -> bool:
        return fencing.stand(scene, Scope.TOPICS)

    def remember(self, scene: Scene) -> Evidence:
        return {"stood before": fencing.standing(scene, Scope.TOPICS)}

    def do(self, scene: Scene) -> Evidence:
        fencing.put_up(scene, Scope.TOPICS)
        return {}

    def verify(self, scene: Scene) -> Evidence:
        return {"denied": fencing.require(scene, Scope.TOPICS)}
