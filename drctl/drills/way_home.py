"""The way home after an outage, as it is judged: a planned move, from whose history the outage is taken away.

A group may read again what it had read when its site was lost, and may have read what only that site had. Neither holds
for the way home. So the history is checked a second time, as if the outage had never been:

| in the history                                                    | is taken for                         |
| ----------------------------------------------------------------- | ------------------------------------ |
| read again before the way home began                              | read once                            |
| a record that is only in the stranded tail: sent, or read earlier | one that never was                   |
| the same record, read since the way home began                    | read, and never sent: a fault        |
| read again since the way home began                               | read again: a fault                  |

Kafka cannot cut a tail off, so the old site's log may still hold it. A record that a fresh reader finds there at just
the place that it was saved from is the tail itself, and is left out; anywhere else it is one too many. In a topic that
was recreated there is no such place.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from drctl.drills.outcome import Handover, Work
from drctl.drills.recovery import Homecoming
from drctl.drills.timeline import Histories
from drctl.ledger.checker import check
from drctl.ledger.events import Acknowledged, Event, LogStart, Processed, Seen, Stranded, Stream
from drctl.ledger.findings import Findings
from drctl.ledger.history import HistoryLine

LOST, TWICE, AGAIN = "lost on the way home", "copied home twice", "read again on the way home"
PLANTED = (LOST, TWICE, AGAIN)
"""Faults that are planted besides into the history of a drill that went home."""
TAIL_READ = "read from the tail on the way home"
"""Planted where there is a tail that could have been read."""

type Numbered = tuple[Stream | None, int]
"""A record by its stream and sequence."""


def made_anew(home: Handover) -> frozenset[str]:
    """Return the topics that the failback deleted at the old site and copied whole."""
    return frozenset(home.result.evidence.get("check-homecoming", {}).get("recreated", {}))


def without_tail(found: Sequence[Event], stranded: Sequence[Stranded], anew: Collection[str]) -> tuple[Event, ...]:
    """Return what a reader found at the old site, without the tail that lies in its log."""
    tail = {_place(each) for each in stranded if each.topic not in anew}
    return tuple(event for event in found if not (isinstance(event, Seen) and _place(event) in tail))


def without_offsets(events: Iterable[Event], site: str, anew: Collection[str]) -> Iterator[Event]:
    """Yield events without the offsets at a site in topics that were recreated there.

    One offset may be that of one record in the old log and of another in the new one, and nobody wrote down which log.
    """
    for event in events:
        if isinstance(event, Acknowledged | Processed) and event.site == site and event.stream.topic in anew:
            yield replace(event, offset=None)
        elif isinstance(event, Seen) and event.topic in anew:
            yield replace(event, site="")
        elif not (isinstance(event, LogStart) and event.topic in anew):
            yield event


def came_home(
    home: Handover, histories: Histories, primary: Sequence[Event], stranded: Sequence[Stranded]
) -> Homecoming:
    """Return what the way home moved; ``primary`` is all that a reader found at home."""
    anew = made_anew(home)
    at_home = without_tail(primary, stranded, anew)
    sent = [line for client in histories.lines.values() for line in client if line.kind == "acknowledged"]
    survivor = {tuple(record[:4]) for line in sent if line.site == home.source for record in line.records}
    before = {tuple(record[:4]) for line in sent if line.at < home.began for record in line.records} - survivor
    found = [(*each.stream, each.sequence) for each in at_home if isinstance(each, Seen) and each.stream is not None]
    return Homecoming(
        copied=sum(place in survivor for place in found),
        again=sum(place in before and place[1] in anew for place in found),
        stepped_over=len(primary) - len(at_home),
        read_again=sum(_read_again(client, home.began) for client in histories.lines.values()),
    )


def _read_again(client: Sequence[HistoryLine], since: float) -> int:
    """Count what a group read since then though it had read it before: all of a group's lines are one client's."""
    read, again = set[tuple[object, ...]](), 0
    for line in client:
        for record in line.records if line.kind == "processed" else ():
            place = tuple(record[:4])
            again += line.at >= since and place in read
            read.add(place)
    return again


def _place(event: Seen | Stranded) -> tuple[object, ...]:
    return event.topic, event.partition, event.offset, event.stream, event.sequence, event.intact, event.foreign


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Look at the history of a drill as at that of a planned move which began at ``since``, towards ``home``.

    ``survivor`` is the site that had gone on: what was acknowledged there is what had to come home.
    """

    groups: Mapping[str, Collection[str]]
    compacted: Collection[str]
    survivor: str
    home: str
    since: float

    @staticmethod
    def of(work: Work, home: Handover) -> "SecondLook":
        """Return the look at this way home."""
        return SecondLook(work.groups, work.compacted, home.source, home.target, home.began)

    def findings(self, events: Sequence[Event]) -> Findings:
        """Return what the checker finds. ``events``: histories, what was found at home without its tail, the tail."""
        return check(self._undisturbed(events), compacted=self.compacted, groups=self.groups)

    def faults(self, findings: Findings) -> tuple[str, ...]:
        """Return what the way home did to groups that a planned move must not, in words."""
        told = [(group.name, "read again", group.repeated) for group in findings.groups]
        strange = "read what was never sent, or only is in the tail,"
        told += [(group.name, strange, group.phantom) for group in findings.groups]
        return tuple(
            f"on the way home group {name} {what} {found.count}, first: {found.examples[0]}"
            for name, what, found in told
            if found
        )

    def control(self, events: Sequence[Event]) -> dict[str, bool]:
        """Return per fault whether it is named when it is planted into this history."""
        before = self.findings(events)
        kinds = (*PLANTED, TAIL_READ) if any(isinstance(event, Stranded) for event in events) else PLANTED
        planted = {kind: self.findings(tuple(self._planted(kind, events))) for kind in kinds}
        return {kind: _count(kind, after) > _count(kind, before) for kind, after in planted.items()}

    def came(self, events: Sequence[Event]) -> list[int]:
        """Return where it says in this history that a record is at home which the survivor had acknowledged."""
        own = {
            (each.stream, each.sequence)
            for each in events
            if isinstance(each, Acknowledged) and each.site == self.survivor and each.stream.topic not in self.compacted
        }
        return [n for n, e in enumerate(events) if isinstance(e, Seen) and (e.stream, e.sequence) in own]

    def _undisturbed(self, events: Sequence[Event]) -> Iterator[Event]:
        tail = only_stranded(events)
        known = set[tuple[str, Numbered]]()
        for event in events:
            if isinstance(event, Stranded):
                continue
            if isinstance(event, LogStart):
                yield event
                continue
            if isinstance(event, Processed) and event.at < self.since:
                read = (event.group, (event.stream, event.sequence))
                if read in known:
                    continue
                known.add(read)
            if isinstance(event, Seen) or (event.stream, event.sequence) not in tail or self._late(event):
                yield event

    def _late(self, event: Event) -> bool:
        return isinstance(event, Processed) and event.at >= self.since

    def _planted(self, kind: str, events: Sequence[Event]) -> Iterator[Event]:
        places = {LOST: self.came, TWICE: self.came, AGAIN: self._read_before, TAIL_READ: self._saved}[kind](events)
        chosen = places[len(places) // 2] if places else -1
        for number, event in enumerate(events):
            if number != chosen:
                yield event
            elif kind == TWICE:
                yield from (event, event)
            elif isinstance(event, Processed):
                yield from (event, replace(event, at=self.since, site=self.home))
            elif isinstance(event, Stranded) and event.stream is not None:
                group = self._reader(event.topic)
                yield from (event, Processed(group, event.stream, event.sequence, self.since, self.home))

    def _read_before(self, events: Sequence[Event]) -> list[int]:
        """Return where it says that a group read what is at both sites, before the way home."""
        tail = only_stranded(events)
        return [
            number
            for number, event in enumerate(events)
            if isinstance(event, Processed) and event.at < self.since and (event.stream, event.sequence) not in tail
        ]

    def _saved(self, events: Sequence[Event]) -> list[int]:
        """Return where a record of the tail stands that a group could read at home."""
        tail = only_stranded(events)
        return [
            number
            for number, event in enumerate(events)
            if isinstance(event, Stranded) and (event.stream, event.sequence) in tail and self._reader(event.topic)
        ]

    def _reader(self, topic: str) -> str:
        return next((group for group, topics in sorted(self.groups.items()) if topic in topics), "")


def only_stranded(events: Sequence[Event]) -> set[Numbered]:
    """Return what is in the tail and was found nowhere else."""
    there = {(event.stream, event.sequence) for event in events if isinstance(event, Seen)}
    return {(event.stream, event.sequence) for event in events if isinstance(event, Stranded)} - there


def _count(kind: str, findings: Findings) -> int:
    records, groups = findings.records, findings.groups
    counted = {
        LOST: records.lost.count,
        TWICE: records.duplicated.count,
        AGAIN: sum(group.repeated.count for group in groups),
        TAIL_READ: sum(group.phantom.count for group in groups),
    }
    return counted[kind]
