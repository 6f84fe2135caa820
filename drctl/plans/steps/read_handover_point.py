"""read-handover-point."""

from dataclasses import dataclass
from typing import ClassVar

from drctl.errors import Refused
from drctl.model.fence import Scope
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.pending import evidence_of, pending_reversal
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.step_evidence import FenceProof, HandoverPoint, left
from drctl.plans.steps.prove_fence import refuse


@dataclass(frozen=True, slots=True)
class ReadHandoverPoint(Step):
    """Read from the journal where the move that is made up for left both sites, and hold the old one to it.

    Its logs must end where its fence was proven: a record behind that was copied by nobody, and the link home would
    leave it lying there unseen.
    """

    move: str
    name: ClassVar[str] = "read-handover-point"
    title: ClassVar[str] = "Read where the move left both sites"
    at: ClassVar[Place] = Place.SOURCE
    look: ClassVar[str] = "drctl runs show --evidence"

    def check(self, scene: Scene) -> bool:  # noqa: ARG002 - read again by every process, for the steps that follow
        return False

    def do(self, scene: Scene) -> Evidence:
        owed = pending_reversal(scene.world)
        if owed is None or owed.run.id != self.move:
            raise Refused("replication home is not pending: nothing is to be made up for", remedy="see 'drctl status'")
        if scene.world.front_door.site() == scene.source.name:
            raise Refused(
                f"clients are sent to {scene.source.name}: replication to it cannot begin", remedy="see 'drctl status'"
            )
        before = evidence_of(scene.world, self.move)
        for name in (FenceProof.step, HandoverPoint.step):
            scene.seen[name] = before[name]
        return {"move": self.move, "was pending": owed.why}

    def verify(self, scene: Scene) -> Evidence:
        # A site that is open is closed first; one that is closed and has grown is left as it is, epoch and all.
        closed = all(fencing.stand(scene, scope) for scope in Scope)
        if closed and scene.home.replication.status().copies_nothing:
            refuse(scene, fencing.growth(scene.source, left(FenceProof, scene.seen).ends))
        return {"was closed": closed}
