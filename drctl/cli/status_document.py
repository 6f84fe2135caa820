"""The status for programs: a versioned document, with everything that the table tells."""

from collections.abc import Iterator
from typing import Any

from drctl.cli.health import health_document
from drctl.cli.output import document
from drctl.cli.places import kafka_document, kubernetes_document
from drctl.cli.wording import state_word
from drctl.decide.health import diagnose
from drctl.model.facts import LinkFacts, SiteStatus, Status
from drctl.model.fence import DenyRule
from drctl.model.link import Connector
from drctl.model.reading import Reading
from drctl.plans.failovers import StandingFailover
from drctl.plans.interruption import Interruption


def as_document(seen: Status) -> dict[str, Any]:
    """The status as a versioned document; unknown values are null with the reason beside them."""
    return document(
        "Status",
        {
            "seenAt": seen.seen_at.isoformat(),
            "clientRouting": _reading(seen.client_routing, seen.client_routing.value),
            "epoch": _reading(seen.epoch, seen.epoch.value),
            "sites": [_site_document(site) for site in seen.sites],
            "links": [_link_document(link) for link in seen.links],
            "unknownSinks": {sink: each.unknown for sink, each in sorted(seen.unknown_sinks.items())},
        },
    )


def _reading(reading: Reading[Any], value: object) -> dict[str, Any]:
    return {"value": value if reading.known else None, **({} if reading.known else {"unknown": reading.unknown})}


def _site_document(site: SiteStatus) -> dict[str, Any]:
    standing = site.facts.standing
    cluster, groups, lags = site.facts.cluster, site.facts.groups, site.group_lag.value or {}
    return {
        "name": site.facts.name,
        "clusterId": cluster.value and cluster.value.cluster_id,
        "role": site.role.value,
        "roleUnknown": site.role_unknown or None,
        "health": health_document(diagnose(site.sight, site.sight.seen_at)),
        "kafka": kafka_document(site.sight),
        "kubernetes": kubernetes_document(site.sight),
        "brokers": _reading(cluster, cluster.value and [broker.id for broker in cluster.value.brokers]),
        "controller": cluster.value and cluster.value.controller,
        "denied": _reading(standing, _principals(standing)),
        "undenied": _reading(site.undenied, _principals(site.undenied)),
        "groups": [
            {
                "name": name,
                "state": state_word(group.state),
                "protocol": group.protocol.value,
                "members": len(group.members),
                "lag": lags.get(name),
            }
            for name, group in sorted((groups.value or {}).items())
        ]
        if groups.known
        else None,
        **({} if groups.known else {"groupsUnknown": groups.unknown}),
    }


def _principals(rules: Reading[frozenset[DenyRule]]) -> list[str]:
    """Whom they deny, or would deny; of an unknown reading nobody."""
    return sorted({rule.principal for rule in rules.value or ()})


def _link_document(link: LinkFacts) -> dict[str, Any]:
    lag = link.lag.value
    return {
        "name": link.link.name,
        "source": link.link.source,
        "target": link.link.target,
        "state": link_state(link),
        "lagRecords": _reading(link.lag, lag and lag.total),
        "lagExact": lag and lag.exact,
        "lagSeconds": lag and lag.seconds,
        "offOnPurpose": link.off_on_purpose,
        "offsetSyncs": _reading(link.syncs, link.syncs.value),
        "exactlyOnce": link.status.value.exactly_once
        if link.status.value and link.status.value.source.config
        else None,
        "why": why(link),
    }


def run_document(run: Interruption | None) -> dict[str, Any] | None:
    """The run that is unfinished, as part of the status."""
    if run is None:
        return None
    return {
        "id": run.run.id,
        "kind": run.run.kind,
        "source": run.run.source,
        "target": run.run.target,
        "state": run.standing.value,
        "step": run.step,
        "stepNumber": run.number or None,
        "steps": run.total or None,
        "noWritesSince": run.closed_since and run.closed_since.isoformat(),
        "mayAbort": run.may_abort,
        "waitsFor": run.run.target if run.waits else None,
    }


def left_document(left: StandingFailover) -> dict[str, Any]:
    """The failover that stands, as part of the status."""
    return {
        "site": left.left,
        "run": left.run.id,
        "finished": left.finished,
        "fence": left.fence.value,
        "by": left.fence_by,
        "why": left.fence_why,
        "at": left.fence_at.isoformat() if left.fence_at else None,
        "open": left.opened or None,
    }


def link_state(link: LinkFacts) -> str:
    """One word for a link: running, stopped, absent, failed, …"""
    state = link.status.value
    if state is None:
        return "unknown"
    failed = any(connector.reason for connector in state.connectors)
    return "failed" if failed else "running" if state.working else state.source.state.value.lower()


def why(link: LinkFacts) -> str:
    """The first reason why a link does not work, or is not known to; empty if it does."""
    state = link.status.value
    if state is None:
        return link.status.unknown
    traces = [f"{c.name}: {trace}" for c in state.connectors for trace in _traces(c)]
    unseen = [each.unknown for each in (link.syncs, link.lag) if state.working and not each.known]
    return (traces or unseen or [""])[0]


def _traces(connector: Connector) -> Iterator[str]:
    yield from filter(None, (connector.trace, *[task.trace for task in connector.tasks]))
