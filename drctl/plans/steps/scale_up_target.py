"""scale-up-target."""

from typing import ClassVar

from drctl.errors import DeadlinePassed, DrctlError
from drctl.model.run import Evidence
from drctl.model.scaling import Scalable
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.scaling import numbers, scaling_at, taken_along
from drctl.plans.waiting import wait_until_none


class ScaleUpTarget(Step):
    """Scale the workload's Deployments and StatefulSets at the target up, and wait until as many can work.

    How many: what the shift that is on says, else what the source had, else what the target's own object tells. One
    that was at 0 at the source stays at 0. One that cannot be scaled, or does not come up in time, is noted with its
    reason and is no failure of the run: its position waits for it.
    """

    name: ClassVar[str] = "scale-up-target"
    title: ClassVar[str] = "Scale the workload's Deployments at the target up"
    at: ClassVar[Place] = Place.TARGET
    look: ClassVar[str] = "kubectl get deployments,statefulsets,pods"

    def check(self, scene: Scene) -> bool:
        if self.name not in scene.remembered:
            return not taken_along(scene)
        return not self._short(scene) and not any(self._is_kept(scene, what) for what in self._due(scene))

    def remember(self, scene: Scene) -> Evidence:
        found = numbers(scene)
        return {
            "replicas": {label: number.replicas for label, number in found.items()},
            "said by": {label: number.said_by for label, number in found.items()},
        }

    def do(self, scene: Scene) -> Evidence:
        scaling, refused = scaling_at(scene.target), dict[str, str]()
        for what, replicas in self._due(scene).items():
            scene.in_charge()
            try:
                if scaling.state(what).wanted < replicas:
                    scaling.scale(what, replicas)
            except DrctlError as error:
                refused[str(what)] = str(error)
                scene.say(str(error))
        try:
            wait_until_none(
                scene,
                "the replicas are available",
                lambda: [f"{each}: {why}" for each, why in self._short(scene).items() if each not in refused],
            )
        except DeadlinePassed as late:
            scene.say(str(late))
        for what in self._due(scene):
            if str(what) not in refused and self._is_kept(scene, what):
                scene.in_charge()
                scaling.keep(what, None)
        return {"refused": refused} if refused else {}

    def verify(self, scene: Scene) -> Evidence:
        told = scene.remembered.get(self.name, {"replicas": {}, "said by": {}})
        why = self._short(scene)
        why |= {each: told["said by"][each] for each, replicas in told["replicas"].items() if replicas is None}
        return told | {"not available": why | scene.seen.get(self.name, {}).get("refused", {})}

    def _due(self, scene: Scene) -> dict[Scalable, int]:
        told = scene.remembered[self.name]["replicas"]
        return {what: n for what in taken_along(scene) if (n := told.get(str(what))) is not None}

    def _short(self, scene: Scene) -> dict[str, str]:
        """Those that have fewer replicas than they are to have, each with why. An autoscaler may have taken some."""
        found = {}
        for what, replicas in self._due(scene).items() if self.name in scene.remembered else ():
            try:
                seen = scaling_at(scene.target).state(what)
                if not seen.has(min(replicas, seen.wanted or replicas)):
                    found[str(what)] = f"{seen.available} of {replicas} replicas are available"
            except DrctlError as error:
                found[str(what)] = str(error)
        return found

    @staticmethod
    def _is_kept(scene: Scene, what: Scalable) -> bool:
        try:
            return scaling_at(scene.target).state(what).kept is not None
        except DrctlError:
            return False
