"""drctl status."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click

from drctl.cli.capacity import Demanded, capacity_document, demanded, scaling_ahead, show_capacity
from drctl.cli.forecast import brief_document, forecast, in_brief
from drctl.cli.health import place_option, show_health
from drctl.cli.left_clients import clients_left, clients_left_document, clients_left_lines
from drctl.cli.live_lines import live_document, live_lines
from drctl.cli.openness import told as in_words
from drctl.cli.output import echo, output_option, show_document, show_table
from drctl.cli.parameters import DURATION
from drctl.cli.pause import pause_document
from drctl.cli.places import show_places
from drctl.cli.status_document import as_document, left_document, link_state, run_document, why
from drctl.cli.wording import state_word
from drctl.cli.world import opened
from drctl.decide.health import diagnose
from drctl.decide.losses import losses
from drctl.decide.rules import Blocker, Rule
from drctl.errors import at_site
from drctl.model.facts import LinkFacts, SiteStatus, Status
from drctl.model.fence import FenceState
from drctl.model.forecast import Forecast
from drctl.model.reading import Reading
from drctl.model.site import Role
from drctl.monitors import Begun, SideBySide, SiteObservers, after, look_at_link, observe, reading_of, status
from drctl.plans.failovers import StandingFailover, standing
from drctl.plans.interruption import Interruption, interruption
from drctl.plans.live import LiveState, standing_drill
from drctl.plans.pausing import Pause, standing_pause
from drctl.plans.pending import PendingReversal, pending_reversal
from drctl.plans.selection import moving
from drctl.plans.standing import being_left
from drctl.ports import World


@click.command("status")
@output_option
@click.option("-w", "--watch", is_flag=True, help="Look again every few seconds, until interrupted.")
# Every look asks brokers, workers and API servers again, and one at a site that is silent takes eight seconds anyway.
@click.option("--interval", "every", type=DURATION, default="5s", show_default=True, help="Polling interval.")
@place_option
@click.pass_obj
def command(plan_file: Path, output: str, place: str, *, watch: bool, every: float) -> None:
    """Show both sites with what is wrong there and why, the link with its lag, and the groups.

    What could not be seen is shown as unknown, with the reason; it is never zero. Exits 0 all the same.
    """
    with opened(plan_file, looking=True) as world:
        observers, people = SiteObservers(world, place), output in ("table", "wide")
        while True:
            left = LeftBehind(
                interruption(world, observe),
                standing(world),
                pending_reversal(world),
                standing_pause(world),
                standing_drill(world),
            )
            if people and not watch:  # known without asking anybody, and what matters first
                _show_first(left, world.clock.now())
            looks = SideBySide(world.clock)
            routed = looks.begin(world.client_routing.site)
            losing = _losses(world, looks, routed)
            costs = after(looks, routed, partial(_if_lost, world))
            seen = status(world, observers, looks, routed, being_left(world))
            if people and watch:
                click.clear()
                _show_first(left, world.clock.now())
            facts = tuple(site.facts for site in seen.sites)
            ahead = scaling_ahead(world, facts, seen.links, seen.client_routing.value, seen.seen_at)
            wanted = demanded(world.plan, facts, seen.links, seen.seen_at, ahead)
            left = left._replace(clients=clients_left(world, seen))
            _show(seen, losing(), output, left, wanted=wanted, costs=costs())
            if not watch:
                return
            world.clock.sleep(every)


class LeftBehind(NamedTuple):
    """Hold what runs have left behind: one that is unfinished, a site that is gone, replication that is to be begun.

    And the pause and the live drill that stand, if they do, and the clients that have not followed.
    """

    run: Interruption | None
    failover: StandingFailover | None
    reversal: PendingReversal | None
    pause: Pause | None = None
    drill: LiveState | None = None
    clients: Sequence[Blocker] = ()


def _losses(world: World, looks: SideBySide, routed: Begun[str | None]) -> Callable[[], list[Blocker]]:
    """Begin to look what the link that leaves the serving site loses, as far as one look tells.

    'drctl doctor' looks for longer.
    """

    def lost(target: str, serving: str | None, source: str) -> list[Blocker]:
        if source != serving:
            return []
        moved = reading_of(world.clock, lambda: moving(world, target)).value or world
        seen = look_at_link(moved, source, target, looks=looks)
        return [x for x in losses([seen]) if x.rule is not Rule.LOSSES_UNKNOWN]

    begun = [after(looks, routed, partial(lost, target, source=source)) for source, target in world.links]
    return lambda: [each for told in begun for each in told().value or ()]


def _if_lost(world: World, serving: str | None) -> Forecast | None:
    """Forecast a failover from the site that serves; None where none serves, or no link leads away from it."""
    target = next((there for here, there in world.links if here == serving), None)
    return None if target is None else forecast(world, target, deep=False)


def _cost_lines(costs: Reading[Forecast | None]) -> Iterator[str]:
    if costs.value is not None:
        yield f"\n{in_brief(costs.value)}"
    elif not costs.known:
        yield f"\nwhat a failover now would cost is unknown: {costs.unknown}"


def _show_first(left: "LeftBehind", now: datetime) -> None:
    """Show first what runs left behind that nobody may overlook."""
    if left.pause is not None:
        echo(f"drctl is {left.pause}; end it with 'drctl pause --end --reason …'\n")
    for line in left.run.lines if left.run is not None else ():
        echo(line)
    for line in live_lines(left.drill, now) if left.drill is not None else ():
        echo(line)


def _show(
    seen: Status,
    lost: list[Blocker],
    output: str,
    behind: "LeftBehind",
    *,
    wanted: Demanded | None,
    costs: Reading[Forecast | None],
) -> None:
    left, owed = behind.failover, behind.reversal
    if output in ("json", "yaml"):
        told = [{"rule": each.rule.name, "detail": each.detail, "remedy": each.remedy} for each in lost]
        more: dict[str, Any] = {
            "losses": told,
            "leftSite": left and left_document(left),
            "capacity": capacity_document(wanted),
        }
        pending = {"run": owed.run.id, "site": owed.run.source, "why": owed.why} if owed else None
        more |= {"pendingReversal": pending, "unfinishedRun": run_document(behind.run)}
        more |= {"pause": pause_document(behind.pause), "liveDrill": live_document(behind.drill, seen.seen_at)}
        more |= {"clientsLeft": clients_left_document(behind.clients)}
        more |= {"forecast": costs.value and brief_document(costs.value), "forecastUnknown": costs.unknown or None}
        show_document(as_document(seen) | more, output)
        return
    wide = output == "wide"
    echo(
        f"client routing: {_value(seen.client_routing)}   epoch: {_value(seen.epoch)}"
        f"   at {seen.seen_at:%H:%M:%S} UTC\n"
    )
    columns = ("SITE", "ROLE", "BROKERS", "CONTROLLER", *(("CLUSTER ID", "DENIED") if wide else ()), "WHY")
    show_table("Sites", columns, (_site_row(site, wide=wide) for site in seen.sites))
    _tell(standby_lines(seen))
    echo()
    show_health([diagnose(site.sight, site.sight.seen_at) for site in seen.sites], wide=wide)
    show_places(site.sight for site in seen.sites)
    columns = ("LINK", "STATE", "LAG RECORDS", "LAG SECONDS", "OFFSET SYNCS", "EXACTLY ONCE", "WHY")
    echo()
    show_table("Links", columns, (_link_row(link) for link in seen.links))
    _tell(f"  ! {each.detail}\n    remedy: {each.remedy}" for each in lost)
    echo()
    show_table("Groups", ("GROUP", "SITE", "STATE", "PROTOCOL", "MEMBERS", "LAG"), _group_rows(seen, wide=wide))
    _tell(clients_left_lines(behind.clients))
    _tell(sink_lines(seen))
    _tell(_cost_lines(costs))
    if wanted is not None:
        echo()
        show_capacity(wanted)
    if owed is not None:
        echo()
        echo(f"Replication from {owed.run.target} to {owed.run.source} is pending since run {owed.run.id}:")
        echo(f"  {owed.why}\n  begin it with 'drctl runs resume' once {owed.run.source} is well")
    if left is not None:
        echo()
        _tell(left_lines(left, seen))


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        echo(line)


def standby_lines(seen: Status) -> Iterator[str]:
    """Who may write at a site to which no clients are sent, and what could not be read there."""
    for site in seen.sites:
        if not seen.client_routing.known or seen.client_routing.value == site.facts.name:
            continue
        if not site.undenied.known:
            why = at_site(site.facts.name, site.undenied.unknown)
            yield f"  ! {site.facts.name}: who may write there is unknown: {why}"
        elif site.undenied.value:
            named = ", ".join(sorted({denial.principal for denial in site.undenied.value}))
            yield f"  ! {site.facts.name}: no clients are sent there, and these may write: {named}"


def sink_lines(seen: Status) -> Iterator[str]:
    """Sinks that no move takes along while nobody knows as which group they read."""
    for sink, each in sorted(seen.unknown_sinks.items()):
        yield f"  ! sink {sink}: the group that it reads as is unknown: {each.unknown}"
        yield f"    remedy: {each.remedy}"


def left_lines(left: StandingFailover, seen: Status) -> Iterator[str]:
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


def _value(reading: Reading[Any]) -> str:
    if not reading.known:
        return f"unknown ({reading.unknown})"
    return "closed" if reading.value is None else str(reading.value)


def _site_row(site: SiteStatus, *, wide: bool) -> tuple[object, ...]:
    cluster, standing = site.facts.cluster, site.facts.standing.value
    if cluster.value is None:
        why = at_site(site.facts.name, cluster.unknown)
        return (site.facts.name, site.role.value, "unknown", "unknown", *(("", "") if wide else ()), why)
    denied = "unknown" if standing is None else ", ".join(sorted({d.principal for d in standing})) or "nobody"
    more = (cluster.value.cluster_id, denied) if wide else ()
    row = (site.facts.name, site.role.value, len(cluster.value.brokers), cluster.value.controller)
    return (*row, *more, site.role_unknown)


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
        why(link),
    )


def _group_rows(seen: Status, *, wide: bool) -> Iterator[tuple[object, ...]]:
    """Groups where they are at work; while no site is the primary, all of them everywhere."""
    served = any(site.role is Role.PRIMARY for site in seen.sites)
    for site in seen.sites:
        groups = site.facts.groups.value
        if groups is None:
            yield ("unknown", site.facts.name, "unknown", "", "", "unknown")  # why stands with the site
            continue
        for name, group in sorted(groups.items()):
            lags = site.group_lag.value
            lag = "unknown" if lags is None else lags.get(name, "unknown")
            if wide or site.role is Role.PRIMARY or group.members or not served:
                yield (name, site.facts.name, state_word(group.state), group.protocol.value, len(group.members), lag)
