"""turn-link-around."""

from collections.abc import Mapping
from typing import ClassVar

from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.plans import evidence
from drctl.plans.linking import Point, start_from, was_set
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.step_evidence import HandoverPoint, left
from drctl.plans.steps.read_handover_point import ReadHandoverPoint


class TurnLinkAround(Step):
    """Start the link home from exactly the handover point, so that nothing is copied that came from the old source.

    The old source stays fenced; only the replication principal writes there. Both directions never run at once.
    That the point was set is journaled: a link home that somebody else has started counts for nothing.
    Clients do not wait for it: where the old site does not answer, or holds what it should not, the run ends and this
    is pending.
    """

    name: ClassVar[str] = "turn-link-around"
    title: ClassVar[str] = "Start the link home from the handover point"
    at: ClassVar[Place] = Place.SOURCE
    may_end_pending: ClassVar[bool] = True
    look: ClassVar[str] = 'curl "{source.connect}/connectors?expand=status"'

    def check(self, scene: Scene) -> bool:
        return scene.home.replication.status().working and was_set(scene.world, scene.home, self._move(scene))

    def do(self, scene: Scene) -> Evidence:
        point = Point(self.name, self._move(scene), self._ends(scene))
        start_from(scene, scene.home, scene.forward, point)
        return {}

    def verify(self, scene: Scene) -> Evidence:
        connectors = scene.home.replication.status().connectors
        return {"from": evidence.written(self._ends(scene)), "connectors": {c.name: c.state.value for c in connectors}}

    def _move(self, scene: Scene) -> str:
        """The run whose handover point it is: this one, or the one that a reversal makes up for."""
        return str(scene.seen.get(ReadHandoverPoint.name, {}).get("move", scene.run.id))

    def _ends(self, scene: Scene) -> Mapping[TopicPartition, int]:
        return left(HandoverPoint, scene.seen).ends
