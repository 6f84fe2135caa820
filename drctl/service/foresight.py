"""Keep what counts once a site is lost: its log ends, and what a failover would cost."""

import structlog

from drctl.model.facts import SiteStatus, Status
from drctl.model.fence import FenceState
from drctl.monitors import reading_of
from drctl.plans.failovers import standing
from drctl.plans.forecasting import forecast
from drctl.plans.losing import made_anew
from drctl.plans.openness import AT_MOST
from drctl.ports import World
from drctl.service.metrics import Metrics
from drctl.service.telling import Telling


class Foresight:
    """Notes with every look, and tells of a site that comes back with its fence not proven."""

    def __init__(self, world: World, metrics: Metrics) -> None:
        self.world, self.metrics = world, metrics
        self._telling = Telling()
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)

    def look(self, seen: Status) -> None:
        """Take in one look at everything."""
        for site in seen.sites:
            self._note(site)
        self._forecast(seen)
        self._fence(seen)

    def _note(self, site: SiteStatus) -> None:
        name, topics, clock = site.facts.name, site.facts.topics.value, self.world.clock
        if not site.facts.cluster.known:
            self.world.sightings.note_silence(name, site.facts.cluster.seen_at)
            return
        if topics is None:
            return
        partitions = [p for topic in self.world.plan.topics if topic in topics for p in topics[topic].spread()]
        at = clock.now()
        bounds = reading_of(clock, lambda: self.world.sites[name].records.bounds(partitions))
        if bounds.value is not None:
            anew = made_anew(self.world, name, topics)
            self.world.sightings.note(name, {p: b.high for p, b in bounds.value.items()}, at, anew)

    def _forecast(self, seen: Status) -> None:
        source = seen.client_routing.value
        target = next((there for here, there in self.world.links if here == source), None)
        if source is None or target is None:
            return
        up = any(site.facts.name == source and site.facts.cluster.known for site in seen.sites)
        found = reading_of(self.world.clock, lambda: forecast(self.world, source, target, ask=up, deep=False))
        self.metrics.show_forecast(found, source)

    def _fence(self, seen: Status) -> None:
        left = standing(self.world)
        self.metrics.show_fence(left.left if left else None, left.fence if left else None)
        if left is None:
            self._telling.changed("left", None)
            return
        self.metrics.show_openness(left.left, left.opened.get(AT_MOST))
        answers = any(site.facts.name == left.left and site.facts.cluster.known for site in seen.sites)
        is_open = answers and left.fence is not FenceState.PROVEN
        if self._telling.changed("left", (left.run.id, left.fence) if is_open else None) and is_open:
            self.log.error(
                "left-site-is-back-and-not-fenced",
                site=left.left,
                fence=left.fence.value,
                run=left.run.id,
                remedy="close it now: drctl fence",
            )
