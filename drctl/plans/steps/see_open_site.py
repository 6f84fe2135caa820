"""see-open-site."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from drctl.errors import Refused
from drctl.model.fence import FenceState
from drctl.model.run import Evidence
from drctl.plans import failovers, openness
from drctl.plans.failovers import Standing
from drctl.plans.plan import Place, Scene, Step


@dataclass(frozen=True, slots=True)
class SeeOpenSite(Step):
    """See that the site which answers is the one that a failover left behind and could not close.

    Nothing is asked of it but where its logs end: every moment counts. When it was last sought in vain is written down,
    for from then on it may have taken writes.
    """

    silent: datetime | None = None
    answered: datetime | None = None
    name: ClassVar[str] = "see-open-site"
    title: ClassVar[str] = "See that the site that is back was left by a failover"
    at: ClassVar[Place] = Place.SOURCE
    look: ClassVar[str] = "drctl status"

    def check(self, scene: Scene) -> bool:
        return self.name in scene.seen

    def remember(self, scene: Scene) -> Evidence:
        left = _left(scene)
        known = [each for each in (self.silent, left.silent_at) if each is not None]
        return openness.begun(max(known, default=None), self.answered or scene.world.clock.now())

    def do(self, scene: Scene) -> Evidence:  # noqa: ARG002 - looking is all
        return {}

    def verify(self, scene: Scene) -> Evidence:
        left = _left(scene)
        if scene.world.front_door.site() == scene.source.name:
            raise Refused(
                f"the front door points at {scene.source.name}: clients are sent there, so it is not closed",
                remedy="see 'drctl status'; to leave it use 'drctl switchover' or 'drctl failover'",
            )
        found = openness.ends(scene.source, scene.partitions(scene.source))
        return {"failover": left.run.id, "fence was": left.fence.value, "ends": found}


def _left(scene: Scene) -> Standing:
    """The failover that stands, if it left this site; Refused else, and once the site is proven to be closed."""
    left, name = failovers.standing(scene.world), scene.source.name
    if left is None or left.left != name:
        raise Refused(f"no failover that stands has left {name}: it is not closed", remedy="see 'drctl status'")
    if left.fence is FenceState.PROVEN:
        raise Refused(f"{name} is closed, and it was proven: {left.fence_why}", remedy="'drctl salvage' is next")
    return left
