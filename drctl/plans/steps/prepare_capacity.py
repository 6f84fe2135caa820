"""prepare-capacity."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.model.scaling import Scalable
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.scaling import scaling_at, shift_now
from drctl.plans.waiting import wait_until_none


class PrepareCapacity(Step):
    """Scale up at the target, while nothing is stopped yet, what the shift that is on demands and may run at a standby.

    These are Deployments that a shift names and no workload does, and node pools where the plan file lets drctl scale
    them (`scaleNodePools`). Nothing is ever scaled down, on the way back neither. New brokers hold no partition until
    somebody rebalances.
    """

    name: ClassVar[str] = "prepare-capacity"
    title: ClassVar[str] = "Scale up what the target needs before it serves"
    at: ClassVar[Place] = Place.TARGET
    look: ClassVar[str] = "drctl status"

    def check(self, scene: Scene) -> bool:
        return not self._short(scene)

    def remember(self, scene: Scene) -> Evidence:
        shift = shift_now(scene.world)
        due = {str(what): replicas for what, replicas in self._due(scene).items()}
        return {"shift": shift.name if shift else None, "replicas": due}

    def do(self, scene: Scene) -> Evidence:
        scaling = scaling_at(scene.target)
        for what, replicas in self._due(scene).items():
            if scaling.state(what).wanted < replicas:
                scene.in_charge()
                scaling.scale(what, replicas)
        wait_until_none(scene, "the target has what it needs", lambda: self._short(scene))
        return {}

    def verify(self, scene: Scene) -> Evidence:
        if short := self._short(scene):
            raise StepFailed(f"{scene.target.name}: {'; '.join(short)}", remedy="see what scales it down")
        return {"replicas": {str(what): replicas for what, replicas in self._due(scene).items()}}

    def _due(self, scene: Scene) -> dict[Scalable, int]:
        """What the shift demands now, or demanded when this step began."""
        plan, shift = scene.world.plan, shift_now(scene.world)
        if plan.capacity is None or shift is None:
            return {}
        pools = plan.node_pools(scene.target.name) if plan.capacity.scales_pools else ()
        demanded: dict[str, int] = scene.remembered.get(self.name, {}).get("replicas") or {
            **{str(what): n for what in plan.deployments_ahead() if (n := shift.demand.deployments.get(what.name))},
            **{str(what): n for what in pools if (n := shift.demand.node_pools.get(what.name))},
        }
        return {what: demanded[str(what)] for what in (*plan.deployments_ahead(), *pools) if str(what) in demanded}

    def _short(self, scene: Scene) -> list[str]:
        states = {what: (scaling_at(scene.target).state(what), n) for what, n in self._due(scene).items()}
        return [
            f"{what} has {seen.available} of {replicas} replicas"
            for what, (seen, replicas) in states.items()
            if not seen.has(replicas)
        ]
