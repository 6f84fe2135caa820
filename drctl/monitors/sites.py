"""Observe one site: brokers, topics, groups, writers, deny rules."""

from collections.abc import Callable, Mapping

from drctl.model.cluster import Cluster, Topic
from drctl.model.facts import SiteFacts
from drctl.model.offsets import Committed, LogBounds, TopicPartition
from drctl.model.reading import Reading
from drctl.monitors.readings import Begun, InTurn, Looks
from drctl.monitors.scaling import scaled
from drctl.ports.asking import decided
from drctl.ports.world import SitePorts, World

A_MOMENT = 1.0
"""Seconds within which most transactions end; a look at a site may not take longer for one that does not."""


def site_facts(world: World, name: str, looks: Looks | None = None, asked: Begun[Cluster] | None = None) -> SiteFacts:
    """Everything about one site. A site that does not answer is asked once, not five times: ``asked`` if it was."""
    site, plan, looks = world.sites[name], world.plan, looks or InTurn(world.clock)
    asked = asked or looks.begin(site.brokers.cluster)
    sinks = looks.begin(lambda: {name: site.connectors.state(name) for name in plan.sinks})
    deployments = looks.begin(lambda: scaled(world, name))
    cluster = asked()
    names = (*plan.topics_at(name), plan.site(name).canary.topic)

    def ask[T](question: Callable[[], T]) -> Begun[T]:
        return looks.begin(question) if cluster.known else lambda: Reading(None, cluster.seen_at, cluster.unknown)

    topics = ask(lambda: site.brokers.topics(names))
    groups = ask(lambda: site.positions.describe(plan.groups))
    writers, standing = ask(site.fence.writers), ask(site.fence.standing)
    rules, users = ask(site.access.rules), ask(site.access.users)
    return SiteFacts(
        name,
        cluster,
        topics(),
        groups(),
        writers(),
        standing(),
        sinks(),
        rules(),
        users(),
        deployments(),
        plan.site(name).platform_principals,
    )


def group_lag(world: World, site: SitePorts, topics: Mapping[str, Topic]) -> Mapping[str, int]:
    """Per group the offsets between its positions and the stable ends, in the plan's topics.

    A group of which a transaction that stays open commits positions is left out: nobody knows its lag.
    """
    names = world.plan.topics_at(site.name)
    ends = site.records.bounds([p for name in names if name in topics for p in topics[name].spread()])
    found, pending = decided(site.positions, world.plan.groups, world.clock, A_MOMENT)
    return {group: _lag(positions, ends) for group, positions in found.items() if group not in pending}


def _lag(positions: Mapping[TopicPartition, Committed], ends: Mapping[TopicPartition, LogBounds]) -> int:
    """A position below the log start counts from there: what is gone cannot be read."""
    lag = 0
    for partition, committed in positions.items():
        if (end := ends.get(partition)) is not None:
            lag += max(0, end.stable - max(committed.offset, end.start))
    return lag
