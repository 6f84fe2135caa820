"""Observe what Kubernetes scales at one site: the plan's Deployments, and what a shift names."""

from collections.abc import Mapping

from drctl.errors import DrctlError, NotFound
from drctl.model.scaling import Scalable, Scaled
from drctl.ports import Scaling
from drctl.ports.world import World


def scaled(world: World, name: str) -> Mapping[str, Scaled | None]:
    """Each by its label, with what scales it; None for one that does not exist there."""
    plan, scaling = world.plan, world.sites[name].scaling
    if scaling is None:
        return {}
    carried = tuple(carrier.what for carrier in plan.carriers)
    return {str(what): _look(scaling, what) for what in (*carried, *plan.deployments_ahead(), *plan.node_pools(name))}


def _look(scaling: Scaling, what: Scalable) -> Scaled | None:
    try:
        return Scaled(scaling.state(what), scaling.scalers(what))
    except NotFound:
        return None


def tasks_held(world: World, source: str, target: str) -> str:
    """Why the number of tasks that the shift demands of a link could not be set; empty where drctl is not let, or may.

    Nothing is changed.
    """
    capacity = world.plan.capacity
    wanted = capacity.on(world.clock.now()).demand.tasks_max if capacity and capacity.scales_tasks else None
    if wanted is None:
        return ""
    try:
        tasks = world.links[source, target].tasks
        if (tasks.state().most or 0) < wanted:
            tasks.rehearse(wanted)
    except DrctlError as error:
        return str(error)
    return ""
