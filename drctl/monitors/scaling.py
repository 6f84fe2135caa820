"""Observe what Kubernetes scales at one site: the plan's Deployments, and what a shift names."""

from collections.abc import Mapping

from drctl.errors import NotFound
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
