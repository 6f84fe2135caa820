"""Gather what ``drctl status`` shows: both sites with their roles, the links, client routing, the epoch."""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from drctl.errors import at_site
from drctl.model.facts import LinkFacts, SiteFacts, SiteStatus, Status
from drctl.model.fence import DenyRule
from drctl.model.reading import Reading
from drctl.model.sight import KafkaView
from drctl.model.site import Role
from drctl.monitors.broker_reports import BrokerReports, with_reports
from drctl.monitors.links import link_facts
from drctl.monitors.readings import Begun, Looks, SideBySide, after
from drctl.monitors.sights import SiteObservers
from drctl.monitors.sites import group_lag, site_facts
from drctl.ports.world import World


def status(
    world: World,
    observers: SiteObservers | None = None,
    looks: Looks | None = None,
    routed: Begun[str | None] | None = None,
    left: str | None = None,
) -> Status:
    """Look at everything; nothing is written, not even by the canary. ``observers`` are what is kept between looks.

    ``left`` is the site from which an unfinished move takes the work: it belongs there while clients are sent nowhere.

    Both sites, all links and client routing, if that was not begun (``routed``), are looked at side by side under one
    deadline (``looks``), so that whoever is silent delays nothing and hides nothing else. Where Strimzi runs a link,
    its offsets are asked for by an annotation, which the operator takes off again.
    """
    observers, looks, clock = observers or SiteObservers(world), looks or SideBySide(world.clock), world.clock
    began = clock.now()
    sinks = looks.begin(lambda: world.plan.unknown_sinks)
    refreshed, epoch = looks.begin(observers.refresh), looks.begin(world.epochs.current)
    routed = routed or looks.begin(world.client_routing.site)
    names = [site.name for site in world.plan.sites]
    # Nothing in these threads waits beyond the deadline, so neither does the end of the pool.
    with ThreadPoolExecutor(len(names) + len(world.links)) as pool:
        looking = [
            pool.submit(link_facts, world, *ends, lambda: _serving(routed(), left), looks) for ends in world.links
        ]
        visiting = [pool.submit(_visit, world, name, looks, observers.reports) for name in names]
        links, visited = tuple(each.result() for each in looking), [each.result() for each in visiting]
    refreshed()
    routing = routed()
    sites = tuple(_site_status(world, observers, visit, links, routing) for visit in visited)
    return Status(began, sites, links, routing, epoch(), sinks().value or {})


def _serving(routing: Reading[str | None], left: str | None) -> str | None:
    return left if routing.known and routing.value is None else routing.value


class _Visit(NamedTuple):
    """Hold what one site was seen to be; ``view`` is how its brokers see themselves."""

    facts: SiteFacts
    lag: Reading[Mapping[str, int]]
    view: Reading[KafkaView]


def _visit(world: World, name: str, looks: Looks, reports: BrokerReports) -> _Visit:
    site = world.sites[name]
    asked = looks.begin(site.brokers.cluster)
    viewed, reported = after(looks, asked, lambda _: site.brokers.view()), reports.begin(site, asked, looks)
    facts = site_facts(world, name, looks, asked)
    topics = facts.topics.value
    if topics is None:
        lag: Reading[Mapping[str, int]] = Reading(None, facts.topics.seen_at, facts.topics.unknown)
    else:
        lag = looks.begin(lambda: group_lag(world, site, topics))()
    return _Visit(facts, lag, with_reports(viewed(), reported()))


def _site_status(
    world: World, observers: SiteObservers, visit: _Visit, links: Collection[LinkFacts], routing: Reading[str | None]
) -> SiteStatus:
    facts = visit.facts
    sight, found = observers.sight(facts, links, visit.view), role(facts, links, routing)
    why = why_unknown(facts, links, routing) if found is Role.UNKNOWN else ""
    return SiteStatus(found, facts, visit.lag, sight, _undenied(world, facts), why)


def _undenied(world: World, facts: SiteFacts) -> Reading[frozenset[DenyRule]]:
    """Writers − exempt − denied, unknown where one of them is."""
    writers, standing = facts.writers.value, facts.standing.value
    if writers is None or standing is None:
        missing = facts.standing if facts.writers.known else facts.writers
        return Reading(None, missing.seen_at, missing.unknown)
    exempt = world.plan.replication_principals | facts.confined(world.plan.topics_at(facts.name))
    return Reading(writers.undenied(standing, exempt), facts.standing.seen_at)


def _feeding(site: SiteFacts, links: Iterable[LinkFacts]) -> list[LinkFacts]:
    return [x for x in links if x.link.target == site.name and x.status.value and x.status.value.source.working]


def role(site: SiteFacts, links: Iterable[LinkFacts], routing: Reading[str | None]) -> Role:
    """Return what a site is for, from data alone: client routing, standing deny rules, the links that run into it."""
    if site.standing.value is None or not routing.known:
        return Role.UNKNOWN
    feeding = _feeding(site, links)
    if routing.value == site.name:
        # Clients are sent there: unless somebody denies them writing or feeds it from elsewhere, it is the primary.
        # Copies under other names do not mix with what clients write.
        # Under the identity policy a link into the site that serves appends to what clients write: nobody
        # can tell then which site is the primary.
        mixed = any(not x.link.prefix for x in feeding)
        fenced = any(denial.own for denial in site.standing.value)
        return Role.UNKNOWN if mixed else Role.FENCED if fenced else Role.PRIMARY
    if feeding:
        return Role.STANDBY
    return Role.FENCED if site.standing.value else Role.UNKNOWN


def why_unknown(site: SiteFacts, links: Iterable[LinkFacts], routing: Reading[str | None]) -> str:
    """Why nobody can tell what a site is for, where :func:`role` says that it is unknown."""
    if not site.standing.known:
        return f"its deny rules are unknown: {at_site(site.name, site.standing.unknown)}"
    if not routing.known:
        return f"where clients are sent is unknown: {routing.unknown}"
    if routing.value == site.name:
        return f"clients are sent here, and {', '.join(x.link.name for x in _feeding(site, links))} writes here, too"
    unseen = [x for x in links if x.link.target == site.name and not x.status.known]
    if unseen:
        return f"{unseen[0].link.name} is unknown: {unseen[0].status.unknown}"
    return "no clients are sent here, no link runs into it, and nothing denies writing: it is open and unused"
