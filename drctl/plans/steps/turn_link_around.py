"""turn-link-around."""

from collections.abc import Mapping
from typing import ClassVar

from drctl.errors import Conflict
from drctl.model.link import ConnectorState
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.plans import evidence
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.steps.record_handover_point import RecordHandoverPoint
from drctl.plans.waiting import wait_until_none


class TurnLinkAround(Step):
    """Start the link home from exactly the handover point, so that nothing is copied that came from the old source.

    The old source stays fenced; only the replication principal writes there. Both directions never run at once.
    """

    name: ClassVar[str] = "turn-link-around"
    title: ClassVar[str] = "Start the link home from the handover point"
    at: ClassVar[Place] = Place.SOURCE
    look: ClassVar[str] = "curl CONNECT-WORKER-OF-{source}/connectors?expand=status"

    def check(self, scene: Scene) -> bool:
        return scene.home.replication.status().working

    def do(self, scene: Scene) -> Evidence:
        if not scene.forward.replication.status().halted:
            raise Conflict(
                f"link {scene.forward.link.name} is not stopped: both directions at once would copy in a circle",
                remedy=f"stop its connectors at {scene.target.name}'s Connect worker and run the command again",
            )
        home, ends = scene.home.replication, self._ends(scene)
        link = home.status().source
        ran_on = link.state is not ConnectorState.ABSENT and _copied_since(home.frontier(), ends)
        if link.halted and not ran_on:
            scene.in_charge()
            home.restart_from(ends)
        scene.in_charge()
        home.resume()
        wait_until_none(scene, "the link home works", lambda: self._idle(scene))
        return {}

    def verify(self, scene: Scene) -> Evidence:
        connectors = scene.home.replication.status().connectors
        return {"from": evidence.written(self._ends(scene)), "connectors": {c.name: c.state.value for c in connectors}}

    def _ends(self, scene: Scene) -> Mapping[TopicPartition, int]:
        return evidence.read(scene.seen[RecordHandoverPoint.name]["ends"])

    def _idle(self, scene: Scene) -> list[str]:
        status = scene.home.replication.status()
        return (
            [] if status.working else [f"{status.source.name} is {status.source.state} {status.source.trace}".strip()]
        )


def _copied_since(frontier: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]) -> bool:
    """Whether the link has gone beyond the point: to set it back there would copy records twice."""
    return any(offset > ends.get(partition, offset) for partition, offset in frontier.items())
