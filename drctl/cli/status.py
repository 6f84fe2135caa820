"""drctl status."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from drctl.cli.capacity import Demanded, capacity_document, demanded, show_capacity
from drctl.cli.health import health_document, place_option, show_health
from drctl.cli.openness import told as in_words
from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.cli.world import opened
from drctl.decide.health import diagnose
from drctl.decide.losses import losses
from drctl.decide.rules import Blocker, Rule
from drctl.drivers.store.clock import SystemClock
from drctl.model.facts import LinkFacts, SiteStatus, Status
from drctl.model.fence import FenceState
from drctl.model.link import Connector
from drctl.model.reading import Reading
from drctl.monitors import Eyes, look, look_at_link, status
from drctl.plans.failovers import Standing, standing
from drctl.plans.pending import PendingReversal, pending_reversal
from drctl.plans.selection import moving
from drctl.ports import World


@click.command("status")
@output_option
@click.option("-w", "--watch", is_flag=True, help="Look again every few seconds, until interrupted.")
@click.option("--every", default=5.0, show_default=True, help="Seconds between looks.")
@place_option
@click.pass_obj
def command(plan_file: Path, output: str, place: str, *, watch: bool, every: float) -> None:
    """Show both sites with what is wrong there and why, the link with its lag, and the groups.

    What could not be seen is shown as unknown, with the reason; it is never zero.
    """
    clock = SystemClock()
    with opened(plan_file) as world:
        eyes = Eyes(world, place)
        while True:
            seen = status(world, eyes)
            lost = _losses(world, seen)
            if watch and output in ("table", "wide"):
                click.clear()
            facts = tuple(site.facts for site in seen.sites)
            wanted = demanded(world.plan, facts, seen.links, seen.seen_at)
            _show(seen, lost, output, (standing(world), pending_reversal(world)), wanted)
            if not watch:
                return
            clock.sleep(every)


def _losses(world: World, seen: Status) -> list[Blocker]:
    """What the link that leaves the serving site loses, as far as one look tells; 'drctl doctor' looks for longer."""
    found: list[Blocker] = []
    for source, target in world.links:
        if source == seen.front_door.value:
            moved = look(world.clock, lambda target=target: moving(world, target)).value or world  # type: ignore[misc]
            found += [x for x in losses([look_at_link(moved, source, target)]) if x.rule is not Rule.LOSSES_UNKNOWN]
    return found


def _show(
    seen: Status,
    lost: list[Blocker],
    output: str,
    after: tuple[Standing | None, PendingReversal | None],
    wanted: Demanded | None,
) -> None:
    """``after`` is what the last move left behind: a site that is gone, replication that is to be begun."""
    left, owed = after
    if output in ("json", "yaml"):
        told = [{"rule": each.rule.name, "detail": each.detail, "remedy": each.remedy} for each in lost]
        more = {"losses": told, "leftSite": left and left_document(left), "capacity": capacity_document(wanted)}
        pending = {"run": owed.run.id, "site": owed.run.source, "why": owed.why} if owed else None
        more |= {"pendingReversal": pending}
        show_document(as_document(seen) | more, output)
        return
    wide = output == "wide"
    echo(f"front door: {_value(seen.front_door)}   epoch: {_value(seen.epoch)}   at {seen.seen_at:%H:%M:%S} UTC\n")
    columns = ("SITE", "ROLE", "BROKERS", "CONTROLLER", *(("CLUSTER ID", "DENIED") if wide else ()))
    show_table("Sites", columns, (_site_row(site, wide=wide) for site in seen.sites))
    for line in standby_lines(seen):
        echo(line)
    echo()
    show_health([diagnose(site.sight, site.sight.seen_at) for site in seen.sites], wide=wide)
    columns = ("LINK", "STATE", "LAG RECORDS", "LAG SECONDS", "OFFSET SYNCS", "EXACTLY ONCE", "WHY")
    echo()
    show_table("Links", columns, (_link_row(link) for link in seen.links))
    for each in lost:
        echo(f"  ! {each.detail}\n    remedy: {each.remedy}")
    echo()
    show_table("Groups", ("GROUP", "SITE", "STATE", "PROTOCOL", "MEMBERS", "LAG"), _group_rows(seen, wide=wide))
    if wanted is not None:
        echo()
        show_capacity(wanted)
    if owed is not None:
        echo()
        echo(f"Replication from {owed.run.target} to {owed.run.source} is pending since run {owed.run.id}:")
        echo(f"  {owed.why}\n  begin it with 'drctl runs resume' once {owed.run.source} is well")
    if left is not None:
        echo()
        for line in left_lines(left, seen):
            echo(line)


def standby_lines(seen: Status) -> Iterator[str]:
    """Who may write at a site to which no clients are sent, and what could not be read there."""
    for site in seen.sites:
        if not seen.front_door.known or seen.front_door.value == site.facts.name:
            continue
        if not site.undenied.known:
            yield f"  ! {site.facts.name}: who may write there is unknown: {site.undenied.unknown}"
        elif site.undenied.value:
            named = ", ".join(sorted({denial.principal for denial in site.undenied.value}))
            yield f"  ! {site.facts.name}: no clients are sent there, and these may write: {named}"


def left_lines(left: Standing, seen: Status) -> Iterator[str]:
    """The site that a failover left behind, and how surely it is closed; loud if it is back and not proven to be."""
    by = f" by {left.fence_by}" if left.fence_by and left.fence is not FenceState.PROVEN else ""
    at = f" at {left.fence_at:%Y-%m-%d %H:%M:%S} UTC" if left.fence_at else ""
    state = "is at work" if not left.finished else "stands"
    yield f"Failover {left.run.id} from {left.left} to {left.run.target} {state}."
    yield f"  fence of {left.left}: {left.fence.value}{by}{at}: {left.fence_why}"
    if left.opened:
        yield f"  {left.left} came back: {in_words(left.opened)}. Next: drctl salvage"
    back = any(site.facts.name == left.left and site.facts.cluster.known for site in seen.sites)
    if back and left.fence is not FenceState.PROVEN:
        yield f"  {left.left} IS BACK AND ITS FENCE IS NOT PROVEN: clients may write there. Close it now: drctl fence"


def left_document(left: Standing) -> dict[str, Any]:
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
    unknown = "" if link.off_on_purpose else "unknown"
    records = unknown if lag is None else f"{lag.total}" if lag.exact else f"≤ {lag.total}"
    seconds = unknown if lag is None or lag.seconds is None else f"{lag.seconds:.1f}"
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
            lag = "unknown" if lags is None else lags.get(name, "unknown")
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
        "health": health_document(diagnose(site.sight, site.sight.seen_at)),
        "brokers": _reading(cluster, cluster.value and [broker.id for broker in cluster.value.brokers]),
        "controller": cluster.value and cluster.value.controller,
        "undenied": _reading(site.undenied, site.undenied.value and sorted({d.principal for d in site.undenied.value})),
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
