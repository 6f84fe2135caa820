"""restart-clients."""

from typing import ClassVar

from drctl.errors import ConfigInvalid, DeadlinePassed, DrctlError, Locked, Superseded
from drctl.model.run import Evidence
from drctl.plans.entry_point import wait_until_reached
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.waiting import wait_until_none
from drctl.ports import Rollouts


class RestartClients(Step):
    """Restart the clients that read only when they start where they are to go: a rolling restart of their pods.

    These are the `restarts` of the workloads. The run's id is written on their pod template, as the annotation
    `drctl.io/restarted-by`, and Kubernetes replaces the pods one after the other; a template that has it is not marked
    twice. One is restarted when its controller has acted on the mark, every pod has it, no other is left, not even one
    that is ending, and as many can work as are wanted. Behind that the entry point is asked once more, where the plan
    file names one. One that cannot be marked, or whose pods do not come in time, is noted with its reason and is no
    failure of the run: Kubernetes goes on trying.
    """

    name: ClassVar[str] = "restart-clients"
    title: ClassVar[str] = "Restart the clients that read only when they start where to go"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "kubectl get deployments,statefulsets,pods"

    def check(self, ctx: StepContext) -> bool:
        return not self._missing(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        refused: dict[str, str] = {}
        for what in ctx.world.plan.restarts:
            try:
                rollouts_in(ctx).restart(what, ctx.run.id, ctx.check_authority)
            except (Locked, Superseded):
                raise
            except DrctlError as error:
                refused[str(what)] = str(error)
                ctx.report(str(error))
        try:
            wait_until_none(
                ctx,
                "the clients are restarted",
                lambda: [f"{each}: {why}" for each, why in self._missing(ctx).items() if each not in refused],
            )
        except DeadlinePassed as late:
            ctx.report(str(late))
        return {"refused": refused} if refused else {}

    def verify(self, ctx: StepContext) -> Evidence:
        restarts = ctx.world.plan.restarts
        if not restarts:
            return {}
        missing = self._missing(ctx) | ctx.evidence.get(self.name, {}).get("refused", {})
        done = [str(what) for what in restarts if str(what) not in missing]
        return {"restarted": done, "not restarted": missing} | wait_until_reached(ctx, ctx.target)

    def _missing(self, ctx: StepContext) -> dict[str, str]:
        """Those that are not restarted, each with what is still to come."""
        found = {}
        for what in ctx.world.plan.restarts:
            try:
                why = rollouts_in(ctx).state(what).missing(ctx.run.id)
            except DrctlError as error:
                why = str(error)
            if why:
                found[str(what)] = why
        return found


def rollouts_in(ctx: StepContext) -> Rollouts:
    """The port. ConfigInvalid where clients are routed in no Kubernetes."""
    if ctx.world.rollouts is None:
        raise ConfigInvalid("no restart without clientRouting.kubernetes", remedy="add it, or name no restarts")
    return ctx.world.rollouts
