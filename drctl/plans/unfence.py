"""Unfence: a site that was left closed with no run to open it, such as one superseded behind its fence, is opened."""

from drctl.errors import NotFound
from drctl.plans.plan import Plan
from drctl.plans.selection import UNFENCE
from drctl.plans.steps.check_others_closed import CheckOthersClosed
from drctl.plans.steps.raise_epoch import RaiseEpoch
from drctl.plans.steps.route_clients_to_source import RouteClientsToSource
from drctl.plans.steps.unfence_site import UnfenceSite
from drctl.ports import World


def plan(world: World, site: str) -> Plan:
    """The plan that opens ``site``; NotFound if the plan file names no such site."""
    if site not in world.sites:
        raise NotFound(f"the plan file names no site {site}", remedy=f"use one of {', '.join(sorted(world.sites))}")
    return ordered(site, next(name for name in sorted(world.sites) if name != site))


def ordered(source: str, target: str) -> Plan:
    """The same without a world to check against, for the runbook; ``target`` is another site, which stays closed.

    Nothing here is taken back: a run that stops leaves the site as it is, and the same command goes on.
    """
    return Plan(
        kind=UNFENCE,
        source=source,
        target=target,
        steps=(CheckOthersClosed(), RaiseEpoch(), UnfenceSite(), RouteClientsToSource()),
        point_of_no_return=UnfenceSite.name,
        rollback=(),
    )
