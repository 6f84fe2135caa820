"""Whether a person has paused drctl, as the service knows it: asked by every thread that would act."""

import structlog

from drctl.errors import DrctlError
from drctl.plans.pausing import Pause, standing_pause
from drctl.ports import World
from drctl.service.metrics import Metrics
from drctl.service.telling import Telling

FRESH = 1.0
"""Seconds for which an answer is good: group-offset sync asks ten times a second, and the journal is read for it."""


class PauseWatch:
    """Begins and ends are logged once. While the journal cannot tell, nothing is begun either."""

    def __init__(self, world: World, metrics: Metrics) -> None:
        self.world, self.metrics = world, metrics
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)
        self._telling = Telling()
        self._asked_at: float | None = None
        self._active = False
        metrics.paused.set_function(lambda: float(self._active))

    def active(self) -> bool:
        """Whether a pause stands, as of a second ago at most."""
        now = self.world.clock.monotonic()
        if self._asked_at is None or now - self._asked_at >= FRESH:
            self._asked_at, self._active = now, self._ask()
        return self._active

    def _ask(self) -> bool:
        try:
            standing = standing_pause(self.world)
        except DrctlError as error:
            if self._telling.changed("pause", str(error)):
                self.log.warning("pause-unknown", why=str(error), remedy=error.remedy)
            return True
        if self._telling.changed("pause", standing and standing.id):
            self._tell(standing)
        return standing is not None

    def _tell(self, standing: Pause | None) -> None:
        if standing is None:
            self.log.warning("pause-over")
        else:
            self.log.warning("paused", by=standing.by, until=standing.until.isoformat(), why=standing.reason)
