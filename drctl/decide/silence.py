"""Judge what it means that a site does not answer: from one place alone it is never the site that is lost."""

from collections.abc import Iterator
from datetime import datetime

from drctl.decide.freshness import Limits, fresh
from drctl.model.cause import Cause, CauseScope
from drctl.model.sight import Sight, Sighting

BROKERS = "brokers"
KUBERNETES = "kubernetes"


def silence(sight: Sight, now: datetime, limits: Limits) -> Iterator[Cause]:
    """The cause for brokers that somebody does not meet, if there is any.

    SITE needs two places outside the site from which nothing of it answers, NETWORK one place that meets the brokers
    and one that does not. All else is UNKNOWN, with what each observer says.
    """
    met = {True: set[Sighting](), False: set[Sighting]()}
    for each in sight.sightings:
        answered = fresh(each.met, now, limits)
        if answered is not None:
            met[answered].add(each)
    missed = {each for each in met[False] if each.part == BROKERS}
    if not missed:
        return
    reached = {each for each in met[True] if each.part == BROKERS}
    reasons = tuple(sorted(_said(each, answered) for answered, all_ in met.items() for each in all_))
    missed_from = {each.vantage for each in missed}
    if reached:
        places = missed_from - {each.vantage for each in reached}
        if places:
            yield Cause(CauseScope.NETWORK, f"between {sight.site} and {', '.join(sorted(places))}", reasons)
        else:
            names = ", ".join(sorted(each.observer for each in missed))
            yield Cause(CauseScope.UNKNOWN, f"{names} alone gets no answer of {sight.site}'s brokers", reasons)
        return
    # An observer that stands at the site falls silent with it, so it cannot testify to its loss.
    outside = missed_from - {sight.site}
    if met[True]:
        parts = ", ".join(sorted({each.part for each in met[True]}))
        yield Cause(CauseScope.UNKNOWN, f"{sight.site}'s brokers do not answer, its {parts} does", reasons)
    # Two places, since one cannot tell a site that is down from its own network being cut. A failover that
    # was begun by mistake costs more than one that comes a look later.
    elif len(outside) >= 2:
        yield Cause(CauseScope.SITE, sight.site, reasons)
    else:
        place = ", ".join(sorted(missed_from))
        why = f"only looked at from {place}: the site or the network to it"
        yield Cause(CauseScope.UNKNOWN, f"{sight.site} does not answer", (*reasons, why))


def met_by_somebody(sight: Sight, now: datetime, limits: Limits) -> bool:
    """Whether any observer meets the brokers."""
    return any(each.part == BROKERS and fresh(each.met, now, limits) for each in sight.sightings)


def missed_by_somebody(sight: Sight, now: datetime, limits: Limits) -> bool:
    """Whether any observer does not meet the brokers."""
    return any(each.part == BROKERS and fresh(each.met, now, limits) is False for each in sight.sightings)


def kubernetes_answers(sight: Sight, now: datetime, limits: Limits) -> bool:
    """Whether the site's API server answers any observer, whatever it says."""
    return any(each.part == KUBERNETES and fresh(each.met, now, limits) for each in sight.sightings)


def _said(sighting: Sighting, answered: bool) -> str:
    verb = "meets" if answered else "does not meet"
    return f"{sighting.observer} at {sighting.vantage} {verb} its {sighting.part}"
