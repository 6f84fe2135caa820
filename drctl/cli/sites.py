"""Which way: an unfinished move keeps its source; else it is where the front door points, unless it is said."""

from drctl.errors import ConfigInvalid, DrctlError, Refused
from drctl.ports import World


def direction(world: World, target: str) -> tuple[str, str]:
    """Source and target of a move to ``target``. ConfigInvalid for a name that the plan file does not know.

    While a move is under way the front door is closed, or points at the target: of three sites only the run knows which
    one is left.
    """
    from drctl.plans.record import unfinished
    from drctl.plans.selection import MOVES

    names = sorted(world.sites)
    if target not in names:
        raise ConfigInvalid(f"the plan file names no site {target}", remedy=f"use one of {', '.join(names)}")
    sources = [source for source, to in world.links if to == target]
    if not sources:
        raise ConfigInvalid(f"no link leads to {target}", remedy="add it under spec.links")
    begun = [run.source for run in unfinished(world) if run.kind in MOVES and run.target == target]
    door = world.front_door.site()
    return next((site for site in (*reversed(begun), door) if site in sources), sources[0]), target


def other_site(world: World) -> str:
    """The first site that clients are not at."""
    door = world.front_door.site()
    return next(site.name for site in world.plan.sites if site.name != door)


def stays_behind(world: World, source: str, target: str) -> list[tuple[str, str]]:
    """Groups, or parts of them, that a switchover leaves where they are, and why."""
    from drctl.monitors import uncovered
    from drctl.plans.selection import handed_over

    apart = handed_over(world, target)
    behind = [(group, f"was handed over to {target} by run {run}") for group, run in apart.items()]
    try:
        return behind + [each for each in uncovered(world, source) if each.group not in apart]
    except DrctlError as error:
        return [*behind, ("unknown", str(error))]


def never_committed(world: World, source: str, target: str) -> list[str]:
    """Partitions in which the groups that move have no position, a line for each group, and what becomes of them."""
    from drctl.plans.uncommitted import told, uncommitted

    try:
        held = world.sites[source].positions.committed(world.plan.groups)
        return told(uncommitted(world, source, held), target)
    except DrctlError as error:
        return [f"unknown: {error}"]


def refuse_unmoved(world: World, target: str) -> None:
    """Refused if clients are at the target already and no run to it is unfinished."""
    from drctl.plans.record import unfinished

    if world.front_door.site() == target and all(run.target != target for run in unfinished(world)):
        raise Refused(f"the front door points at {target} already", remedy="see 'drctl status'")
