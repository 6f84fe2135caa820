"""Which way: the source is where the front door points, unless it is said."""

from drctl.errors import ConfigInvalid, Refused
from drctl.ports import World


def direction(world: World, target: str) -> tuple[str, str]:
    """Source and target of a move to ``target``. ConfigInvalid for a name that the plan file does not know."""
    names = sorted(world.sites)
    if target not in names:
        raise ConfigInvalid(f"the plan file names no site {target}", remedy=f"use one of {', '.join(names)}")
    sources = [source for source, to in world.links if to == target]
    if not sources:
        raise ConfigInvalid(f"no link leads to {target}", remedy="add it under spec.links")
    door = world.front_door.site()
    return (door if door in sources else sources[0]), target


def refuse_unmoved(world: World, target: str) -> None:
    """Refused if clients are at the target already and no run to it is unfinished."""
    from drctl.model.run import RunState

    unfinished = any(run.target == target and state is RunState.RUNNING for run, state in world.journal.runs())
    if world.front_door.site() == target and not unfinished:
        raise Refused(f"the front door points at {target} already", remedy="see 'drctl status'")
