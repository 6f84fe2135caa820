"""Whether a live drill that stays at the other site is watched: what nobody watches, nothing brings home.

The drill's own drctl ends its stay. The service does not do so in its place: it is approved by a person, for a person
to be there.
"""

from math import nan

import structlog
from prometheus_client import CollectorRegistry, Gauge

from drctl.errors import DrctlError
from drctl.plans.live import LivePhase, is_watched, standing_drill
from drctl.ports import World
from drctl.service.telling import Telling


class LiveDrillWatch:
    """Shows it as a metric, not a number while the journal cannot be read, and logs it once, and its end."""

    def __init__(self, world: World, registry: CollectorRegistry) -> None:
        self.world = world
        self.unwatched = Gauge(
            "drctl_live_drill_unwatched",
            "1: the work of a live drill stays at the other site, and no drctl watches it or brings it home",
            registry=registry,
        )
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)
        self._telling = Telling()

    def cycle(self) -> None:
        """Ask the journal where a drill stands."""
        try:
            left = self._left_alone()
        except DrctlError:
            self.unwatched.set(nan)  # the look tells why
            return
        self.unwatched.set(bool(left))
        if self._telling.changed("drill", left or None):
            if left:
                self.log.error("live-drill-unwatched", drill=left, remedy="drctl drill --level live")
            else:
                self.log.info("live-drill-watched-again-or-ended")

    def _left_alone(self) -> str:
        """Return the id of the drill that stays and that nobody watches; empty where there is none."""
        standing = standing_drill(self.world)
        if standing is None or standing.phase is not LivePhase.STAYING:
            return ""
        return "" if is_watched(standing, self.world.clock.now()) else standing.run.id
