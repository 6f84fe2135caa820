"""One look at everything a plan's gates ask for."""

from collections.abc import Callable
from dataclasses import replace

from drctl.model.cluster import Broker, Cluster
from drctl.model.facts import Facts, LinkFacts, SiteFacts
from drctl.model.fence import CanaryResult
from drctl.model.own_rights import JOURNAL, OFFSETS, OwnRights
from drctl.model.reading import Reading
from drctl.monitors.disks import disks_beside
from drctl.monitors.links import link_facts
from drctl.monitors.readings import Begun, InTurn, Looks
from drctl.monitors.rollouts import held_restarts
from drctl.monitors.scaling import tasks_held
from drctl.monitors.sites import site_facts
from drctl.ports.asking import both
from drctl.ports.world import World


def observe(world: World, source: str, target: str, looks: Looks | None = None) -> Facts:
    """Look at both sites, both links, client routing, and let the canary try to write one record at each site.

    Raises nothing that a port raises: what could not be seen is unknown. ``seen_at`` is when the look began, so no fact
    is older than it says. ``looks`` may bring a deadline, for a person who only wants to see; gates do not hurry.
    """
    plan, clock, entry = world.plan, world.clock, world.entry_point
    hurry, began = looks, clock.now()
    looks = looks or InTurn(clock)
    routing = looks.begin(world.client_routing.site)  # first: behind a silent site no time may be left for it
    obstacle = looks.begin(world.client_routing.obstacle)
    held = looks.begin(lambda: held_restarts(world))
    tasks = looks.begin(lambda: tasks_held(world, source, target))
    sinks = looks.begin(lambda: plan.unknown_sinks)  # side by side with all else: it may take the workers some seconds

    def tried(site: SiteFacts) -> Reading[CanaryResult]:
        if not site.cluster.known:
            return Reading(None, site.cluster.seen_at, site.cluster.unknown)
        return looks.begin(world.sites[site.name].fence.canary)()

    def facts_of(name: str, asked: Begun[Cluster] | None = None) -> SiteFacts:
        """Also ask what only the gates compare: nobody who watches needs it."""
        site = world.sites[name]
        registry = looks.begin(site.schemas.registered) if site.schemas is not None else None
        seen = site_facts(world, name, looks, asked)
        rights = _own_rights(world, seen, looks)
        brokers = seen.cluster.value.brokers if seen.cluster.value else ()

        def ask_any[T](question: Callable[[Broker], T]) -> Begun[T]:
            """Ask the first broker: all of them know what is asked here."""
            if brokers:
                return looks.begin(lambda: question(brokers[0]))
            return lambda: Reading(None, seen.cluster.seen_at, seen.cluster.unknown or "it lists no broker")

        quotas, token_rules = ask_any(site.quotas.told), ask_any(site.access.token_rules)
        strimzi = plan.site(name).strimzi
        return replace(
            seen,
            quotas=quotas(),
            schemas=registry() if registry is not None else None,
            rights=rights(),
            kafka_user=strimzi.user if strimzi else "",
            token_rules=token_rules(),
        )

    def seen_here() -> tuple[SiteFacts, Reading[CanaryResult]]:
        here = facts_of(source)
        return here, tried(here)

    def seen_with_disks() -> tuple[SiteFacts, Reading[CanaryResult]]:
        asked = looks.begin(world.sites[target].brokers.cluster)
        disks = disks_beside(world.sites[target], asked, clock, hurry)
        there = facts_of(target, asked)
        canary = tried(there)
        return replace(there, disks=disks()), canary

    def back() -> LinkFacts | None:
        has_return = (target, source) in world.links
        return link_facts(world, target, source, serving=lambda: source, looks=looks) if has_return else None

    # Side by side, so that a silent source, which takes its time to be sure of, does not delay the look at the target.
    # The links, too: what the sites' brokers tell and what their workers tell is waited for together.
    ((here, canary), reverse), ((there, target_canary), link) = both(
        lambda: both(seen_here, back),
        lambda: both(seen_with_disks, lambda: link_facts(world, source, target, looks=looks)),
    )
    return Facts(
        seen_at=began,
        topics=plan.topics,
        groups=plan.groups,
        canary_topic=plan.site(source).canary.topic,
        source=here,
        target=there,
        canary=canary,
        target_canary=target_canary,
        target_canary_topic=plan.site(target).canary.topic,
        link=link,
        reverse=reverse,
        client_routing=routing(),
        routing_obstacle=obstacle().value or "",  # where it cannot be asked, neither is it known where clients are sent
        tasks_held=tasks().value or "",
        held_restarts=held().value or (),  # where nobody had the time to ask, routing is not known either
        entry_cluster=looks.begin(lambda: entry.cluster_id(source))() if entry else None,
        deployments=tuple(each.what for each in plan.carriers if each.moves_with(plan.groups)),
        handed_over=tuple(each.what for each in plan.carriers if each.is_handed_over_with(plan.groups)),
        named=(*(each.what for each in plan.carriers), *plan.node_pools(target)),
        capacity=plan.capacity,
        unknown_sinks=sinks().value or {},
        images={topic: image for topic in plan.topics if (image := plan.image(source, target, topic)) != topic},
    )


def _own_rights(world: World, site: SiteFacts, looks: Looks) -> Begun[OwnRights]:
    if site.cluster.silent:
        return lambda: Reading(None, site.cluster.seen_at, site.cluster.unknown, silent=True)
    # Asked for, too, where the cluster could not be described: then a missing right may be why. Not of groups
    # whose coordinators were silent a moment ago: a failover would wait for them once more.
    groups = () if site.groups.silent else world.plan.groups
    topics = (*world.plan.topics_at(site.name), JOURNAL, OFFSETS)
    return looks.begin(lambda: world.sites[site.name].access.rights(topics, groups))
