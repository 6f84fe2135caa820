"""Rules about the sites themselves: do they answer, are they whole, where are clients sent."""

from collections.abc import Iterator

from drctl.decide.rules import Blocker, Rule
from drctl.decide.rules_writers import canary_blockers, own, source_canary, writing_blockers, writing_warnings
from drctl.errors import at_site
from drctl.model.facts import Facts, SiteFacts
from drctl.model.wording import counted


def site_blockers(facts: Facts) -> Iterator[Blocker]:
    """Return what the sites' state forbids."""
    for site in (facts.source, facts.target):
        yield from _silence(site, facts)
    yield from _one_cluster(facts)
    for site in (facts.source, facts.target):
        yield from _wholeness(site)
    yield from _routing(facts)
    yield from writing_blockers(facts)
    yield from canary_blockers(facts)


def source_ailments(facts: Facts) -> list[Blocker]:
    """Return what is wrong with the source: silence, missing brokers, partitions without a leader, failing writes.

    Behind deny rules nothing can be told of writes: then it is well if all the rest is.
    """
    found = [*_silence(facts.source, facts), *_wholeness(facts.source)]
    return found if own(facts.source) else [*found, *source_canary(facts)]


def site_warnings(facts: Facts) -> Iterator[Blocker]:
    """Return what the sites' state costs."""
    yield from writing_warnings(facts)


def _silence(site: SiteFacts, facts: Facts) -> Iterator[Blocker]:
    if not site.cluster.known:
        detail = f"{site.name}: {at_site(site.name, site.cluster.unknown)}"
        link = facts.reverse if site is facts.source else facts.link
        if link is not None and link.status.silent:
            detail += "; its Connect worker is silent, too"
        # A refused login is the answer of a site that lives. Called silent it would suggest a failover, and a
        # failover away from a site that lives is how two sites take writes.
        if site is facts.source:
            yield Blocker(Rule.SOURCE_SILENT, detail, _BACK if site.cluster.silent else _REFUSES)
        else:
            yield Blocker(Rule.TARGET_SILENT, detail, "bring it back: there is nowhere to go")
        return
    causes: dict[str, list[str]] = {}
    for what in ("topics", "groups", "writers", "standing", "rules", "users"):
        reading = getattr(site, what)
        if not reading.known:
            causes.setdefault(reading.unknown, []).append(_NAMES.get(what, what))
    for why, names in causes.items():
        detail = f"{site.name}: its {', '.join(names)} could not be read: {at_site(site.name, why)}"
        yield Blocker(Rule.FACTS_UNKNOWN, detail, "see the reason; drctl's user may lack a right")


def _one_cluster(facts: Facts) -> Iterator[Blocker]:
    """Two addresses may lead to the same brokers, which the plan file alone cannot show: the cluster's id does."""
    here, there = facts.source.cluster.value, facts.target.cluster.value
    if here is not None and there is not None and here.cluster_id == there.cluster_id:
        detail = f"{facts.source.name} and {facts.target.name} both answer as cluster {here.cluster_id}"
        yield Blocker(Rule.ONE_CLUSTER, detail, "correct bootstrapServers in the plan file, or what its names lead to")


_NAMES = {"standing": "deny rules", "users": "SCRAM users"}
_BACK = "bring it back, or consider a failover"
_REFUSES = "see the reason: it answers, and no failover is needed for a right or a login"


def _wholeness(site: SiteFacts) -> Iterator[Blocker]:
    cluster, topics = site.cluster.value, site.topics.value
    if cluster is None or topics is None:
        return
    for topic in topics.values():
        replicas = max((len(p.replicas) for p in topic.partitions), default=0)
        if len(cluster.brokers) < replicas:
            lack = f"{counted(len(cluster.brokers), 'broker')} for {counted(replicas, 'replica')}"
            detail = f"{site.name}: {lack} of {topic.name}"
            yield Blocker(Rule.BROKERS_MISSING, detail, "start the brokers that are missing")
        # Worse than under-replicated: nothing is written there or read, and no end offset is told by which a
        # fence could be proven.
        headless = [str(n) for n, p in enumerate(topic.partitions) if p.leader < 0]
        if headless:
            detail = f"{site.name}: {topic.name} partitions {', '.join(headless)}"
            yield Blocker(Rule.PARTITION_WITHOUT_LEADER, detail, "start a broker that holds them in sync")


def _routing(facts: Facts) -> Iterator[Blocker]:
    routing = facts.client_routing
    if not routing.known:
        remedy = "let it be read: see clientRouting in the plan file"
        yield Blocker(Rule.FACTS_UNKNOWN, f"client routing: {routing.unknown}", remedy)
    elif routing.value != facts.source.name:
        remedy = "finish the run that closed it" if routing.value is None else f"switch over from {routing.value}"
        yield Blocker(Rule.CLIENT_ROUTING_ELSEWHERE, f"client routing names {routing.value or 'no site'}", remedy)
    # Asked before the fence: met behind it, the same obstacle costs a rollback while nobody can write.
    if facts.routing_obstacle:
        remedy = "let its owner give the field up, or grant the right; see clientRouting in the plan file"
        yield Blocker(Rule.CLIENT_ROUTING_HELD, f"client routing: {facts.routing_obstacle}", remedy)
    entry, source = facts.entry_cluster, facts.source.cluster
    if entry is not None and not entry.known:
        remedy = "make the plan file's clientRouting.entryPoint lead to the site that serves"
        yield Blocker(Rule.FACTS_UNKNOWN, f"what answers at the entry point of clients: {entry.unknown}", remedy)
    elif entry is not None and source.value is not None and entry.value != source.value.cluster_id:
        detail = (
            f"cluster {entry.value} answers at the entry point of clients, and {source.value.cluster_id} at the source"
        )
        yield Blocker(Rule.CLIENT_ROUTING_ELSEWHERE, detail, "make it lead to the site that serves")
