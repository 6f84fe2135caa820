"""Capacity as ``drctl status`` and ``drctl doctor`` show it: what the shift that is on demands, and what is there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from drctl.cli.output import echo, show_table
from drctl.decide.capacity import Need, needs
from drctl.decide.scale_ahead import DueScaling
from drctl.model.capacity import Capacity, Shift
from drctl.model.facts import LinkFacts, SiteFacts
from drctl.model.plan_file import PlanFile
from drctl.plans.capacity_ahead import AheadScaling, ahead_scalings, due_ahead
from drctl.ports import World

NEXT = timedelta(days=1)
"""So far is looked for the next shift."""


@dataclass(frozen=True, slots=True)
class ScalingAhead:
    """Hold what the service does ahead of a shift.

    ``following`` is the next shift with when it begins, None where none begins within a day; ``due`` what is to be
    scaled now, by site; ``last`` is the newest scaling in the journal.
    """

    span: timedelta
    following: tuple[datetime, Shift] | None
    due: tuple[tuple[str, DueScaling], ...]
    last: AheadScaling | None


@dataclass(frozen=True, slots=True)
class Demanded:
    """The shift that is on, and at each site what it demands; ``ahead`` is None where the service scales nothing."""

    shift: Shift
    capacity: Capacity
    needs: tuple[tuple[str, Need], ...]
    ahead: ScalingAhead | None = None


def demanded(
    plan: PlanFile,
    sites: Sequence[SiteFacts],
    links: Sequence[LinkFacts],
    at: datetime,
    ahead: ScalingAhead | None = None,
) -> Demanded | None:
    """None where the plan file has no schedule."""
    capacity = plan.capacity
    if capacity is None:
        return None
    shift, carried = capacity.on(at), tuple(each.what for each in plan.carriers)
    found = []
    for site in sites:
        link = next((each for each in links if each.link.target == site.name), None)
        found += [(site.name, need) for need in needs(shift, site, link, (*carried, *plan.node_pools(site.name)))]
    return Demanded(shift, capacity, tuple(found), ahead)


def scaling_ahead(
    world: World, sites: Sequence[SiteFacts], links: Sequence[LinkFacts], serving: str | None, at: datetime
) -> ScalingAhead | None:
    """None where the plan file does not let the service scale; ``serving`` is the site that clients are sent to."""
    plan, capacity = world.plan, world.plan.capacity
    if capacity is None or capacity.scale_ahead is None:
        return None
    standbys = plan.standbys(serving) if serving else ()
    into = {each.link.target: each for each in links if each.link.source == serving}
    due = tuple(
        (site.name, each)
        for site in sites
        if serving and site.name in standbys
        for each in due_ahead(world, serving, site, into.get(site.name), at)
    )
    following = next(iter(capacity.within(at, NEXT)), None)
    last = next((each for each in ahead_scalings(world) if each.is_done), None)
    return ScalingAhead(capacity.scale_ahead, following, due, last)


def show_capacity(found: Demanded) -> None:
    """As a table."""
    shift, zone = found.shift, found.capacity.zone_name
    title = f"Capacity that shift {shift.name} demands ({zone})"
    if shift.blocked:
        title = f"Shift {shift.name} ({zone}) would have begun on a blocked date: no capacity is demanded"
    show_table(title, ("SITE", "WHAT", "DEMANDED", "PRESENT", ""), _rows(found))
    for line in _ahead_lines(found.ahead, found.capacity) if found.ahead else ():
        echo(f"  {line}")


def _rows(found: Demanded) -> Iterator[tuple[object, ...]]:
    for site, need in found.needs:
        told = "scaled up by the move" if need.carried and need.is_short else "too few" if need.is_short else need.why
        yield (site, need.what, need.required, "unknown" if need.present is None else need.present, told)


def _ahead_lines(ahead: ScalingAhead, capacity: Capacity) -> Iterator[str]:
    then = "none begins within a day"
    if ahead.following is not None:
        at, shift = ahead.following
        blocked = ", on a blocked date" if shift.blocked else ""
        then = f"{shift.name} begins at {at.astimezone(capacity.zone):%a %H:%M}{blocked}"
    minutes = ahead.span.total_seconds() / 60
    yield f"'drctl service run' scales a standby up {minutes:g} minutes before a shift; next: {then}"
    for site, each in ahead.due:
        why = f": left as it is: {each.against}" if each.against else ""
        yield f"due at {site} for shift {each.shift}: {each.what} from {each.had} to {each.replicas}{why}"
    if (last := ahead.last) is not None:
        told = f"{last.what} at {last.site} from {last.had} to {last.replicas} for shift {last.shift}"
        yield f"last: {told}, at {last.at:%Y-%m-%d %H:%M:%S} UTC by run {last.run}"


def capacity_document(found: Demanded | None) -> dict[str, Any] | None:
    """The same as part of a document; what is unknown is null, with the reason beside it."""
    if found is None:
        return None
    return {
        "shift": found.shift.name,
        "blocked": found.shift.blocked,
        "timeZone": found.capacity.zone_name,
        "needs": [{"site": site} | need_document(need) for site, need in found.needs],
        "scaleAhead": found.ahead and _ahead_document(found.ahead),
    }


def need_document(need: Need) -> dict[str, Any]:
    """One thing that is demanded, as part of a document."""
    return {"what": need.what, "demanded": need.required, "present": need.present, "why": need.why}


def _ahead_document(ahead: ScalingAhead) -> dict[str, Any]:
    following, last = ahead.following, ahead.last
    return {
        "seconds": ahead.span.total_seconds(),
        "next": following
        and {"shift": following[1].name, "begins": following[0].isoformat(), "blocked": following[1].blocked},
        "due": [
            {
                "site": site,
                "what": str(each.what),
                "had": each.had,
                "replicas": each.replicas,
                "shift": each.shift,
                "begins": each.begins and each.begins.isoformat(),
                "leftBecause": each.against or None,
            }
            for site, each in ahead.due
        ],
        "last": last
        and {
            "run": last.run,
            "site": last.site,
            "what": last.what,
            "had": last.had,
            "replicas": last.replicas,
            "shift": last.shift,
            "at": last.at.isoformat(),
        },
    }
