"""check-others-closed."""

from collections.abc import Iterator
from typing import ClassVar

from drctl.errors import Refused, StepFailed, Unreachable
from drctl.model.run import Evidence
from drctl.plans import failovers, fencing
from drctl.plans.closed import require_closed
from drctl.plans.plan import Place, Step, StepContext
from drctl.ports import SitePorts


class CheckOthersClosed(Step):
    """See that no other site can take writes, and that nothing leads anywhere but to the site that is to be opened.

    Every other site of the plan file has to say itself that all its writers are denied, and to refuse an ordinary
    client. One that is silent may be open: unless the journal proves that it was closed, and that no run has begun to
    open it since, and a person attests that it takes no writes (`--attest-target-down`). No link may copy to the site,
    clients may not be sent elsewhere, and no failover may stand that left it: then its tail has to be salvaged first.
    """

    name: ClassVar[str] = "check-others-closed"
    title: ClassVar[str] = "Check that every other site is closed"
    at: ClassVar[Place] = Place.BOTH
    inspect: ClassVar[str] = "drctl status -o wide"

    def check(self, ctx: StepContext) -> bool:
        return self.name in ctx.evidence

    def do(self, ctx: StepContext) -> Evidence:  # noqa: ARG002 - looking is all
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        site = ctx.source
        if reasons := list(_reasons(ctx)):
            raise Refused(
                f"{site.name} is not opened, nothing was changed: {'; '.join(reasons)}",
                remedy="see 'drctl status -o wide'; where another site is open, 'drctl switchover' or 'drctl failback'",
            )
        if not fencing.own(site):
            raise Refused(f"no deny rule of drctl stands at {site.name}", remedy="see 'drctl status -o wide'")
        return {"closed": sorted(ctx.world.sites.keys() - {site.name})}


def open_sites(ctx: StepContext) -> Iterator[str]:
    """Why another site than the run's source is not certain to be closed."""
    for name in sorted(ctx.world.sites.keys() - {ctx.source.name}):
        site = ctx.world.sites[name]
        try:
            yield from fencing.not_closed(ctx.world, site)
        except Unreachable as silent:
            yield from _unless_vouched(ctx, site, silent)


def _unless_vouched(ctx: StepContext, site: SitePorts, silent: Unreachable) -> Iterator[str]:
    try:
        require_closed(ctx, site, silent)
    except StepFailed as seen:
        yield str(seen)
    except Unreachable as unknown:
        yield f"whether {site.name} is closed is not known: {unknown} ({unknown.remedy})"


def _reasons(ctx: StepContext) -> Iterator[str]:
    world, site = ctx.world, ctx.source.name
    yield from open_sites(ctx)
    if (routing := world.client_routing.site()) not in (None, site):
        yield f"clients are sent to {routing}"
    for ports in world.links.values():
        if ports.link.target == site and not ports.link.prefix and not ports.replication.status().copies_nothing:
            yield f"link {ports.link.name} copies to it"
    standing = failovers.standing(world)
    if standing is not None and standing.left == site:
        yield f"it was left by the failover {standing.run.id}, and may hold a tail: drctl salvage"
