"""Find what parts of the plan file, each well formed, may not say together about sites, names and files."""

from collections.abc import Callable, Iterator

from drctl.config.parts import Spec
from drctl.model.canary import CANARY_RECORDS

type At = Callable[..., str]


def disagreements(spec: Spec, at: At) -> Iterator[str]:
    """One cluster under two names, topics with two meanings; each with file and line."""
    yield from _same_cluster(spec, at)
    yield from _ambiguous_prefixes(spec, at)
    yield from _canaries_topics(spec, at)


def _same_cluster(spec: Spec, at: At) -> Iterator[str]:
    """A switchover within one cluster fences both ends. Whether two addresses are one cluster only a gate can see."""
    owners: dict[str, str] = {}
    names: dict[str, str] = {}
    for index, site in enumerate(spec.sites):
        servers = sorted({server.lower() for server in (site.kafka.bootstrap_servers or "").split(",") if server})
        shared = next((server for server in servers if server in owners), None)
        if shared is not None:
            where = at("sites", index, "kafka", "bootstrapServers")
            yield where + f"site {site.name}: {shared} is a broker of site {owners[shared]}, too"
        owners = dict.fromkeys(servers, site.name) | owners
        if (other := names.setdefault(site.name.lower(), site.name)) != site.name:
            where = at("sites", index, "name")
            yield where + f"site {site.name}: only upper and lower case tell it from site {other}"


def _ambiguous_prefixes(spec: Spec, at: At) -> Iterator[str]:
    """MirrorMaker 2 takes what stands before the first separator for the source's alias."""
    for index, link in enumerate(spec.links):
        if link.replication_policy == "default" and link.separator in link.source:
            where = at("links", index, "source") + f"link {link.name}: "
            yield (
                where + f"the separator {link.separator} stands in {link.source}, so MirrorMaker 2 cuts it apart there"
            )


def _canaries_topics(spec: Spec, at: At) -> Iterator[str]:
    """A record of the canary is none of the workload's: it would be counted as lost, or be read as data."""
    canaries = {site.kafka.canary.topic for site in spec.sites}
    for index, site in enumerate(spec.sites):
        if site.kafka.canary.topic == CANARY_RECORDS:
            where = at("sites", index, "kafka", "canary") + f"site {site.name}: "
            yield where + f"{CANARY_RECORDS} is what 'drctl canary' writes to; give the fence's canary another topic"
    for index, workload in enumerate(spec.workloads):
        for topic in workload.topics:
            if topic in canaries:
                where = at("workloads", index, "topics") + f"workload {workload.name}: "
                yield where + f"topic {topic} is a canary's, which drctl writes to; give the canary a topic of its own"
