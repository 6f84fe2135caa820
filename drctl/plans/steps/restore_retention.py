"""restore-retention."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans import retention
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.waiting import wait_until_none


class RestoreRetention(Step):
    """Give the topics of the site that is home again the retention and compaction back that they had before."""

    name: ClassVar[str] = "restore-retention"
    title: ClassVar[str] = "Give the topics their retention back"
    at: ClassVar[Place] = Place.TARGET
    look: ClassVar[str] = "kafka-configs.sh --bootstrap-server {target} --describe --entity-type topics"

    def check(self, scene: Scene) -> bool:
        return not self._left(scene)

    def do(self, scene: Scene) -> Evidence:
        wanted = {t: own for t, own in self._wanted(scene).items() if t in self._left(scene)}
        scene.in_charge()
        scene.target.topics.change(wanted)
        wait_until_none(scene, "the settings are shown", lambda: self._left(scene), within=15)
        return {}

    def verify(self, scene: Scene) -> Evidence:
        if left := self._left(scene):
            raise StepFailed(f"{scene.target.name}: settings of {', '.join(left)} are not what they were")
        return {"topics": self._wanted(scene)}

    def _wanted(self, scene: Scene) -> dict[str, dict[str, str | None]]:
        return retention.before(scene.world, scene.target.name)

    def _left(self, scene: Scene) -> list[str]:
        wanted = self._wanted(scene)
        found = retention.settings(scene.target, tuple(wanted))
        return [topic for topic, own in wanted.items() if found.get(topic) != own]
