"""Judge an experiment whose work leaves a site by a failover and comes home, and hold the facts of that.

Kafka cannot cut a tail off, and nobody may read it: what was acknowledged has to be at home or in the salvaged tail, in
one of them and once. So the tail is left out where it lay, as :mod:`drctl.drills.way_home` says, and the way home is
looked at a second time as the planned move that it is: on it nothing may be read again, and nothing of the tail.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from drctl.drills.bundle.manifest import damaged
from drctl.drills.client_evidence import all_worked, read_on
from drctl.drills.outcome import Work
from drctl.drills.timeline import Histories
from drctl.drills.way_home import Numbered, SecondLook, without_offsets, without_tail
from drctl.ledger.events import Acknowledged, Event, Seen, Stranded
from drctl.ledger.findings import Findings
from drctl.ledger.kept import Kept, kept_at
from drctl.model.documents import json_of

FOREVER = float("inf")
TRIPPED = "the work left by a failover and came home by the failback of it"


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Hold how the work left ``home`` and came back; times in seconds since 1970.

    ``began``: the failover's first step; ``opened``: the survivor took writes; ``homeward``: the failback's first step;
    ``reopened``: home took writes again. ``closed``: it was proven to be closed before its tail was saved. ``saved``:
    the saved files are as they were written, and begin at the frontier. ``decided``: about every stranded record.
    ``joined``: the failback was of this failover and of this salvage. ``recreated``: topics that were copied home
    whole. ``diverges``: there must be a stranded tail.
    """

    home: str
    survivor: str
    began: float
    opened: float
    homeward: float
    reopened: float
    closed: bool
    saved: bool
    decided: bool
    joined: bool
    recreated: tuple[str, ...]
    diverges: bool

    def look(self, work: Work) -> SecondLook:
        """Return the look at the way home as at a planned move."""
        return SecondLook(work.groups, work.compacted, self.survivor, self.home, self.homeward)


class Parted(NamedTuple):
    """Hold clients' histories and what was found at home as the checker may take them, and what was kept for groups."""

    history: tuple[Event, ...]
    found: tuple[Event, ...]
    kept: Kept


FACTS = TypeAdapter(RoundTrip)


def trip_as_json(trip: RoundTrip) -> bytes:
    """Return the bytes of a round trip's facts."""
    return FACTS.dump_json(trip, indent=1) + b"\n"


def trip_in(name: str, raw: bytes) -> RoundTrip:
    """Return the round trip in a bundle's file of that name. BundleDamaged if it holds something else."""
    try:
        return FACTS.validate_python(json_of(raw, largest=len(raw)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise damaged(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise damaged(f"{name}: {error}") from error


def parted(
    trip: RoundTrip,
    history: Iterable[Event],
    found: Sequence[Event],
    stranded: Sequence[Stranded],
    standby: Iterable[Event],
) -> Parted:
    """Take the tail out of what was found at home, and the offsets of logs that were recreated there."""
    plain = tuple(without_offsets(history, trip.home, trip.recreated))
    at_home = tuple(without_offsets(without_tail(found, stranded, trip.recreated), trip.home, trip.recreated))
    own = set(_acknowledged_away(plain, trip))
    return Parted(plain, at_home, kept_at(_among(own, at_home), _among(own, standby)))


def trip_evidence(trip: RoundTrip | None, work: Work, histories: Histories, findings: Findings) -> dict[str, bool]:
    """Return everything that must have been seen of a round trip, and whether it was; of none that there was one."""
    if trip is None:
        return {TRIPPED: False}
    home, survivor = trip.home, trip.survivor
    tail = {f"{home} had a tail that {survivor} had not": findings.records.stranded.count > 0} if trip.diverges else {}
    forth, onward = read_on(histories, home, survivor, trip.began), read_on(histories, survivor, home, trip.reopened)
    there = all_worked(histories, work.clients, survivor, trip.opened, trip.reopened)
    back = all_worked(histories, work.clients, home, trip.reopened, FOREVER)
    astray = histories.acknowledged_between(trip.opened, trip.reopened, home)
    behind = histories.acknowledged_between(trip.reopened, FOREVER, survivor)
    return {
        TRIPPED: trip.joined and trip.began <= trip.opened < trip.homeward <= trip.reopened,
        f"every client worked at {survivor} in between": there,
        f"every client worked at {home} after the way home": back,
        f"a group read at {survivor} what was acknowledged at {home}": forth,
        f"a group read at {home} what was acknowledged at {survivor}": onward,
        f"nothing was acknowledged at {home} while {survivor} was open": astray == 0,
        f"nothing was acknowledged at {survivor} once {home} was open again": behind == 0,
        f"{home} was closed, by proof, before its tail was saved": trip.closed,
        "the salvaged files are as they were written, and begin at the frontier": trip.saved,
        "every stranded record was decided on": trip.decided,
        **tail,
    }


def _acknowledged_away(history: Iterable[Event], trip: RoundTrip) -> Iterator[Numbered]:
    """Yield what was acknowledged where groups were at work since the failover."""
    for event in history:
        if isinstance(event, Acknowledged) and (event.site == trip.survivor or event.at >= trip.homeward):
            yield event.stream, event.sequence


def _among(own: set[Numbered], found: Iterable[Event]) -> Iterator[Event]:
    return (event for event in found if isinstance(event, Seen) and (event.stream, event.sequence) in own)
