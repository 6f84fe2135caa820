"""scale-back-source."""

from typing import ClassVar, override

from drctl.errors import DeadlinePassed, DrctlError
from drctl.model.run import Evidence
from drctl.model.scaling import Scalable
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.scaling import SCALE_DOWN, scaling_at, taken_along
from drctl.plans.waiting import wait_until_none


class ScaleBackSource(Step):
    """Scale the Deployments and StatefulSets at the source up again that this run has scaled down, to what they had.

    One that is not available in time is named; Kubernetes goes on trying.
    """

    name: ClassVar[str] = "scale-back-source"
    title: ClassVar[str] = "Scale the workload's Deployments at the source up again"
    at: ClassVar[Place] = Place.SOURCE
    look: ClassVar[str] = "kubectl get deployments,statefulsets,pods"

    def check(self, scene: Scene) -> bool:
        states = {what: scaling_at(scene.source).state(what) for what in self._before(scene)}
        return not self._short(scene) and all(seen.kept is None for seen in states.values())

    def do(self, scene: Scene) -> Evidence:
        scaling, before = scaling_at(scene.source), self._before(scene)
        for what, replicas in before.items():
            if not scaling.state(what).wanted:
                scene.in_charge()
                scaling.scale(what, replicas)
        try:
            wait_until_none(scene, "the replicas are available", lambda: self._short(scene))
        except DeadlinePassed as late:
            scene.say(str(late))
        for what in before:
            scene.in_charge()
            scaling.keep(what, None)
        return {}

    def verify(self, scene: Scene) -> Evidence:
        replicas = {str(what): n for what, n in self._before(scene).items()}
        return {"replicas": replicas, "not available": self._short(scene)}

    def _before(self, scene: Scene) -> dict[Scalable, int]:
        """What this run has scaled down, or was about to, with what it had."""
        had = scene.remembered.get(SCALE_DOWN, {}).get("replicas", {})
        return {what: had[str(what)] for what in taken_along(scene) if had.get(str(what))}

    def _short(self, scene: Scene) -> list[str]:
        states = {what: scaling_at(scene.source).state(what) for what in self._before(scene)}
        return [
            f"{what} has {seen.available} of {seen.wanted} replicas"
            for what, seen in states.items()
            if not seen.wanted or not seen.has(seen.wanted)
        ]


class ScaleBackIfItAnswers(ScaleBackSource):
    """Scale the Deployments at the source up again that the run taken over has scaled down, unless it cannot be asked.

    These are named, and the annotation `drctl.io/replicas` on them says what they had.
    """

    @override
    def check(self, scene: Scene) -> bool:
        try:
            return super().check(scene)
        except DrctlError:
            return True

    @override
    def verify(self, scene: Scene) -> Evidence:
        try:
            return super().verify(scene)
        except DrctlError as error:
            return {"left as they are": [str(what) for what in self._before(scene)], "why": str(error)}
