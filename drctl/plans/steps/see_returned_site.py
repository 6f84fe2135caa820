"""see-returned-site."""

from contextlib import suppress
from typing import ClassVar

from drctl.errors import Blocked, DeadlinePassed, Refused, Unreachable
from drctl.model.run import Evidence
from drctl.plans import evidence
from drctl.plans.aftermath import Aftermath, aftermath
from drctl.plans.linking import was_set
from drctl.plans.plan import Place, Scene, Step
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
    look: ClassVar[str] = "kafka-get-offsets.sh --bootstrap-server {source} --time latest"

    def check(self, scene: Scene) -> bool:
        return self.name in scene.seen

    def do(self, scene: Scene) -> Evidence:
        """A link that was stopped while its source was silent ends once that is back."""
        with suppress(DeadlinePassed):
            wait_until_none(scene, "the link has ended", lambda: _ending(scene.forward), within=ENDING)
        return {}

    def verify(self, scene: Scene) -> Evidence:
        failover = aftermath(scene.world)
        if self._going_home(scene, failover):
            raise Refused(
                f"records have come home to {scene.source.name} since its tail was salvaged: they are no part of it",
                remedy=f"'drctl failback --to {scene.source.name}' goes on",
            )
        states = {ports.link.name: _state(ports) for ports in (scene.forward, scene.home)}
        if states[scene.forward.link.name] == SILENT:
            scene.forward.replication.status()
        running = [f"link {name} is not stopped ({state})" for name, state in states.items() if state not in IDLE]
        if running:
            raise Blocked(
                f"{scene.source.name} cannot be salvaged while records are copied; nothing was changed",
                running,
                exit_code=34,
                remedy="stop its connectors at their Connect worker (PUT /connectors/NAME/stop)",
            )
        bounds = scene.source.records.bounds(scene.partitions(scene.source))
        denied = sorted({denial.principal for denial in scene.source.fence.standing()})
        return {
            "failover": failover.run.id,
            "fence was": failover.fence,
            "at": scene.world.clock.now().isoformat(),
            "starts": evidence.written({p: b.start for p, b in bounds.items()}),
            "ends": evidence.written({p: b.high for p, b in bounds.items()}),
            "denied": denied,
            "links": states,
        }

    def _going_home(self, scene: Scene, failover: Aftermath) -> bool:
        """Whether a failback has started the link home."""
        begun = any(run.kind == FAILBACK and run.epoch > failover.run.epoch for run, _ in scene.world.journal.runs())
        whole = bool(standing(scene.world, scene.source.name))
        return begun and (whole or was_set(scene.world, scene.home, failover.run.id))


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
