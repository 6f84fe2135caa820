"""check-others-closed."""

from collections.abc import Iterator
from typing import ClassVar

from drctl.errors import Refused, Unreachable
from drctl.model.run import Evidence
from drctl.plans import failovers, fencing
from drctl.plans.plan import Place, Scene, Step


class CheckOthersClosed(Step):
    """See that no other site can take writes, and that nothing leads anywhere but to the site that is to be opened.

    Every other site of the plan file has to say itself that all its writers are denied, and to refuse an ordinary
    client; one that is silent may be open. No link may copy to the site, clients may not be sent elsewhere, and no
    failover may stand that left it: then its tail has to be salvaged first.
    """

    name: ClassVar[str] = "check-others-closed"
    title: ClassVar[str] = "Check that every other site is closed"
    at: ClassVar[Place] = Place.BOTH
    look: ClassVar[str] = "drctl status -o wide"

    def check(self, scene: Scene) -> bool:
        return self.name in scene.seen

    def do(self, scene: Scene) -> Evidence:  # noqa: ARG002 - looking is all
        return {}

    def verify(self, scene: Scene) -> Evidence:
        site = scene.source
        if reasons := list(_reasons(scene)):
            raise Refused(
                f"{site.name} is not opened, nothing was changed: {'; '.join(reasons)}",
                remedy="see 'drctl status -o wide'; where another site is open, 'drctl switchover' or 'drctl failback'",
            )
        if not fencing.own(site):
            raise Refused(f"no deny rule of drctl stands at {site.name}", remedy="see 'drctl status -o wide'")
        return {"closed": sorted(scene.world.sites.keys() - {site.name})}


def open_sites(scene: Scene) -> Iterator[str]:
    """Why another site than the run's source is not certain to be closed."""
    for name in sorted(scene.world.sites.keys() - {scene.source.name}):
        try:
            yield from fencing.not_closed(scene.world, scene.world.sites[name])
        except Unreachable as silent:
            yield f"whether {name} is closed is not known: {silent}"


def _reasons(scene: Scene) -> Iterator[str]:
    world, site = scene.world, scene.source.name
    yield from open_sites(scene)
    if (door := world.front_door.site()) not in (None, site):
        yield f"clients are sent to {door}"
    for ports in world.links.values():
        if ports.link.target == site and not ports.link.prefix and not ports.replication.status().copies_nothing:
            yield f"link {ports.link.name} copies to it"
    standing = failovers.standing(world)
    if standing is not None and standing.left == site:
        yield f"it was left by the failover {standing.run.id}, and may hold a tail: drctl salvage"
