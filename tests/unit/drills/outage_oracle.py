"""A drill that lost a site, what is left of it when something is taken away, and an oracle for that.

The oracle goes by sets of records, and asks one sentence per condition; it shares nothing with drctl's judging.
"""

from dataclasses import dataclass, field, replace

from drctl.drills.judging import Judgement, judged_outage
from drctl.drills.outcome import Outage
from drctl.drills.timeline import Histories
from drctl.ledger.events import Event, Stranded
from drctl.ledger.history import HistoryLine
from tests.unit.drills.example import T0
from tests.unit.drills.outages import BACK, LOST, OPENED, outage
from tests.unit.drills.stored import HISTORIES, WORK, stored
from tests.unit.drills.taken import Place, all_lines, found, keyed, left, places, places_in, superseded, unseen

PROVED = stored(HISTORIES / "unplanned-proved.jsonl")
ORDERS = "shop.orders"
COMPACTED = replace(WORK, compacted=(ORDERS,))
GONE: set[Place] = {(2, ORDERS, 0, 3), (2, ORDERS, 0, 4), (2, ORDERS, 0, 120)}
"""Compacted away at the survivor; 120 was acknowledged there."""
PASSED: set[Place] = {(2, ORDERS, 0, 3), (2, ORDERS, 0, 5), (2, ORDERS, 0, 120)}
"""Compacted away before the group came to them; 5 still is at the survivor, and was not at the lost site any more."""
TWO = {"the process table": "gone: north-broker-1 (pid 7)", "a client of the site": "connections are refused"}
WINDOWS = (
    ("north", 0, LOST, 500),
    ("north", LOST - 5, LOST, 50),
    ("south", LOST, BACK, 200),
    ("south", BACK, 1e9, 100),
)


@dataclass(frozen=True)
class Rest:
    """A drill that lost north, or what is left of one."""

    histories: Histories = field(
        default_factory=lambda: left(keyed(PROVED.plain(), ORDERS, 9), (), PASSED, {"consumer-reporting"})
    )
    survivor: list[Event] = field(default_factory=lambda: unseen(PROVED.seen["south"], GONE))
    tail: list[Stranded] = field(default_factory=lambda: list(PROVED.stranded))
    outage: Outage = field(default_factory=lambda: outage(observations=TWO))
    complete: bool = True

    def judged(self) -> Judgement:
        return judged_outage(
            COMPACTED, self.histories, self.outage, survivor=self.survivor, stranded=self.tail, complete=self.complete
        )

    @property
    def proved(self) -> bool:
        return self.judged().verdict == "proved"


WHOLE = Rest()


def proves(rest: Rest) -> bool:
    """Whether this proves what a drill that lost a site is to prove, by its definition."""
    conditions = (accounted, read, went_on, enough, came, saved)
    return rest.complete and witnessed(rest.outage) and all(condition(rest) for condition in conditions)


def accounted(rest: Rest) -> bool:
    """Every acknowledged record is at the survivor or in the tail, in one of them and once; nothing else is.

    Of a compacted topic an older record of a key may be gone.
    """
    sent, there = set(places(rest.histories, "acknowledged")), [*found(rest.survivor), *found(rest.tail)]
    due = sent - superseded(rest.histories, COMPACTED.compacted)
    return len(there) == len(set(there)) and due <= set(there) <= readable(rest)


def readable(rest: Rest) -> set[Place]:
    """What anybody may have read: acknowledged, or nobody knows, and not aborted."""
    sent, doubtful, aborted = (set(places(rest.histories, kind)) for kind in ("acknowledged", "doubtful", "aborted"))
    return (sent | doubtful) - aborted


def read(rest: Rest) -> bool:
    """Every group processed all that is at the survivor in its topics, again or not, and nothing that was never sent.

    Where an older record of a key was at the lost site, too, it may have been compacted away there when a group came.
    """
    never_lost = set(places_in(acknowledged(rest, "south"), "acknowledged"))
    due = set(found(rest.survivor)) - (superseded(rest.histories, COMPACTED.compacted) - never_lost)
    done = {group: set(places(rest.histories, "processed", group)) for group in WORK.groups}
    return all(
        {place for place in due if place[1] in topics} <= done[group] <= readable(rest)
        for group, topics in WORK.groups.items()
    )


def acknowledged(rest: Rest, site: str) -> list[HistoryLine]:
    return [line for line in all_lines(rest.histories) if line.kind == "acknowledged" and line.site == site]


def went_on(rest: Rest) -> bool:
    """At the survivor a group processed what had been acknowledged at the lost site."""
    later = [line for line in all_lines(rest.histories) if line.site == "south" and line.at > T0 + LOST]
    done = {place for group in WORK.groups for place in places_in(later, "processed", group)}
    return bool(done & set(places_in(acknowledged(rest, "north"), "acknowledged")))


def enough(rest: Rest) -> bool:
    """Enough was acknowledged in every window, and nothing at the lost site once it was given up."""
    for site, began, ended, floor in WINDOWS:
        within = [line for line in acknowledged(rest, site) if T0 + began <= line.at < T0 + ended]
        if len(places_in(within, "acknowledged")) < floor:
            return False
    return not any(line.records for line in acknowledged(rest, "north") if line.at >= T0 + OPENED)


def came(rest: Rest) -> bool:
    """Every client worked at the survivor once it was open."""
    at_work = {
        client
        for client, lines in rest.histories.lines.items()
        for line in lines
        if line.site == "south" and line.at > T0 + OPENED and line.records
        if line.kind in ("acknowledged", "processed")
    }
    return at_work >= set(WORK.clients)


def witnessed(lost: Outage) -> bool:
    """Others saw the loss, drctl found it itself in time, every group had a position, and the site was closed later."""
    seen = bool(lost.observations) and all(lost.observations.values())
    noticed = lost.noticed_at is not None and T0 + LOST <= lost.noticed_at <= lost.began
    confirmed = lost.result.evidence["confirm-positions"]
    placed = {group for group, told in confirmed["groups"].items() if told["positions"]} - set(confirmed["uncovered"])
    return seen and noticed and placed >= set(WORK.groups) and lost.fence == {"fence": "proven"}


def saved(rest: Rest) -> bool:
    """The tail is whole, and its loss was stated and decided on.

    The checker was seen to miss a record in it, which can only be an acknowledged one of a topic that keeps all.
    """
    sent, tail = set(places(rest.histories, "acknowledged")), set(found(rest.tail))
    stated, lost = rest.outage.result.evidence["measure-loss"]["total"], rest.outage.tail
    undecided = {topic for topic, count in lost.records.items() if count} | {place[1] for place in tail}
    missable = not tail or any(place[1] not in COMPACTED.compacted for place in tail & sent)
    as_written = not lost.faults and not lost.moved
    told = stated is not None and stated >= len(tail & sent)
    return as_written and told and missable and undecided <= set(lost.decisions)
