"""The digest of what an approver saw, of facts that stay as they are between approving and running.

In it: which sites and direction, where clients are, the epoch; topics with their ids, partitions and configuration;
which groups exist; who may write and who is denied; the links' and sinks' configuration. Not in it: lag, members,
positions, leaders, brokers, room on disks, times: they change from moment to moment, and the gates judge them when the
run begins.
"""

import hashlib
import json
from typing import Any

from drctl.model.facts import Facts, LinkFacts, SiteFacts
from drctl.model.reading import Reading
from drctl.model.session import GroupState
from drctl.redaction import names_a_secret


def facts_digest(facts: Facts, epoch: int) -> str:
    """SHA-256 in hex; what is unknown is a value of its own."""
    seen = {
        "epoch": epoch,
        "primary": _known(facts.client_routing, facts.client_routing.value),
        "topics": facts.topics,
        "groups": facts.groups,
        "sites": [_site(facts.source), _site(facts.target)],
        "links": [_link(link) for link in (facts.link, facts.reverse) if link is not None],
    }
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def _site(site: SiteFacts) -> dict[str, Any]:
    topics, groups = site.topics.value or {}, site.groups.value or {}
    writers, denied = site.writers.value, site.standing.value or frozenset()
    return {
        "name": site.name,
        "cluster": _known(site.cluster, site.cluster.value and site.cluster.value.cluster_id),
        "topics": _known(site.topics, {n: [t.topic_id, len(t.partitions), dict(t.config)] for n, t in topics.items()}),
        "groups": _known(site.groups, sorted(n for n, g in groups.items() if g.state is not GroupState.DEAD)),
        "writers": _known(site.writers, writers and [sorted(writers.principals), writers.everyone]),
        "denied": _known(site.standing, sorted(f"{d.principal} {d.scope}" for d in denied)),
        "sinks": _known(site.sinks, {n: _public(c.config) for n, c in (site.sinks.value or {}).items()}),
    }


def _link(link: LinkFacts) -> dict[str, Any]:
    status = link.status.value
    connectors = status.connectors if status else ()
    return {
        "name": link.link.name,
        "connectors": _known(link.status, {c.name: _public(c.config) for c in connectors}),
    }


def _known(reading: Reading[Any], value: Any) -> Any:
    # Unknown is a value of its own: an approval that was given while a site was silent must not hold once
    # it answers.
    return value if reading.known else "unknown"


def _public(config: dict[str, str]) -> dict[str, str]:
    """Return what goes into a digest: not even there the values of keys that say they are secret."""
    return {key: value for key, value in config.items() if not names_a_secret(key)}
