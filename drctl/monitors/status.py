"""What ``drctl status`` shows: both sites with their roles, the links, the door, the epoch."""

from collections.abc import Collection, Iterable, Mapping

from drctl.model.facts import LinkFacts, SiteFacts, SiteStatus, Status
from drctl.model.fence import Denial
from drctl.model.reading import Reading
from drctl.model.site import Role
from drctl.monitors.links import link_facts
from drctl.monitors.looking import look
from drctl.monitors.sights import Eyes
from drctl.monitors.sites import group_lag, site_facts
from drctl.ports.world import World


def status(world: World, eyes: Eyes | None = None) -> Status:
    """Look at everything; nothing is written, not even by the canary. ``eyes`` are what is kept between looks.

    Where Strimzi runs a link, its offsets are asked for by an annotation, which the operator takes off again.
    """
    eyes = eyes or Eyes(world)
    eyes.refresh()
    clock = world.clock
    began = clock.now()
    door = look(clock, world.front_door.site)
    links = tuple(link_facts(world, source, target, door.value) for source, target in world.links)
    sites = tuple(_site_status(world, eyes, site.name, links, door) for site in world.plan.sites)
    return Status(began, sites, links, door, look(clock, world.epochs.current))


def _site_status(
    world: World, eyes: Eyes, name: str, links: Collection[LinkFacts], door: Reading[str | None]
) -> SiteStatus:
    facts = site_facts(world, name)
    topics = facts.topics.value
    lag: Reading[Mapping[str, int]] = (
        Reading(None, facts.topics.seen_at, facts.topics.unknown)
        if topics is None
        else look(world.clock, lambda: group_lag(world, world.sites[name], topics))
    )
    return SiteStatus(role(facts, links, door), facts, lag, eyes.sight(facts, links), _undenied(world, facts))


def _undenied(world: World, facts: SiteFacts) -> Reading[frozenset[Denial]]:
    """Writers − exempt − denied, unknown where one of them is."""
    writers, standing = facts.writers.value, facts.standing.value
    if writers is None or standing is None:
        missing = facts.standing if facts.writers.known else facts.writers
        return Reading(None, missing.seen_at, missing.unknown)
    exempt = world.plan.replication_principals | facts.confined(world.plan.topics_at(facts.name))
    return Reading(writers.undenied(standing, exempt), facts.standing.seen_at)


def role(site: SiteFacts, links: Iterable[LinkFacts], door: Reading[str | None]) -> Role:
    """What a site is for, from the data alone: the door, the standing deny rules, the links that run into it."""
    if site.standing.value is None or not door.known:
        return Role.UNKNOWN
    feeding = [x for x in links if x.link.target == site.name and x.status.value and x.status.value.source.working]
    if door.value == site.name:
        # Clients are sent there: unless somebody denies them the pen or feeds it from elsewhere, it is the primary.
        # Copies under other names do not mix with what clients write.
        mixed = any(not x.link.prefix for x in feeding)
        fenced = any(denial.own for denial in site.standing.value)
        return Role.UNKNOWN if mixed else Role.FENCED if fenced else Role.PRIMARY
    if feeding:
        return Role.STANDBY
    return Role.FENCED if site.standing.value else Role.UNKNOWN
