"""Taking away what drills have made at the sites, and proving that it is gone.

The active site comes first: the link copies what is there, and would make the copy's topic again. A topic that shows
once more all the same is deleted once more, until nothing is seen at any site or the time is over.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial

from drctl.errors import DrctlError
from drctl.model.canaries import CanaryNames, is_left_over
from drctl.ports import SitePorts, World

PATIENCE = 30.0
"""Seconds until nothing must be seen any more: brokers show a deletion, and a link's second try, within a few."""
AGAIN = 1.0
"""Seconds between two looks."""
CALM = 3
"""Looks in a row that find nothing: one alone may have asked a broker that did not know of a topic yet."""

type Whose = Callable[[Collection[str], str], bool]
"""Whether a name, behind one of these prefixes, is to be taken away."""


@dataclass(slots=True)
class CanaryRemains:
    """Say what was taken away, and what stays, each as ``site: topic NAME`` or ``site: group NAME``, with why."""

    removed: set[str] = field(default_factory=set)
    stays: dict[str, str] = field(default_factory=dict)

    @property
    def told(self) -> list[str]:
        """Each thing that stays, in words."""
        return [f"{what}: {why}" for what, why in sorted(self.stays.items())]


def remove_own(world: World, first: str, names: CanaryNames) -> CanaryRemains:
    """Take away what this drill has made. Raises nothing that a port raises: that stays, with why."""
    return _removed(world, first, lambda prefixes, name: names.owns(name, prefixes))


def remove_left_over(world: World, first: str) -> CanaryRemains:
    """Take away what earlier drills have left; one that may still be at work keeps what it has made."""
    now = world.clock.now()
    return _removed(world, first, lambda prefixes, name: is_left_over(name, now, prefixes))


def _removed(world: World, first: str, whose: Whose) -> CanaryRemains:
    remains = CanaryRemains()
    deadline, calm = world.clock.monotonic() + PATIENCE, 0
    while True:
        remains.stays.clear()
        for name in (first, *sorted(world.sites.keys() - {first})):
            prefixes = [link.prefix for link in world.plan.links if link.target == name]
            _remove_at(world.sites[name], partial(whose, prefixes), remains)
        calm = 0 if remains.stays else calm + 1
        # What was never there needs no second look: nothing can come after.
        if calm >= (CALM if remains.removed else 1) or world.clock.monotonic() >= deadline:
            return remains
        world.clock.sleep(AGAIN)


def _remove_at(site: SitePorts, mine: Callable[[str], bool], remains: CanaryRemains) -> None:
    kinds: dict[str, tuple[Callable[[], Iterable[str]], Callable[[str], None]]] = {
        "group": (site.positions.groups, site.positions.forget),
        "topic": (site.brokers.names, site.topics.delete),
    }
    for kind, (there, delete) in kinds.items():
        try:
            found = sorted(filter(mine, there()))
        except DrctlError as error:
            remains.stays[f"{site.name}: {kind}s"] = f"unknown: {error}"
            continue
        for name in found:
            what = f"{site.name}: {kind} {name}"
            try:
                delete(name)
                remains.removed.add(what)
                remains.stays[what] = "it was deleted, and was still seen"
            except DrctlError as error:
                remains.stays[what] = f"{error} ({error.remedy})" if error.remedy else str(error)
