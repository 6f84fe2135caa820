"""drain-link."""

from typing import ClassVar

from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.plans.frontier import doubted
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.step_evidence import DrainedLink
from drctl.plans.waiting import wait_until_none


class DrainLink(Step):
    """Wait until every record of the source is at the target.

    Drained means that no *data* record lies between the link's frontier and the source's end. Comparing offsets would
    wait for ever: the last offsets of a partition are often transaction markers, which are not copied. The frontier
    itself is held against the target's log: a partition whose records are not there is not drained, whatever Connect
    says.
    """

    name: ClassVar[str] = DrainedLink.step
    title: ClassVar[str] = "Wait until every record is at the target"
    at: ClassVar[Place] = Place.BOTH
    look: ClassVar[str] = "drctl status -o wide"

    def check(self, scene: Scene) -> bool:
        return not self._missing(scene)

    def do(self, scene: Scene) -> Evidence:
        wait_until_none(
            scene,
            "the link has copied everything",
            lambda: self._missing(scene),
            remedy="look at the link with `drctl status -o wide` and at its Connect worker's log",
        )
        return {}

    def verify(self, scene: Scene) -> Evidence:
        frontier = scene.forward.replication.frontier()
        partitions = scene.partitions(scene.source)
        ends = {p: b.stable for p, b in scene.source.records.bounds(partitions).items()}
        return DrainedLink({p: frontier[p] for p in partitions if p in frontier}, ends).to_json()

    def _missing(self, scene: Scene) -> list[str]:
        """What is not copied; once nothing is said to be left, what contradicts that."""
        if left := self._left(scene):
            return left
        world = scene.world
        return [f"{d.partition} ({d.detail})" for d in doubted(world, scene.source.name, scene.target.name)]

    def _left(self, scene: Scene) -> list[str]:
        """Partitions with uncopied records, each with how many there are at most."""
        frontier = scene.forward.replication.frontier()
        bounds = scene.source.records.bounds(scene.partitions(scene.source))
        behind: dict[TopicPartition, int] = {}
        for partition, there in sorted(bounds.items()):
            begin = max(frontier.get(partition, 0), there.start)
            if begin < there.stable and scene.source.records.following(partition, begin, 1):
                behind[partition] = there.stable - begin
        return [f"{partition} (at most {count} records)" for partition, count in behind.items()]
