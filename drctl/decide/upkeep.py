"""Upkeep: certificates that end, clocks that drift, disks that fill.

:func:`upkeep_failures` names what fails now or within days, :func:`upkeep_warnings` what is to be seen to in time,
:func:`upkeep_unseen` what nobody could tell, which is never taken to be well.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from drctl.decide.equality import Unseen
from drctl.decide.rules import Blocker, Rule
from drctl.decide.rules_disks import FULL, LOW, filling, shown, spaces
from drctl.errors import at_site
from drctl.model.upkeep import Certificate, CertificateUse, SiteUpkeep, Upkeep

ENDS_SOON, ENDS_NOW = timedelta(days=30), timedelta(days=7)
"""A certificate that has less left is reported; it is wrong once it has less than this."""
APART, FAR_APART = timedelta(seconds=5), timedelta(seconds=30)
"""The same for clocks, by what they differ for certain."""
STATE_LOW, STATE_FULL = 1 << 30, 100 << 20
"""The same for the free bytes beside the state file: a large run's journal takes some 10 MB, a salvage what is lost."""

RENEW = {
    CertificateUse.BROKER: "renew it: without a valid one no client, link or drctl connects there",
    CertificateUse.CLIENT: "renew it: with one that has ended nobody logs in",
    CertificateUse.AUTHORITY: "put the next authority into it beside this one before anything is signed by that",
}
CLOCKS = (
    "compare both with a time server ('chronyc tracking'): the one that is wrong makes certificates, lag and freshness"
)
CLOCKS += " wrong, too"


class CertificateEnd(NamedTuple):
    """A certificate with its places, and how long it lasts from the look on."""

    use: CertificateUse
    places: tuple[str, ...]
    subject: str
    not_before: datetime
    not_after: datetime
    left: timedelta


def certificate_ends(site: SiteUpkeep, now: datetime) -> tuple[CertificateEnd, ...]:
    """Every certificate of a site once, the first to end first."""
    places: dict[tuple[str, CertificateUse], list[str]] = defaultdict(list)
    certificates: dict[str, Certificate] = {}
    for address, seen in site.served.items():
        for number, each in enumerate(seen.value or ()):
            use = CertificateUse.AUTHORITY if number else CertificateUse.BROKER
            places[each.fingerprint, use].append(f"{address}, in the chain" if number else address)
            certificates.setdefault(each.fingerprint, each)
    for kept in site.kept.value or ():
        places[kept.certificate.fingerprint, kept.use].append(kept.place)
        certificates.setdefault(kept.certificate.fingerprint, kept.certificate)
    ends: list[CertificateEnd] = []
    for (fingerprint, use), where in places.items():
        each = certificates[fingerprint]
        left = each.not_after - now
        ends.append(CertificateEnd(use, tuple(where), each.subject, each.not_before, each.not_after, left))
    return tuple(sorted(ends, key=lambda each: (each.not_after, each.use, each.places)))


def upkeep_failures(upkeep: Upkeep) -> Iterator[Blocker]:
    """Return what fails already, or will within days."""
    for site in upkeep.sites:
        yield from _certificates(site, upkeep.seen_at, timedelta.min, ENDS_NOW)
        yield from _clocks(site, FAR_APART, timedelta.max)
        yield from filling(site.name, site.disks, 0.0, FULL)
    yield from _state(upkeep, 0, STATE_FULL)


def upkeep_warnings(upkeep: Upkeep) -> Iterator[Blocker]:
    """Return what is to be seen to before it fails."""
    for site in upkeep.sites:
        yield from _certificates(site, upkeep.seen_at, ENDS_NOW, ENDS_SOON)
        yield from _clocks(site, APART, FAR_APART)
        yield from filling(site.name, site.disks, FULL, LOW)
        yield from _cordoned(site)
    yield from _state(upkeep, STATE_FULL, STATE_LOW)


def upkeep_unseen(upkeep: Upkeep) -> Iterator[Unseen]:
    """Return what was not told, and why."""
    for site in upkeep.sites:
        yield from _unseen_certificates(site)
        for who, skew in site.clocks.items():
            if not skew.known:
                yield Unseen(f"clock of {who} at {site.name}", at_site(site.name, skew.unknown))
        yield Unseen(f"clocks of the brokers of {site.name}", "no answer of Kafka's carries the time")
        yield from _unseen_disks(site)
    if not upkeep.state.known:
        yield Unseen(f"free space beside the state file, {upkeep.state_path}", upkeep.state.unknown)


def _unseen_certificates(site: SiteUpkeep) -> Iterator[Unseen]:
    if not site.addresses.known:
        yield Unseen(f"certificates of the brokers of {site.name}", at_site(site.name, site.addresses.unknown))
    for address, seen in site.served.items():
        if not seen.known:
            yield Unseen(f"certificate at {address} of {site.name}", at_site(site.name, seen.unknown))
    if not site.kept.known:
        yield Unseen(f"certificates of the clients at {site.name}", at_site(site.name, site.kept.unknown))
    elif site.addresses.value and not any(each.use is CertificateUse.AUTHORITY for each in site.kept.value or ()):
        yield Unseen(f"authorities at {site.name}", "its clients trust those of this machine's system")


def _unseen_disks(site: SiteUpkeep) -> Iterator[Unseen]:
    if site.brokers_unknown:
        yield Unseen(f"free space on the disks of {site.name}", site.brokers_unknown)
    for who, seen in site.disks.items():
        if not seen.known:
            yield Unseen(f"free space on the disks of {who} of {site.name}", at_site(site.name, seen.unknown))


def _certificates(site: SiteUpkeep, now: datetime, least: timedelta, below: timedelta) -> Iterator[Blocker]:
    ends = certificate_ends(site, now)
    # An authority that is being replaced stands beside the next one of its name: the last to end counts.
    last = {(each.places, each.subject): each for each in ends if each.use is CertificateUse.AUTHORITY}
    for each in ends:
        if each.use is CertificateUse.AUTHORITY and last[each.places, each.subject] is not each:
            continue
        what = f"{site.name}: the {each.use} certificate {each.subject} ({', '.join(each.places)})"
        if each.not_before > now:
            if least < timedelta(0):
                since = f"{what} is not valid before {each.not_before.isoformat()}"
                yield Blocker(Rule.CERTIFICATE_INVALID, since, "check this machine's clock, or wait")
        elif least <= each.left < below:
            until = each.not_after.isoformat()
            if each.left < timedelta(0):
                yield Blocker(Rule.CERTIFICATE_INVALID, f"{what} expired at {until}", RENEW[each.use])
            else:
                detail = f"{what} ends in {each.left.days} d, at {until}"
                yield Blocker(Rule.CERTIFICATE_EXPIRING, detail, RENEW[each.use])


def _clocks(site: SiteUpkeep, least: timedelta, below: timedelta) -> Iterator[Blocker]:
    for who, seen in site.clocks.items():
        skew = seen.value
        if skew is not None and least <= skew.at_least < below:
            way = "ahead of" if skew.ahead > timedelta(0) else "behind"
            seconds = abs(skew.ahead).total_seconds()
            detail = f"{site.name}: the clock of {who} is {seconds:.0f} s {way} this machine's"
            yield Blocker(Rule.CLOCK_APART, detail, CLOCKS)


def _cordoned(site: SiteUpkeep) -> Iterator[Blocker]:
    for who, place, space in spaces(site.disks):
        if space.cordoned:
            detail = f"{site.name}: {who}: {place} is cordoned: no new partition is placed there"
            remedy = "take it out of the broker's cordoned.log.dirs, unless it is being emptied"
            yield Blocker(Rule.DIRECTORY_CORDONED, detail, remedy)


def _state(upkeep: Upkeep, least: int, below: int) -> Iterator[Blocker]:
    space = upkeep.state.value
    if space is not None and least <= space.free < below:
        detail = f"this machine: {upkeep.state_path} has {shown(space)} left"
        yield Blocker(Rule.DISK_FILLING, detail, "make room: a run whose journal cannot be written does nothing more")
