"""scale-up-target."""

from typing import ClassVar

from drctl.errors import DeadlinePassed, DrctlError
from drctl.model.run import Evidence
from drctl.model.scaling import Scalable
from drctl.plans.plan import Place, Step, StepContext
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
    inspect: ClassVar[str] = "kubectl get deployments,statefulsets,pods"

    def check(self, ctx: StepContext) -> bool:
        if self.name not in ctx.snapshots:
            return not taken_along(ctx)
        return not self._short(ctx) and not any(self._is_kept(ctx, what) for what in self._due(ctx))

    def snapshot(self, ctx: StepContext) -> Evidence:
        found = numbers(ctx)
        return {
            "replicas": {label: number.replicas for label, number in found.items()},
            "said by": {label: number.said_by for label, number in found.items()},
        }

    def do(self, ctx: StepContext) -> Evidence:
        scaling, refused = scaling_at(ctx.target), dict[str, str]()
        for what, replicas in self._due(ctx).items():
            ctx.check_authority()
            try:
                # Never down: somebody may have scaled up further at the target, by hand or by an
                # autoscaler.
                if scaling.state(what).wanted < replicas:
                    scaling.scale(what, replicas)
            except DrctlError as error:
                refused[str(what)] = str(error)
                ctx.report(str(error))
        try:
            wait_until_none(
                ctx,
                "the replicas are available",
                lambda: [f"{each}: {why}" for each, why in self._short(ctx).items() if each not in refused],
            )
        except DeadlinePassed as late:
            ctx.report(str(late))
        for what in self._due(ctx):
            if str(what) not in refused and self._is_kept(ctx, what):
                ctx.check_authority()
                scaling.keep(what, None)
        return {"refused": refused} if refused else {}

    def verify(self, ctx: StepContext) -> Evidence:
        told = ctx.snapshots.get(self.name, {"replicas": {}, "said by": {}})
        why = self._short(ctx)
        why |= {each: told["said by"][each] for each, replicas in told["replicas"].items() if replicas is None}
        return told | {"not available": why | ctx.evidence.get(self.name, {}).get("refused", {})}

    def _due(self, ctx: StepContext) -> dict[Scalable, int]:
        told = ctx.snapshots[self.name]["replicas"]
        along = [(what, told.get(str(what))) for what in taken_along(ctx)]
        return {what: replicas for what, replicas in along if replicas is not None}

    def _short(self, ctx: StepContext) -> dict[str, str]:
        """Those that have fewer replicas than they are to have, each with why. An autoscaler may have taken some."""
        found = {}
        for what, replicas in self._due(ctx).items() if self.name in ctx.snapshots else ():
            try:
                seen = scaling_at(ctx.target).state(what)
                if not seen.has(min(replicas, seen.wanted or replicas)):
                    found[str(what)] = f"{seen.available} of {replicas} replicas are available"
            except DrctlError as error:
                found[str(what)] = str(error)
        return found

    @staticmethod
    def _is_kept(ctx: StepContext, what: Scalable) -> bool:
        try:
            return scaling_at(ctx.target).state(what).kept is not None
        except DrctlError:
            return False
