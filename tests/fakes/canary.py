"""The canary's topic in memory: a record's number and value are one payload, which the fake mirror copies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from drctl.errors import Forbidden, NotFound, Unreachable
from drctl.ledger.record import LAYOUT
from drctl.model.canary import CANARY_RECORDS, CanaryRecord, WriteAnswer
from drctl.model.offsets import Committed, TopicPartition
from drctl.ports import CanaryMember, CanaryProducer, CanaryReader
from tests.fakes.site import FakeSite

PATIENCE = 15.0
"""Seconds after which the fake producer gives a record up."""


@dataclass(slots=True)
class FakeCanarySite:
    """``copies`` stand before copies' names here. ``principal`` writes; ``losing`` acknowledges and keeps nothing.

    ``batch``: how many records of a partition a reader is given at once. ``shared``: the group has another member.
    ``trouble``: why a member that has joined reads nothing.
    """

    site: FakeSite
    copies: tuple[str, ...] = ()
    principal: str = "User:canary"
    losing: bool = False
    batch: int = 10_000
    shared: bool = False
    trouble: str = ""
    closed: list[str] = field(default_factory=list)

    def partitions(self) -> int:
        self.site.reach()
        count = sum(1 for partition in self.site.logs if partition.topic == CANARY_RECORDS)
        if not count:
            raise NotFound(f"{self.site.name}: there is no topic {CANARY_RECORDS}")
        return count

    def producer(self) -> CanaryProducer:
        return _Producer(self)

    def reader(self, since: float) -> CanaryReader:
        return _Reader(self, {place: self._first(place, int(since * 1000)) for place in self.places()})

    def member(self) -> CanaryMember:
        return _Member(self)

    def places(self) -> list[TopicPartition]:
        """Every partition of the topic and of its copies."""
        self.site.reach()
        names = {CANARY_RECORDS, *(prefix + CANARY_RECORDS for prefix in self.copies)}
        found = sorted(partition for partition in self.site.logs if partition.topic in names)
        if not found:
            raise NotFound(f"{self.site.name}: there is no topic {CANARY_RECORDS}")
        return found

    def _first(self, place: TopicPartition, milliseconds: int) -> int:
        """The offset of the oldest record that is not older, the log's end if all are."""
        entries = self.site.logs[place].entries
        young = (at for at, each in enumerate(entries) if (each.milliseconds or 0) >= milliseconds)
        return next(young, len(entries))


class _Producer:
    def __init__(self, of: FakeCanarySite) -> None:
        self.of, self.known, self.waiting = of, list[tuple[int, WriteAnswer]](), list[tuple[int, float]]()

    def send(self, ticket: int, partition: int, number: bytes, value: bytes) -> None:
        site = self.of.site
        try:
            if self.of.losing:
                site.reach()
            else:
                site.write(TopicPartition(CANARY_RECORDS, partition), number + value, self.of.principal)
        except Unreachable:
            self.waiting.append((ticket, site.clock.monotonic() + PATIENCE))
        except Forbidden:
            self.known.append((ticket, WriteAnswer.DENIED))
        else:
            self.known.append((ticket, WriteAnswer.WRITTEN))

    def answers(self) -> Sequence[tuple[int, WriteAnswer]]:
        now = self.of.site.clock.monotonic()
        late = [ticket for ticket, until in self.waiting if until <= now]
        self.waiting = [each for each in self.waiting if each[1] > now]
        known, self.known = self.known, []
        return [*known, *((ticket, WriteAnswer.DOUBTFUL) for ticket in late)]

    def close(self) -> None:
        self.of.closed.append("producer")


class _Reader:
    def __init__(self, of: FakeCanarySite, positions: dict[TopicPartition, int]) -> None:
        self.of, self.positions = of, positions

    def read(self) -> Sequence[CanaryRecord]:
        if self.of.site.down:
            return ()
        return [record for place in self.positions if place in self.of.site.logs for record in self._read(place)]

    def _read(self, place: TopicPartition) -> Iterator[CanaryRecord]:
        if self.positions[place] > len(self.of.site.logs[place].entries):
            self.positions[place] = 0  # out of range, so from the oldest
        for offset, payload in islice(self.of.site.logs[place].data(self.positions[place]), self.of.batch):
            yield _record(place, offset, payload)
            self.positions[place] = offset + 1

    def has_all(self) -> bool:
        for place in self.of.places():
            self.positions.setdefault(place, 0)
        logs = self.of.site.logs
        return not any(list(logs[place].data(at)) for place, at in self.positions.items() if place in logs)

    def close(self) -> None:
        self.of.closed.append("reader")


class _Member:
    def __init__(self, of: FakeCanarySite) -> None:
        self.of = of
        held = of.site.group(CANARY_RECORDS).committed
        self.reader = _Reader(of, {p: held[p].offset if p in held else 0 for p in of.places()})

    def read(self) -> Sequence[CanaryRecord]:
        self._commit()
        return () if self.of.trouble else self.reader.read()

    def is_alone(self) -> bool:
        return not self.of.shared

    def trouble(self) -> str:
        return self.of.trouble

    def close(self) -> None:
        self._commit()
        self.of.closed.append("member")

    def _commit(self) -> None:
        if not self.of.site.down:
            held = {place: Committed(at) for place, at in self.reader.positions.items()}
            self.of.site.group(CANARY_RECORDS).committed.update(held)


def _record(place: TopicPartition, offset: int, payload: bytes) -> CanaryRecord:
    if len(payload) < LAYOUT.size:
        return CanaryRecord(place.topic, place.partition, offset, None, payload)
    return CanaryRecord(place.topic, place.partition, offset, payload[: LAYOUT.size], payload[LAYOUT.size :])
