"""freeze-retention."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans import retention
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.waiting import wait_until_none


class FreezeRetention(Step):
    """Let the returned site delete and compact nothing: what was stranded there may be older than its retention by now.

    Both retentions are set to -1 and compaction is held off, on the topics that move; what was set before is journaled
    and given back by the failback. Brokers look at retention first 30 s after their start, then every five minutes:
    what they deleted before this step is gone, and the salvage tells how much.
    """

    name: ClassVar[str] = retention.FREEZE
    title: ClassVar[str] = "Let the returned site delete nothing"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    look: ClassVar[str] = "kafka-configs.sh --bootstrap-server {source} --describe --entity-type topics"

    def check(self, scene: Scene) -> bool:
        return retention.is_frozen(scene.source, _topics(scene))

    def remember(self, scene: Scene) -> Evidence:
        earlier = retention.before(scene.world, scene.source.name)
        return {"before": retention.settings(scene.source, _topics(scene)) | earlier}

    def do(self, scene: Scene) -> Evidence:
        scene.in_charge()
        scene.source.topics.change(dict.fromkeys(_topics(scene), retention.FROZEN))
        wait_until_none(scene, "nothing is deleted any more", lambda: self._moving(scene), within=15)
        return {}

    def verify(self, scene: Scene) -> Evidence:
        if left := self._moving(scene):
            raise StepFailed(
                f"{scene.source.name}: retention of {', '.join(left)} is not frozen",
                remedy="is something putting topic settings back, such as an operator's KafkaTopic resource?",
            )
        return {"topics": list(_topics(scene))}

    def _moving(self, scene: Scene) -> list[str]:
        found = retention.settings(scene.source, _topics(scene))
        return [topic for topic, own in found.items() if own != retention.FROZEN]


def _topics(scene: Scene) -> tuple[str, ...]:
    """Those that move and exist there."""
    return tuple(sorted({p.topic for p in scene.partitions(scene.source)}))
