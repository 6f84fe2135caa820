"""Which Deployments a run takes along, and how many replicas they are to have at the target."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drctl.errors import ConfigInvalid, DrctlError, Unreachable
from drctl.model.capacity import Shift
from drctl.model.link_tasks import number_of_tasks, tasks_of
from drctl.model.plan_file import PlanFile
from drctl.model.scaling import TASKS_MAX, Scalable, Scale
from drctl.plans.plan import StepContext
from drctl.plans.selection import HANDOVER
from drctl.ports import Scaling, SitePorts, World
from drctl.ports.permit import Permit

SCALE_DOWN = "scale-down-source"
"""The step that writes down what the source had."""
PREPARE, HAD = "prepare-capacity", "had"
"""The step that scales up at the target, and where it writes down what there was before."""


def taken_along(ctx: StepContext) -> tuple[Scalable, ...]:
    """The Deployments and StatefulSets that this run moves: in a handover only those whose groups all move."""
    alone, groups = ctx.run.kind == HANDOVER, ctx.groups
    return tuple(
        each.what
        for each in ctx.world.plan.carriers
        if (each.is_handed_over_with(groups) if alone else each.moves_with(groups))
    )


def scaling_at(site: SitePorts) -> Scaling:
    """The site's port. ConfigInvalid where the plan file says nothing of its Kubernetes."""
    if site.scaling is None:
        raise ConfigInvalid(f"site {site.name} has no kubernetes part", remedy="add it: deployments are scaled there")
    return site.scaling


def scaled_ahead(plan: PlanFile, source: str, site: str) -> tuple[Scalable, ...]:
    """Name what drctl may scale at a standby of ``source``: Deployments of no workload, and where it is let node pools
    and the number of tasks of the link that ends there.
    """
    pools = plan.node_pools(site) if plan.capacity is not None and plan.capacity.scales_pools else ()
    return (*plan.deployments_ahead(), *pools, *_tasks_of(plan, source, site))


def _tasks_of(plan: PlanFile, source: str, site: str) -> tuple[Scalable, ...]:
    if plan.capacity is None or not plan.capacity.scales_tasks:
        return ()
    demanded = any(shift.demand.tasks_max for shift in plan.capacity.shifts)
    return (tasks_of(plan.link(source, site)),) if demanded else ()


def number_of(world: World, source: str, site: str, what: Scalable) -> Scale | None:
    """How what is scaled at a standby of ``source`` stands; None of the tasks of a link that does not run.

    Such a link is held by a run, or by somebody who means it.
    """
    if what.kind != TASKS_MAX:
        return scaling_at(world.sites[site]).state(what)
    return number_of_tasks(world.links[source, site].tasks.state())


def set_number(world: World, source: str, site: str, what: Scalable, number: int, *, permit: Permit) -> None:
    """Set it; ``permit`` is asked right before."""
    if what.kind == TASKS_MAX:
        world.links[source, site].tasks.set_most(number, permit)
        return
    permit()
    scaling_at(world.sites[site]).scale(what, number)


def shift_now(world: World) -> Shift | None:
    """The shift that is on, None where the plan file has no schedule."""
    capacity = world.plan.capacity
    return None if capacity is None else capacity.on(world.clock.now())


@dataclass(frozen=True, slots=True)
class Replicas:
    """How many replicas one is to have, None if nobody knows, and who says so."""

    replicas: int | None
    said_by: str


def numbers(ctx: StepContext) -> Mapping[str, Replicas]:
    """For each that is taken along: what the shift says, else what the source had, else what the target tells."""
    return dict(_numbers(ctx))


def _numbers(ctx: StepContext) -> Iterator[tuple[str, Replicas]]:
    capacity, now = ctx.world.plan.capacity, ctx.world.clock.now()
    shift = capacity.on(now) if capacity else None
    demanded = shift.demand.deployments if shift else {}
    regular = capacity.regular(now).demand.deployments if capacity else {}
    before = ctx.snapshots.get(SCALE_DOWN, {}).get("replicas", {})
    silent = False  # a source that is gone is waited for once, not once per Deployment
    for what in taken_along(ctx):
        if shift and what.name in demanded:
            yield str(what), Replicas(demanded[what.name], f"shift {shift.name}")
            continue
        had = before.get(str(what))
        if had is None and not silent:
            try:
                had = had_at(ctx.source, what)
            except Unreachable:
                silent = True
            except DrctlError:
                pass  # it is not there, or we may not see it: the target may know
        told = _at_target(ctx, what) if had is None else Replicas(had, ctx.source.name)
        if told.replicas is None and what.name in regular:
            # On a blocked date, where nobody else knows, it is as many as on other days: not none at all.
            told = Replicas(regular[what.name], "its shift on other days")
        yield str(what), told


def had_at(site: SitePorts, what: Scalable) -> int:
    """How many replicas it has, or had before drctl took it to 0."""
    seen = scaling_at(site).state(what)
    # 0 that drctl made itself is not what it had: the annotation remembers, also where the journal of that
    # run is gone.
    return seen.wanted or seen.kept or 0


def _at_target(ctx: StepContext, what: Scalable) -> Replicas:
    """Return what it had when the work was there last, or what somebody wrote down on it for this moment."""
    try:
        found = had_at(ctx.target, what)
    except DrctlError as error:
        return Replicas(None, str(error))
    return Replicas(found, ctx.target.name) if found else Replicas(None, "nobody knows how many replicas it needs")
