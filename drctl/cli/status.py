"""drctl status."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from drctl.cli.output import document, output_option, show_document, show_table
from drctl.cli.world import opened
from drctl.drivers.store.clock import SystemClock
from drctl.model.facts import LinkFacts, SiteStatus, Status
from drctl.model.link import Connector
from drctl.model.reading import Reading
from drctl.monitors import status


@click.command("status")
@output_option
@click.option("-w", "--watch", is_flag=True, help="Look again every few seconds, until interrupted.")
@click.option("--every", default=5.0, show_default=True, help="Seconds between looks.")
@click.pass_obj
def command(plan_file: Path, output: str, *, watch: bool, every: float) -> None:
    """Show both sites, the link with its lag, and the groups.

    What could not be seen is shown as unknown, with the reason; it is never zero.
    """
    clock = SystemClock()
    with opened(plan_file) as world:
        while True:
            seen = status(world)
            if watch and output in ("table", "wide"):
                click.clear()
            _show(seen, output)
            if not watch:
                return
            clock.sleep(every)


def _show(seen: Status, output: str) -> None:
    if output in ("json", "yaml"):
        show_document(as_document(seen), output)
        return
    wide = output == "wide"
    click.echo(
        f"front door: {_value(seen.front_door)}   epoch: {_value(seen.epoch)}   at {seen.seen_at:%H:%M:%S} UTC\n"
    )
    columns = ("SITE", "ROLE", "BROKERS", "CONTROLLER", *(("CLUSTER ID", "DENIED") if wide else ()))
    show_table("Sites", columns, (_site_row(site, wide=wide) for site in seen.sites))
    columns = ("LINK", "STATE", "LAG RECORDS", "LAG SECONDS", "OFFSET SYNCS", "EXACTLY ONCE", "WHY")
    click.echo()
    show_table("Links", columns, (_link_row(link) for link in seen.links))
    click.echo()
    show_table("Groups", ("GROUP", "SITE", "STATE", "PROTOCOL", "MEMBERS", "LAG"), _group_rows(seen, wide=wide))


def _value(reading: Reading[Any]) -> str:
    if not reading.known:
        return f"unknown ({reading.unknown})"
    return "closed" if reading.value is None else str(reading.value)


def _site_row(site: SiteStatus, *, wide: bool) -> tuple[object, ...]:
    cluster = site.facts.cluster
    if cluster.value is None:
        return (
            site.facts.name,
            site.role.value,
            f"unknown ({cluster.unknown})",
            "unknown",
            *(["", ""] if wide else []),
        )
    row = (site.facts.name, site.role.value, len(cluster.value.brokers), cluster.value.controller)
    if not wide:
        return row
    standing = site.facts.standing.value
    denied = "unknown" if standing is None else ", ".join(sorted({d.principal for d in standing})) or "nobody"
    return (*row, cluster.value.cluster_id, denied)


def _link_row(link: LinkFacts) -> tuple[object, ...]:
    lag = link.lag.value
    records = "unknown" if lag is None else f"{lag.total}" if lag.exact else f"≤ {lag.total}"
    seconds = "unknown" if lag is None or lag.seconds is None else f"{lag.seconds:.1f}"
    state = link.status.value
    once = "" if state is None or not state.source.config else "yes" if state.exactly_once else "no: a crash repeats"
    return (
        link.link.name,
        link_state(link),
        records,
        seconds,
        link.syncs.value if link.syncs.known else "unknown",
        once,
        _why(link),
    )


def link_state(link: LinkFacts) -> str:
    """One word for a link: running, stopped, absent, failed, …"""
    state = link.status.value
    if state is None:
        return "unknown"
    failed = [c for c in state.connectors if c.trace or any(t.trace for t in c.tasks)]
    return "failed" if failed else "running" if state.working else state.source.state.value.lower()


def _why(link: LinkFacts) -> str:
    state = link.status.value
    if state is None:
        return link.status.unknown
    traces = [f"{c.name}: {trace}" for c in state.connectors for trace in _traces(c)]
    unseen = [each.unknown for each in (link.syncs, link.lag) if state.working and not each.known]
    return (traces or unseen or [""])[0]


def _traces(connector: Connector) -> Iterator[str]:
    yield from (trace for trace in (connector.trace, *(task.trace for task in connector.tasks)) if trace)


def _group_rows(seen: Status, *, wide: bool) -> Iterator[tuple[object, ...]]:
    for site in seen.sites:
        groups = site.facts.groups.value
        if groups is None:
            yield ("", site.facts.name, f"unknown ({site.facts.groups.unknown})", "", "", "")
            continue
        for name, group in sorted(groups.items()):
            lags = site.group_lag.value
            lag = "unknown" if lags is None else lags.get(name, "")
            if wide or site.role.value == "primary" or group.members:
                yield (name, site.facts.name, group.state.value, group.protocol.value, len(group.members), lag)


def as_document(seen: Status) -> dict[str, Any]:
    """The status as a versioned document; unknown values are null with the reason beside them."""
    return document(
        "Status",
        {
            "seenAt": seen.seen_at.isoformat(),
            "frontDoor": _reading(seen.front_door, seen.front_door.value),
            "epoch": _reading(seen.epoch, seen.epoch.value),
            "sites": [_site_document(site) for site in seen.sites],
            "links": [_link_document(link) for link in seen.links],
        },
    )


def _reading(reading: Reading[Any], value: object) -> dict[str, Any]:
    return {"value": value if reading.known else None, **({} if reading.known else {"unknown": reading.unknown})}


def _site_document(site: SiteStatus) -> dict[str, Any]:
    cluster, groups, lags = site.facts.cluster, site.facts.groups, site.group_lag.value or {}
    return {
        "name": site.facts.name,
        "role": site.role.value,
        "brokers": _reading(cluster, cluster.value and [broker.id for broker in cluster.value.brokers]),
        "controller": cluster.value and cluster.value.controller,
        "groups": [
            {
                "name": name,
                "state": group.state.value,
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
        "why": _why(link),
    }
