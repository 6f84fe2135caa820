"""see-returned-site."""

from contextlib import suppress
from typing import ClassVar

from drctl.errors import Blocked, DeadlinePassed, Refused, Unreachable
from drctl.model.run import Evidence
from drctl.plans import evidence
from drctl.plans.aftermath import Aftermath, aftermath
from drctl.plans.linking import was_set
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.recreations import standing
from drctl.plans.selection import FAILBACK
from drctl.plans.waiting import wait_until_none
from drctl.ports import LinkPorts

HALTED, SILENT = "halted", "its worker does not answer"
IDLE = (HALTED, SILENT)
ENDING = 60.0
"""Seconds in which Connect tells a connector as running whose stop it has accepted."""


class SeeReturnedSite(Step):
    """Look at the site that came back, before anything is done to it: where its logs begin and end, what denies writes.

    Neither link may run: the one to the target would append the stranded tail behind newer records, the one home would
    copy in a circle. The returned site's own worker may still be silent: it is not waited for. What appears between
    this look and the fence was written by clients that still found the old site.
    """

    name: ClassVar[str] = "see-returned-site"
    title: ClassVar[str] = "Look at the site that came back"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "kafka-get-offsets.sh --bootstrap-server {source} --time latest"

    def check(self, ctx: StepContext) -> bool:
        return self.name in ctx.evidence

    def do(self, ctx: StepContext) -> Evidence:
        """A link that was stopped while its source was silent ends once that is back."""
        with suppress(DeadlinePassed):
            wait_until_none(ctx, "the link has ended", lambda: _ending(ctx.forward), within=ENDING)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        failover = aftermath(ctx.world)
        if self._going_home(ctx, failover):
            raise Refused(
                f"records have come home to {ctx.source.name} since its tail was salvaged: they are no part of it",
                remedy=f"'drctl failback --to {ctx.source.name}' goes on",
            )
        states = {ports.link.name: _state(ports) for ports in (ctx.forward, ctx.home)}
        # Its worker stands at the site that serves. Where that is silent nobody knows whether the tail is
        # being copied: asked once more, it raises what it has to say.
        if states[ctx.forward.link.name] == SILENT:
            ctx.forward.replication.status()
        running = [f"link {name} is not stopped ({state})" for name, state in states.items() if state not in IDLE]
        if running:
            raise Blocked(
                f"{ctx.source.name} cannot be salvaged while records are copied; nothing was changed",
                running,
                exit_code=34,
                remedy="stop its connectors at their Connect worker (PUT /connectors/NAME/stop)",
            )
        bounds = ctx.source.records.bounds(ctx.partitions(ctx.source))
        denied = sorted({denial.principal for denial in ctx.source.fence.standing()})
        return {
            "failover": failover.run.id,
            "fence was": failover.fence,
            "at": ctx.world.clock.now().isoformat(),
            "starts": evidence.to_json({p: b.start for p, b in bounds.items()}),
            "ends": evidence.to_json({p: b.high for p, b in bounds.items()}),
            "denied": denied,
            "links": states,
        }

    def _going_home(self, ctx: StepContext, failover: Aftermath) -> bool:
        """Whether a failback has started the link home."""
        begun = any(run.kind == FAILBACK and run.epoch > failover.run.epoch for run, _ in ctx.world.journal.runs())
        whole = bool(standing(ctx.world, ctx.source.name))
        return begun and (whole or was_set(ctx.world, ctx.home, failover.run.id))


def _ending(ports: LinkPorts) -> list[str]:
    """The link's connector that is told as running and has no task left."""
    try:
        status = ports.replication.status()
    except Unreachable:
        return []
    tasks = (*status.source.tasks, *status.checkpoint.tasks)
    return [] if status.halted or tasks else [f"{status.source.name} is {status.source.state} without tasks"]


def _state(ports: LinkPorts) -> str:
    try:
        status = ports.replication.status()
    except Unreachable:
        return SILENT
    return HALTED if status.halted else status.source.state.value
