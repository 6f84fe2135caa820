"""Eyes for what runs out or drifts by itself: certificates, clocks, disks."""

from datetime import timedelta
from functools import partial

from drctl.model.upkeep import Certificate, SiteUpkeep, Skew, Upkeep
from drctl.monitors.looking import Begun, InTurn, Looks
from drctl.ports.timekeeper import Timekeeper
from drctl.ports.world import SitePorts, World

HALF_A_SECOND = timedelta(seconds=0.5)
"""A time in whole seconds is on average so much behind."""


def keep_up(world: World, names: tuple[str, ...], looks: Looks | None = None) -> Upkeep:
    """Look at both sites and at this machine; nobody logs in anywhere for it that has not yet."""
    looks, seen_at = looks or InTurn(world.clock), world.clock.now()
    begun = [_Begun(world, world.sites[name], looks) for name in names]
    state = looks.begin(world.disk.space)
    return Upkeep(seen_at, tuple(each.told() for each in begun), str(world.plan.state.parent), state())


class _Begun:
    """A look at one site that is under way."""

    def __init__(self, world: World, site: SitePorts, looks: Looks) -> None:
        self.site, self.looks = site, looks
        self.addresses = looks.begin(site.certificates.addresses)
        self.brokers = looks.begin(site.brokers.cluster)
        self.kept = looks.begin(site.certificates.kept)
        self.clocks = {who: looks.begin(partial(skew, world, keeper)) for who, keeper in site.timekeepers.items()}

    def told(self) -> SiteUpkeep:
        addresses, cluster = self.addresses(), self.brokers()
        brokers = cluster.value.brokers if cluster.value is not None else ()
        served: dict[str, Begun[tuple[Certificate, ...]]] = {}
        if addresses.value:
            advertised = [f"{_bracketed(each.host)}:{each.port}" for each in brokers]
            everywhere = tuple(dict.fromkeys((*addresses.value, *advertised)))
            served = {each: self.looks.begin(partial(self.site.certificates.served, each)) for each in everywhere}
        disks = {f"broker {each.id}": self.looks.begin(partial(self.site.log_dirs.space, each)) for each in brokers}
        return SiteUpkeep(
            self.site.name,
            addresses,
            {address: each() for address, each in served.items()},
            self.kept(),
            {who: each() for who, each in self.clocks.items()},
            {who: each() for who, each in disks.items()},
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
