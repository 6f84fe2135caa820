"""scale-down-source, of a failover."""

from typing import ClassVar, override

from drctl.errors import DrctlError, Refused
from drctl.model.run import Evidence
from drctl.plans.plan import Scene
from drctl.plans.steps.scale_down_source import ScaleDownSource, replicas_before


class ScaleDownWhatAnswers(ScaleDownSource):
    """Scale the workload's Deployments at the left site to 0, if its Kubernetes answers.

    The work goes on at the target whatever comes of it, so this is one of the last steps; what could not be scaled down
    is named with its reason. Its pods are at work at the old site still, or come back with it.
    """

    title: ClassVar[str] = "Scale the workload's Deployments at the left site to 0"
    lasting: ClassVar[bool] = False

    @override
    def check(self, scene: Scene) -> bool:
        try:
            return super().check(scene)
        except DrctlError:
            return self.name in scene.seen

    @override
    def remember(self, scene: Scene) -> Evidence:
        try:
            return {"replicas": replicas_before(scene)}
        except DrctlError:
            return {"replicas": {}}

    @override
    def do(self, scene: Scene) -> Evidence:
        try:
            return super().do(scene)
        except Refused:
            raise
        except DrctlError as error:
            scene.say(str(error))
            return {"left as they are": str(error)}

    @override
    def verify(self, scene: Scene) -> Evidence:
        try:
            return super().verify(scene)
        except DrctlError as error:
            return {"left as they are": str(error)}
