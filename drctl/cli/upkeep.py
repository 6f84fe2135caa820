"""Certificates, clocks and disks as the doctor shows them."""

from datetime import timedelta
from typing import Any

from drctl.cli.output import echo
from drctl.decide.rules_disks import spaces
from drctl.decide.upkeep import certificate_ends
from drctl.model.reading import Reading
from drctl.model.upkeep import DiskSpace, SiteUpkeep, Skew, Upkeep
from drctl.model.wording import counted

MIB = 1 << 20
DAY = timedelta(days=1)


def show_upkeep(found: Upkeep) -> None:
    """Print a line per site and kind: what ends first, what differs most, what is fullest."""
    echo("Certificates, clocks and disks:")
    for site in found.sites:
        for line in (_certificates(site, found), *_clocks(site), *_disks(site)):
            echo(f"  - {site.name}: {line}")
    state = found.state.value
    room = f"not reported ({found.state.unknown})" if state is None else _room(state)
    echo(f"  - this machine: {found.state_path}: {room}")


def _certificates(site: SiteUpkeep, found: Upkeep) -> str:
    ends = certificate_ends(site, found.seen_at)
    if not ends:
        why = next((each.unknown for each in (site.addresses, site.kept) if not each.known), "")
        return f"certificates: not reported ({why})" if why else "no certificates: clients speak without TLS"
    first, missed = ends[0], sum(not each.known for each in site.served.values())
    line = f"{counted(len(ends), 'certificate')}, the first ends in {first.left // DAY} d:"
    line += f" {first.subject} ({first.places[0]})"
    return f"{line}; {missed} of {len(site.served)} addresses did not tell" if missed else line


def _clocks(site: SiteUpkeep) -> list[str]:
    return [f"clock of {who}: {_told(seen)}" for who, seen in site.clocks.items()]


def _told(seen: Reading[Skew]) -> str:
    skew = seen.value
    if skew is None:
        return f"not reported ({seen.unknown})"
    if not skew.at_least:
        return f"as this machine's, within {skew.within.total_seconds():.1f} s"
    way = "ahead" if skew.ahead > timedelta(0) else "behind"
    return f"{abs(skew.ahead).total_seconds():.1f} s {way}, give or take {skew.within.total_seconds():.1f} s"


def _disks(site: SiteUpkeep) -> list[str]:
    told = [f"disk of {who}, {place}: {_room(space)}" for who, place, space in spaces(site.disks)]
    missed = [f"disks of {who}: not reported ({seen.unknown})" for who, seen in site.disks.items() if not seen.known]
    return [*told, *missed, *([f"disks: not reported ({site.brokers_unknown})"] if site.brokers_unknown else [])]


def _room(space: DiskSpace) -> str:
    room = f"{space.free // MIB:,} MiB of {space.total // MIB:,} MiB free"
    return f"{room}, cordoned" if space.cordoned else room


def upkeep_document(found: Upkeep) -> dict[str, Any]:
    """The same with every certificate; what was not told is null, with the reason in ``notCompared``."""
    return {
        "certificates": [
            {
                "site": site.name,
                "use": each.use.value,
                "places": list(each.places),
                "subject": each.subject,
                "notBefore": each.not_before.isoformat(),
                "notAfter": each.not_after.isoformat(),
                "daysLeft": each.left // DAY,
            }
            for site in found.sites
            for each in certificate_ends(site, found.seen_at)
        ],
        "clocks": [
            {
                "site": site.name,
                "source": who,
                "aheadSeconds": seen.value.ahead.total_seconds() if seen.value else None,
                "withinSeconds": seen.value.within.total_seconds() if seen.value else None,
            }
            for site in found.sites
            for who, seen in site.clocks.items()
        ],
        "disks": [
            *(
                {
                    "site": site.name,
                    "broker": who.removeprefix("broker "),
                    "place": place,
                    "freeBytes": space.free,
                    "totalBytes": space.total,
                    "cordoned": space.cordoned,
                }
                for site in found.sites
                for who, place, space in spaces(site.disks)
            ),
            {
                "site": None,
                "broker": None,
                "place": found.state_path,
                "freeBytes": found.state.value.free if found.state.value else None,
                "totalBytes": found.state.value.total if found.state.value else None,
                "cordoned": None,
            },
        ],
    }
