"""Every observer of a site together: its brokers, its Kubernetes, its Connect worker, seen from one place."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from drctl.model.facts import LinkFacts, SiteFacts
from drctl.model.reading import Reading
from drctl.model.resources import STRIMZI_KINDS
from drctl.model.sight import KafkaView, Sight, Sighting
from drctl.monitors.broker_reports import BrokerReports
from drctl.monitors.kubernetes import KubeObserver
from drctl.monitors.readings import reading_of
from drctl.ports.world import World

OBSERVER = "drctl"


class SiteObservers:
    """Keep between looks every site's Kubernetes. ``place``: where drctl looks from, a site or a third one."""

    def __init__(self, world: World, place: str = "here") -> None:
        self.world, self.place = world, place
        self.sites = {}
        for site in world.plan.sites:
            ports, where = world.sites[site.name].kubernetes, site.kubernetes
            if ports is not None and where is not None:
                kinds = STRIMZI_KINDS if site.strimzi is not None else ()
                self.sites[site.name] = KubeObserver(
                    ports.resources, ports.kubelets, world.clock, where.pods, kinds=kinds
                )
        self.reports = BrokerReports(world.clock)
        self._following = False
        self._witnessed: dict[str, Reading[Mapping[str, tuple[Sighting, ...]]]] = {}

    def follow(self, ended: threading.Event) -> None:
        """Keep every site up to date by watching, until ``ended``."""
        self._following = True
        for observer in self.sites.values():
            observer.follow(ended)

    def refresh(self) -> None:
        """List what is not being watched, and ask the witnesses at other places."""
        self._witnessed = {
            place: reading_of(self.world.clock, witness.sightings)
            for place, witness in self.world.witnesses.items()
            if place != self.place
        }
        if not self._following:
            for observer in self.sites.values():
                observer.look()

    def sight(self, facts: SiteFacts, links: Iterable[LinkFacts], view: Reading[KafkaView]) -> Sight:
        """All that is known about one site now; ``view`` is how its brokers see themselves."""
        clock, observer = self.world.clock, self.sites.get(facts.name)
        return Sight(
            facts.name,
            clock.now(),
            view,
            observer.facts() if observer is not None else None,
            tuple(self._sightings(facts, links, observer)),
            tuple(self._told(facts.name)),
        )

    def _told(self, site: str) -> Iterator[Sighting]:
        """Return what the witnesses saw of the site. One that is silent, or has not looked, says nothing about it."""
        for place, told in self._witnessed.items():
            seen = (told.value or {}).get(site, ())
            why = told.unknown or "it has not looked"
            yield from seen or (Sighting(f"drctl-{place}", place, "brokers", Reading(None, told.seen_at, why)),)

    def _sightings(
        self, facts: SiteFacts, links: Iterable[LinkFacts], observer: KubeObserver | None
    ) -> Iterator[Sighting]:
        yield Sighting(OBSERVER, self.place, "brokers", _met(facts.cluster))
        if observer is not None:
            yield Sighting(OBSERVER, self.place, "kubernetes", observer.met())
        workers = [link.status for link in links if link.link.target == facts.name]
        if workers:
            yield Sighting(OBSERVER, self.place, "connect", _met(workers[0]))


def _met(reading: Reading[Any]) -> Reading[bool]:
    return Reading(not reading.silent, reading.seen_at)
