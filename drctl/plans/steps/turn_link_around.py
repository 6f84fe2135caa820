"""turn-link-around."""

from collections.abc import Mapping
from typing import ClassVar

from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.plans import evidence
from drctl.plans.linking import start_from
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.steps.record_handover_point import RecordHandoverPoint


class TurnLinkAround(Step):
    """Start the link home from exactly the handover point, so that nothing is copied that came from the old source.

    The old source stays fenced; only the replication principal writes there. Both directions never run at once.
    Clients do not wait for it: where the old site does not answer, or holds what it should not, the run ends and this
    is pending.
    """

    name: ClassVar[str] = "turn-link-around"
    title: ClassVar[str] = "Start the link home from the handover point"
    at: ClassVar[Place] = Place.SOURCE
    may_end_pending: ClassVar[bool] = True
    look: ClassVar[str] = 'curl "{source.connect}/connectors?expand=status"'

    def check(self, scene: Scene) -> bool:
        return scene.home.replication.status().working

    def do(self, scene: Scene) -> Evidence:
        start_from(scene, scene.home, scene.forward, self._ends(scene))
        return {}

    def verify(self, scene: Scene) -> Evidence:
        connectors = scene.home.replication.status().connectors
        return {"from": evidence.written(self._ends(scene)), "connectors": {c.name: c.state.value for c in connectors}}

    def _ends(self, scene: Scene) -> Mapping[TopicPartition, int]:
        return evidence.read(scene.seen[RecordHandoverPoint.name]["ends"])
