"""Which way: an unfinished run keeps its source; else it is where client routing points, unless it is said."""

from drctl.cli.output import document, echo, show_document
from drctl.errors import ConfigInvalid, DrctlError, NotFound, Refused
from drctl.model.terms import Belief, Terms
from drctl.ports import World


def direction(world: World, target: str) -> tuple[str, str]:
    """Source and target of a move to ``target``. NotFound for a name that the plan file does not know.

    While a move is under way client routing is closed, or points at the target: of three sites only the run knows which
    one is left.
    """
    from drctl.plans.selection import MOVES
    from drctl.plans.unfinished import unfinished

    known_site(world, target)
    sources = [source for source, to in world.links if to == target]
    if not sources:
        raise ConfigInvalid(f"no link leads to {target}", remedy="add it under spec.links")
    if len(sources) == 1:  # whatever client routing says, if it says anything
        return sources[0], target
    begun = [run.source for run in unfinished(world) if run.kind in MOVES and run.target == target]
    routing = world.client_routing.site()
    return next((site for site in (*reversed(begun), routing) if site in sources), sources[0]), target


def known_site(world: World, name: str) -> str:
    """Return the name. NotFound, with those there are, if the plan file does not know it."""
    if name not in world.sites:
        names = ", ".join(sorted(world.sites))
        raise NotFound(f"the plan file names no site {name}", remedy=f"use one of {names}")
    return name


def other_site(world: World) -> str:
    """Return the site to move to: an unfinished run's target, else the first one that clients are not at.

    ConfigInvalid while clients are sent nowhere and no run says which way it goes: a guess could turn the direction
    around, and what is read at the wrong site looks like a position that is to be deleted.
    """
    from drctl.plans.selection import HANDOVER, MOVES
    from drctl.plans.unfinished import unfinished

    begun = [run.target for run in unfinished(world) if run.kind in (*MOVES, HANDOVER)]
    if begun:
        return begun[-1]
    try:
        routing = world.client_routing.site()
    except DrctlError as error:
        error.remedy = "; or ".join(filter(None, (error.remedy, "name the target with --to")))
        raise
    if routing is None:
        raise ConfigInvalid(
            "clients are sent to no site, so nobody can tell which way is meant", remedy="name the target with --to"
        )
    return next(site.name for site in world.plan.sites if site.name != routing)


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


def is_there(world: World, target: str, terms: Terms, output: str, *, kind: str = "Run") -> bool:
    """Whether clients are at the target and no run is unfinished: then there is nothing to do, and it is told.

    So a command that is given again by a program ends as the first one did. Refused if the target is fenced all the
    same, or if the person believes something else; Unreachable if the target does not say.
    """
    from drctl.plans.admission import require_belief
    from drctl.plans.pending import pending_reversal
    from drctl.plans.unfinished import unfinished

    if world.client_routing.site() != target or unfinished(world):
        return False
    require_belief(terms.belief, Belief(target, world.epochs.current()))
    if any(denial.own for denial in world.sites[target].fence.standing()):
        raise Refused(
            f"clients are sent to {target}, which is fenced: nobody can write there",
            remedy=f"'drctl runs list' shows why; 'drctl unfence {target}' opens it",
        )
    owed = pending_reversal(world)
    if output in ("json", "yaml"):
        body = {"target": target, "state": "not-needed", "complete": owed is None, "steps": []}
        show_document(document(kind, body), output)
    else:
        echo(f"Clients are at {target} already: there is nothing to do.")
    if owed is not None:
        echo(f"replication to {owed.run.source} is pending since run {owed.run.id}: 'drctl runs resume'", err=True)
    return True


def is_routing_known(world: World) -> bool:
    """Whether client routing can be read; where not, it is said why: a command that only looks goes on without it."""
    try:
        world.client_routing.site()
    except DrctlError as error:
        echo(f"where clients are sent is unknown: {error}", err=True)
        return False
    return True


def refuse_back_into(world: World, source: str, target: str) -> None:
    """Refused if the target has the work and the link to it copies under the same names, so that it must be off.

    One sentence, instead of reasons whose remedies would stop the link that is in use, and delete positions of groups
    at work. While a run is unfinished it knows the way.
    """
    from drctl.plans.unfinished import unfinished

    if world.client_routing.site() != target or world.links[source, target].link.prefix or unfinished(world):
        return
    raise Refused(
        f"clients are at {target} already, so no group has to be handed over to it",
        remedy=f"to move groups away from {target} name the other site with --to",
    )
