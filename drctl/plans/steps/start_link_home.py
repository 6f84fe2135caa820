"""start-link-home."""

from collections.abc import Mapping
from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.plans import evidence
from drctl.plans.linking import start_from
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.recreations import standing
from drctl.plans.steps.check_homecoming import CheckHomecoming, open_doors


class StartLinkHome(Step):
    """Start the link to the old site from exactly where the failover opened the other one, so that only new records go.

    The old site must refuse everybody but the replication principal, asked once more right before; both directions
    never run at once. The records that come home lie behind the stranded tail. A topic that was made anew comes home
    whole, from where the serving site's log begins.
    """

    name: ClassVar[str] = "start-link-home"
    title: ClassVar[str] = "Start the link to the old site from the handover point"
    at: ClassVar[Place] = Place.TARGET
    look: ClassVar[str] = 'curl "{target.connect}/connectors?expand=status"'

    def check(self, scene: Scene) -> bool:
        return scene.forward.replication.status().working

    def do(self, scene: Scene) -> Evidence:
        if reasons := list(open_doors(scene)):
            raise StepFailed("; ".join(reasons), remedy="salvage again: it fences the site")
        start_from(scene, scene.forward, scene.home, self._ends(scene))
        return {}

    def verify(self, scene: Scene) -> Evidence:
        connectors = scene.forward.replication.status().connectors
        return {"from": evidence.written(self._ends(scene)), "connectors": {c.name: c.state.value for c in connectors}}

    def _ends(self, scene: Scene) -> Mapping[TopicPartition, int]:
        whole = standing(scene.world, scene.target.name)
        ends = evidence.read(scene.seen[CheckHomecoming.name]["ends"])
        return {p: end for p, end in ends.items() if p.topic not in whole}
