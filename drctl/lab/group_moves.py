"""A group's position, moved one record too far between two lives of its members: what a wrong handover does."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.errors import LabError
from drctl.lab.injecting import FaultEvidence, evidence_of
from drctl.lab.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupState

EMPTY_WITHIN = 60.0
"""Seconds in which all members must have left: each finishes the record in hand, commits and leaves."""


@dataclass(frozen=True, slots=True)
class GroupPosition:
    """The position of a group of the workload in one partition, by a connection of its own for each question."""

    lab: Lab
    site: str
    group: str
    place: TopicPartition

    def is_empty(self) -> bool:
        """Whether the group has no member."""
        found = self._asked(lambda kafka: KafkaPositions(kafka).describe([self.group]))
        return found[self.group].state is GroupState.EMPTY

    def offset(self) -> int:
        """Return the offset that it reads next. LabError if it has none."""
        held = self._asked(lambda kafka: KafkaPositions(kafka).committed([self.group]))[self.group].get(self.place)
        if held is None:
            raise LabError(f"{self.group} has no position in {self.place}", remedy="let it work first")
        return held.offset

    def commit(self, offset: int) -> None:
        """Move it."""
        self._asked(lambda kafka: KafkaPositions(kafka).commit(self.group, {self.place: Committed(offset)}))

    def end(self) -> int:
        """Return where the log ends."""
        return self._asked(lambda kafka: KafkaRecords(kafka).bounds([self.place])[self.place].stable)

    def _asked[Answer](self, question: Callable[[KafkaSite], Answer]) -> Answer:
        kafka = self.lab.site(self.site).kafka("drctl")
        try:
            return question(kafka)
        finally:
            kafka.close()


def move_one_too_far(position: GroupPosition) -> FaultEvidence:
    """Close client routing until the group's members have left, move it on by one record, and open it again.

    Producers write on meanwhile: they ask client routing only once they are denied. The record is there before the
    group is moved past it. LabError unless client routing points to the group's site: it is opened to where it was.
    """
    lab, at, routed = position.lab, position.lab.clock.now(), _routing(position.lab).site()
    if routed != position.site:
        raise LabError(
            f"client routing points to {routed or 'no site'}, and not to {position.site}",
            remedy="name the site at which the clients are",
        )
    # Before it is closed: what is opened without having been closed does no harm.
    closed(lab).write_text(routed)
    _routing(lab).route_to(None)
    try:
        _await(lab, f"{position.group} has no member", position.is_empty)
        before = position.offset()
        _await(lab, f"{position.place} has a record at {before}", lambda: position.end() > before)
        position.commit(before + 1)

        def look() -> str:
            now = position.offset()
            told = f"the position of {position.group} in {position.place} is {now}"
            return f"{told}, and its members had left it at {before}" if now == before + 1 else ""

        return evidence_of(lab, "move-group", position.group, at, by="the group's coordinator", look=look)
    finally:
        reopen_routing(lab, position.site)


def closed(lab: Lab) -> Path:
    """Return the file that names where client routing pointed, while it is closed for a group to be moved."""
    return lab.folder / "client-routing.closed"


def reopen_routing(lab: Lab, site: str) -> list[str]:
    """Let client routing point to a site again if it was closed there to move a group; return its file if it was.

    LabError if it pointed to another site: that one would be left open to writes, and clients led away from it.
    """
    if not closed(lab).exists():
        return []
    if (routed := closed(lab).read_text()) not in ("", site):
        raise LabError(f"client routing was closed at {routed}", remedy=f"reopen it to {routed}, and not to {site}")
    routing = _routing(lab)
    routing.route_to(site)
    closed(lab).unlink()
    return [routing.path.name]


def _routing(lab: Lab) -> FileClientRouting:
    return FileClientRouting(lab.folder / "client-routing.json")


def _await(lab: Lab, what: str, done: Callable[[], bool]) -> None:
    deadline = lab.clock.monotonic() + EMPTY_WITHIN
    while not done():
        if lab.clock.monotonic() > deadline:
            raise LabError(f"timed out waiting until {what}", remedy="see the logs of the clients")
        lab.clock.sleep(0.2)
