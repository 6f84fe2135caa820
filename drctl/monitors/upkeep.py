"""Observe what runs out, drifts or is set apart while nobody looks: certificates, clocks, disks."""

from datetime import timedelta
from functools import partial

from drctl.model.upkeep import SiteUpkeep, Skew, Upkeep
from drctl.monitors.disks import begin_disks
from drctl.monitors.readings import InTurn, Looks
from drctl.ports.asking import both
from drctl.ports.timekeeper import Timekeeper
from drctl.ports.world import World

HALF_A_SECOND = timedelta(seconds=0.5)
"""A time in whole seconds is on average so much behind."""


def keep_up(world: World, source: str, target: str, looks: Looks | None = None) -> Upkeep:
    """Look at both sites and at this machine; changes nothing, and whoever is silent hides nothing of the other."""
    looks, seen_at = looks or InTurn(world.clock), world.clock.now()
    state = looks.begin(world.disk.space)
    sites = both(partial(_site, world, source, looks), partial(_site, world, target, looks))
    return Upkeep(seen_at, sites, str(world.plan.state.parent), state())


def _site(world: World, name: str, looks: Looks) -> SiteUpkeep:
    site = world.sites[name]
    asked = looks.begin(site.brokers.cluster)
    kept = looks.begin(site.certificates.kept)
    clocks = {who: looks.begin(partial(skew, world, keeper)) for who, keeper in site.timekeepers.items()}
    addresses = looks.begin(site.certificates.addresses)()
    # Those that are known without the brokers first: certificates may be why these do not answer.
    served = {each: looks.begin(partial(site.certificates.served, each)) for each in addresses.value or ()}
    cluster = asked()
    brokers = cluster.value.brokers if cluster.value is not None else ()
    disks = begin_disks(site, brokers, looks)
    if addresses.value:
        advertised = {f"{_bracketed(each.host)}:{each.port}": None for each in brokers}
        others = [each for each in advertised if each not in served]
        served |= {each: looks.begin(partial(site.certificates.served, each)) for each in others}
    return SiteUpkeep(
        name,
        addresses,
        {address: each() for address, each in served.items()},
        kept(),
        {who: each() for who, each in clocks.items()},
        disks(),
        cluster.unknown,
    )


def skew(world: World, keeper: Timekeeper) -> Skew:
    """Ask for the time there; it was that some time between question and answer."""
    before = world.clock.now()
    told = keeper.time()
    half = (world.clock.now() - before) / 2
    return Skew(told + HALF_A_SECOND - (before + half), half + HALF_A_SECOND)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
