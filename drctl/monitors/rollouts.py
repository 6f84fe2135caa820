"""Observe whether the clients that are to be restarted once they were routed could be."""

from drctl.errors import DrctlError
from drctl.model.rollouts import HeldRestart
from drctl.ports.world import World


def held_restarts(world: World) -> tuple[HeldRestart, ...]:
    """Those that could not be restarted now, each with why; nothing is changed. What cannot be asked is held, too."""
    rollouts, found = world.rollouts, []
    if rollouts is None:
        return ()
    for what in world.plan.restarts:
        try:
            rollouts.rehearse(what)
        except DrctlError as error:
            found.append(HeldRestart(what, str(error), error.remedy))
    return tuple(found)
