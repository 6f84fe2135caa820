"""A drill that lost a site and went home, what is left of it when something is taken away, and an oracle for that.

Like the one of an outage it goes by sets of records, and asks one sentence per condition. What it asks of the outage
itself it asks as ``outage_oracle`` does, of what is at home instead of at the survivor.
"""

from dataclasses import dataclass, field

from drctl.drills.judging import Judgement, judged_circle
from drctl.drills.outcome import Handover, Outage
from drctl.drills.timeline import Histories
from drctl.ledger.events import Event, Seen, Stranded
from drctl.ledger.history import HistoryLine
from tests.unit.drills.example import T0
from tests.unit.drills.homecomings import BEGAN, ENDED, homecoming
from tests.unit.drills.homecomings import OPENED as HOME_OPENED
from tests.unit.drills.outage_oracle import (
    COMPACTED,
    ORDERS,
    TWO,
    WINDOWS,
    Rest,
    accounted,
    acknowledged,
    readable,
    saved,
    went_on,
    witnessed,
)
from tests.unit.drills.outages import LOST, OPENED, POINT, outage
from tests.unit.drills.stored import HISTORIES, WORK, stored
from tests.unit.drills.taken import Place, all_lines, found, keyed, left, places, places_in, superseded, unseen

PROVED = stored(HISTORIES / "home-proved.jsonl")
GONE_AT_HOME: set[Place] = {(2, ORDERS, 0, 3), (2, ORDERS, 0, 120), (2, ORDERS, 0, 192)}
"""Compacted away at home; 120 was acknowledged at the survivor, 192 at home again."""
GONE_AT_THE_STANDBY: set[Place] = {(2, ORDERS, 0, 4), (2, ORDERS, 0, 120)}
PASSED: set[Place] = {(2, ORDERS, 0, 3), (2, ORDERS, 0, 5), (2, ORDERS, 0, 120), (2, ORDERS, 0, 192)}
"""Compacted away before the group came to them; 5 still is at both sites, and was not at the lost one any more."""


@dataclass(frozen=True)
class Circle:
    """A drill that lost north and went home again, or what is left of one."""

    histories: Histories = field(
        default_factory=lambda: left(keyed(PROVED.plain(), ORDERS, 9), (), PASSED, {"consumer-reporting"})
    )
    north: list[Event] = field(default_factory=lambda: unseen(PROVED.seen["north"], GONE_AT_HOME))
    south: list[Event] = field(default_factory=lambda: unseen(PROVED.seen["south"], GONE_AT_THE_STANDBY))
    tail: list[Stranded] = field(default_factory=lambda: list(PROVED.stranded))
    outage: Outage = field(default_factory=lambda: outage(observations=TWO))
    home: Handover = field(default_factory=homecoming)
    complete: bool = True

    def judged(self) -> Judgement:
        return judged_circle(
            COMPACTED,
            self.histories,
            self.outage,
            self.home,
            primary=self.north,
            standby=self.south,
            stranded=self.tail,
            complete=self.complete,
        )

    @property
    def proved(self) -> bool:
        return self.judged().verdict == "proved"

    @property
    def at_home(self) -> Rest:
        """What is left, with what is at home in place of the survivor, and without the tail that lies in the log."""
        saved_from = {(e.topic, e.partition, e.offset, e.stream, e.sequence) for e in self.tail}
        there = [
            e
            for e in self.north
            if not isinstance(e, Seen) or (e.topic, e.partition, e.offset, e.stream, e.sequence) not in saved_from
        ]
        return Rest(self.histories, there, self.tail, self.outage, self.complete)

    @property
    def at_the_standby(self) -> Rest:
        return Rest(self.histories, self.south, self.tail, self.outage, self.complete)


CIRCLE = Circle()


def proves(rest: Circle) -> bool:
    """Whether this proves what a drill that lost a site and went home is to prove, by its definition."""
    home = rest.at_home
    fine = rest.complete and witnessed(rest.outage) and accounted(home) and accounted(rest.at_the_standby)
    return fine and went_on(home) and saved(home) and all(each(rest) for each in (read, enough, came, quiet, followed))


def read(rest: Circle) -> bool:
    """Every group processed all that is at home in its topics, and nothing that was never sent.

    What may have been compacted away when it came may be missing: an older record of a key, unless it was written since
    the loss, and is at both sites still.
    """
    home = rest.at_home
    since = [line for line in all_lines(rest.histories) if line.site == "south" or line.at >= T0 + BEGAN]
    kept = set(places_in(since, "acknowledged")) & set(found(home.survivor)) & set(found(rest.south))
    due = set(found(home.survivor)) - (superseded(rest.histories, COMPACTED.compacted) - kept)
    for group, topics in WORK.groups.items():
        done = set(places(rest.histories, "processed", group))
        if not {place for place in due if place[1] in topics} <= done <= readable(home):
            return False
    return True


def enough(rest: Circle) -> bool:
    """Enough was acknowledged in every window, and nothing at either site while it was given up."""
    sent = [line for line in all_lines(rest.histories) if line.kind == "acknowledged"]
    windows = (*WINDOWS, ("", BEGAN, ENDED, 50), ("north", ENDED, 1e9, 100))
    for site, began, ended, floor in windows:
        within = [line for line in sent if line.site.startswith(site) and T0 + began <= line.at < T0 + ended]
        if len(places_in(within, "acknowledged")) < floor:
            return False
    lost = [line for line in acknowledged(rest.at_home, "north") if T0 + OPENED <= line.at < T0 + HOME_OPENED]
    left_again = [line for line in acknowledged(rest.at_home, "south") if line.at >= T0 + HOME_OPENED]
    return not any(line.records for line in (*lost, *left_again))


def came(rest: Circle) -> bool:
    """Every client worked at the survivor and then at home, and a group read there what came from the survivor.

    The survivor had denied producers before.
    """
    lines = all_lines(rest.histories)
    denied = any(line.kind == "denied" and line.site == "south" and line.at >= T0 + BEGAN for line in lines)
    later = [line for line in lines if line.site == "north" and line.at > T0 + HOME_OPENED]
    done = {place for group in WORK.groups for place in places_in(later, "processed", group)}
    read_on = bool(done & set(places_in(acknowledged(rest.at_home, "south"), "acknowledged")))
    there = _at_work(rest, "south", OPENED, HOME_OPENED), _at_work(rest, "north", HOME_OPENED, 1e9)
    return denied and read_on and all(found >= set(WORK.clients) for found in there)


def _at_work(rest: Circle, site: str, after: float, before: float) -> set[str]:
    def shows(line: HistoryLine) -> bool:
        work = line.kind in ("acknowledged", "processed") and bool(line.records)
        return work and line.site == site and T0 + after < line.at < T0 + before

    return {client for client, lines in rest.histories.lines.items() if any(map(shows, lines))}


def quiet(rest: Circle) -> bool:
    """Since the way home began no group read anything that it had read before, or that only is in the tail."""
    tail = set(found(rest.tail)) - set(found(rest.at_home.survivor))
    for group in WORK.groups:
        lines = [line for line in all_lines(rest.histories) if line.more.get("group") == group]
        before = places_in([line for line in lines if line.at < T0 + BEGAN], "processed", group)
        since = places_in([line for line in lines if line.at >= T0 + BEGAN], "processed", group)
        if len(since) != len(set(since)) or set(since) & (set(before) | tail):
            return False
    return True


def followed(rest: Circle) -> bool:
    """The failback came to its end, was of this loss, began where it had to, and left no group behind; one lagged."""
    result, seen = rest.home.result, rest.home.result.evidence
    of = (seen["check-homecoming"].get("failover"), seen["check-homecoming"].get("salvage"))
    groups = seen["hand-over-positions"].get("groups", {})
    return (
        (result.run.kind, result.run.source, result.run.target, result.state) == ("failback", "south", "north", "done")
        and of == (rest.outage.result.run.id, rest.outage.tail.salvage)
        and seen["start-link-home"].get("from") == rest.outage.result.evidence["record-handover-point"].get("ends")
        and rest.outage.result.evidence["record-handover-point"] == {"ends": POINT}
        and {name for name, told in groups.items() if told["positions"]} >= set(WORK.groups)
        and any(told.get("lag") for told in groups.values())
        and rest.outage.returned_at <= rest.home.began
        and rest.outage.lost_at == T0 + LOST
    )
