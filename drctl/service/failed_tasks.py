"""Restarting what fails of a link that is to run, by the service: with pauses that grow as Strimzi's operator's do.

| after restarts | the next one comes  |
| -------------- | ------------------- |
| 0              | at once             |
| 1              | 2 minutes later     |
| 2              | 6 minutes later     |
| n              | n*n + n minutes later, an hour at most |

Once nothing of a link has failed for as long as its next pause would be, counting begins again: what fails every few
hours is no series. It never ends by itself, for a standby that falls behind needs somebody, and the metric pages them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from drctl.errors import DrctlError, Refused
from drctl.model.facts import LinkFacts, Status
from drctl.plans.link_restart import restart
from drctl.plans.unfinished import unfinished
from drctl.ports import World
from drctl.service.acting import Opened, own_terms
from drctl.service.metrics import Metrics
from drctl.service.telling import Telling, Trouble

LONGEST = 60
"""Minutes between two restarts at most."""
REFUSED = 60.0
"""Seconds until it is asked again whether a link is to run that was not."""


@dataclass(slots=True)
class _Series:
    """Restarts of one link: how many, when the last one was, and since when nothing of it has failed."""

    restarts: int = 0
    last_at: float = 0.0
    well_since: float | None = None

    @property
    def pause(self) -> float:
        """Seconds from the last restart until the next one."""
        return 60.0 * min(self.restarts * self.restarts + self.restarts, LONGEST)


class FailedTasks:
    """Restarts them as 'drctl links restart' does. What Strimzi's operator restarts is left to it."""

    def __init__(self, world: World, opened: Opened, metrics: Metrics) -> None:
        self.world, self.opened, self.metrics = world, opened, metrics
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)
        self._series: dict[str, _Series] = {}
        self._troubles: dict[str, Trouble] = {}
        self._again_at: dict[str, float] = {}
        self._telling = Telling()
        for link in world.plan.links:
            metrics.task_restarts.labels(link.name)  # from zero: a first restart is a change, too

    def note(self, seen: Status) -> None:
        """Since when nothing of each link has failed; what has run for long enough begins a new series."""
        now = self.world.clock.monotonic()
        for link in seen.links:
            series, status = self._series.get(link.link.name), link.status.value
            if series is None or status is None:
                continue
            if status.failed or not status.working:
                series.well_since = None
            elif series.well_since is None:
                series.well_since = now
            elif now - series.well_since >= series.pause:
                self.log.info("link-runs-again", link=link.link.name, restarts=series.restarts)
                del self._series[link.link.name]

    def act(self, seen: Status) -> None:
        """Restart what has failed of every link that is to run, unless somebody is at work or it is not due yet."""
        if not self.world.plan.guards.restart_failed_tasks:
            return
        for link in seen.links:
            if _left_to_us(link) and self._due(link.link.name) and self._may():
                self._restart(link)

    def _due(self, name: str) -> bool:
        series, now = self._series.get(name), self.world.clock.monotonic()
        counted = series is None or now - series.last_at >= series.pause
        return counted and now >= self._again_at.get(name, now)

    def _may(self) -> bool:
        return not unfinished(self.world) and not self.world.lease.holder()

    def _restart(self, link: LinkFacts) -> None:
        name = link.link.name
        trouble = self._troubles.setdefault(name, Trouble("link-not-restarted"))
        try:
            with self.opened(()) as world:
                done = restart(world, world.links[link.link.source, link.link.target], own_terms().by)
        except Refused as why:
            # Nothing was tried, so nothing is counted: it is not to run, or somebody is at work.
            self._again_at[name] = self.world.clock.monotonic() + REFUSED
            if self._telling.changed(name, str(why)):
                self.log.info("link-not-restarted-now", link=name, why=str(why))
        except DrctlError as error:
            self._count(name)
            trouble.met(self.log.error, str(error), {"link": name, "remedy": error.remedy})
        else:
            trouble.over(self.log)
            self._telling.changed(name, None)
            if done:
                self._tell(name, done, self._count(name))

    def _count(self, name: str) -> _Series:
        series = self._series.setdefault(name, _Series())
        series.restarts += 1
        series.last_at, series.well_since = self.world.clock.monotonic(), None
        return series

    def _tell(self, name: str, done: Mapping[str, str], series: _Series) -> None:
        self.metrics.task_restarts.labels(name).inc(len(done))
        next_in = int(series.pause)
        self.log.warning("link-restarted", link=name, failed=dict(done), restarts=series.restarts, next_in=next_in)


def _left_to_us(link: LinkFacts) -> bool:
    """Whether something has failed that no operator restarts."""
    status = link.status.value
    # Strimzi's autoRestart counts and waits as well: two that restart the same tasks would spoil each other's
    # pauses.
    return status is not None and any(each.failed and not each.restarts_itself for each in status.connectors)
