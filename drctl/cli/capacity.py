"""Capacity as ``drctl status`` and ``drctl doctor`` show it: what the shift that is on demands, and what is there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drctl.cli.output import show_table
from drctl.decide.capacity import Need, needs
from drctl.model.capacity import Shift
from drctl.model.facts import LinkFacts, SiteFacts
from drctl.model.site import PlanFile


@dataclass(frozen=True, slots=True)
class Demanded:
    """The shift that is on, and at each site what it demands."""

    shift: Shift
    zone: str
    needs: tuple[tuple[str, Need], ...]


def demanded(
    plan: PlanFile, sites: tuple[SiteFacts, ...], links: tuple[LinkFacts, ...], at: datetime
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
    return Demanded(shift, capacity.zone_name, tuple(found))


def show_capacity(found: Demanded) -> None:
    """As a table."""
    title = f"Capacity that shift {found.shift.name} demands ({found.zone})"
    show_table(title, ("SITE", "WHAT", "DEMANDED", "PRESENT", ""), _rows(found))


def _rows(found: Demanded) -> Iterator[tuple[object, ...]]:
    for site, need in found.needs:
        told = "scaled up by the move" if need.carried and need.is_short else "too few" if need.is_short else need.why
        yield (site, need.what, need.required, "unknown" if need.present is None else need.present, told)


def capacity_document(found: Demanded | None) -> dict[str, Any] | None:
    """The same as part of a document; what is unknown is null, with the reason beside it."""
    if found is None:
        return None
    return {
        "shift": found.shift.name,
        "timeZone": found.zone,
        "needs": [{"site": site} | need_document(need) for site, need in found.needs],
    }


def need_document(need: Need) -> dict[str, Any]:
    """One thing that is demanded, as part of a document."""
    return {"what": need.what, "demanded": need.required, "present": need.present, "why": need.why}
