"""One look at everything a plan's gates ask for."""

from drctl.model.facts import Facts
from drctl.monitors.links import link_facts
from drctl.monitors.looking import look
from drctl.monitors.sites import site_facts
from drctl.ports.world import World


def observe(world: World, source: str, target: str) -> Facts:
    """Look at both sites, both links, the door, and let the canary write one record at the source.

    Raises nothing that a port raises: what could not be seen is unknown. ``seen_at`` is when the look began, so no fact
    is older than it says.
    """
    plan, clock = world.plan, world.clock
    began = clock.now()
    return Facts(
        seen_at=began,
        topics=plan.topics,
        groups=plan.groups,
        canary_topic=plan.site(source).canary.topic,
        source=site_facts(world, source),
        target=site_facts(world, target),
        canary=look(clock, world.sites[source].fence.canary),
        link=link_facts(world, source, target),
        reverse=link_facts(world, target, source) if (target, source) in world.links else None,
        front_door=look(clock, world.front_door.site),
    )
