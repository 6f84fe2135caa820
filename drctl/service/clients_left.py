"""Observes for the service who is still at work at a site to which no clients are sent."""

from collections.abc import Iterable, Iterator
from functools import partial

import structlog

from drctl.decide.clients import left_behind
from drctl.decide.rules import Blocker
from drctl.model.clients import Census, SiteClients
from drctl.model.reading import Reading
from drctl.model.session import Group, GroupState
from drctl.monitors import Sessions, reading_of
from drctl.monitors.sessions import TailStatus
from drctl.plans.selection import handed_over
from drctl.ports import World
from drctl.service.metrics import Metrics


class ClientsLeftWatch:
    """Judges the plan's groups at every site but the one that serves. Each group is logged once, and its end.

    Only members count here: what is committed without any at a standby, group-offset sync tells as a group in use.
    """

    def __init__(self, world: World, metrics: Metrics) -> None:
        self.world, self.metrics = world, metrics
        self._told: dict[str, dict[str, Blocker]] = {}
        self.log = structlog.get_logger("drctl.service").bind(plan=world.plan.name)

    def clients(self, site: str, followed: Reading[TailStatus], sessions: Sessions) -> SiteClients:
        """Return the groups with members there, as their coordinators wrote it down, but for those that are hidden."""
        told, at = followed.value, followed.seen_at
        if told is None or told.behind is None:
            why = followed.unknown or "the commits are not read to their end yet"
            return SiteClients(site, Reading(None, at, why), Reading(None, at, why))
        names = (name for name in self.world.plan.groups if not sessions.undecided.hides(name))
        groups = {
            name: Group(name, sessions.protocol(name), GroupState.STABLE, members)
            for name in names
            if (members := sessions.members(name))
        }
        return SiteClients(site, Reading(groups, at), Reading({}, at))

    def cycle(self, sites: Iterable[SiteClients]) -> None:
        """Judge them. While nobody knows which site serves, or who is at a site, nothing of that is shown."""
        self.metrics.left_groups.clear()
        serving = reading_of(self.world.clock, self.world.client_routing.site)
        for site in sites if serving.value else ():
            # Groups that were handed over alone are where they belong.
            away = reading_of(self.world.clock, partial(handed_over, self.world, site.site))
            if site.site == serving.value or site.groups.value is None or away.value is None:
                continue
            at_work = {name: group for name, group in site.groups.value.items() if name not in away.value}
            left = {name: each for name, group in at_work.items() for each in _judged(site, group, serving)}
            self.metrics.left_groups.labels(site.site).set(len(left))
            self._tell(site.site, left)

    def _tell(self, site: str, left: dict[str, Blocker]) -> None:
        told = self._told.get(site, {})
        for group in sorted(left.keys() - told.keys()):
            self.log.warning("clients-left", site=site, detail=left[group].detail, remedy=left[group].remedy)
        for group in sorted(told.keys() - left.keys()):
            self.log.info("clients-gone", site=site, group=group)
        self._told[site] = left


def _judged(site: SiteClients, group: Group, serving: Reading[str | None]) -> Iterator[Blocker]:
    alone = SiteClients(site.site, Reading({group.name: group}, site.groups.seen_at), site.committed_at)
    return left_behind(Census((alone,), serving, None, ()))
