"""Checkers' logs and states in memory: a group that spreads partitions over its members, and a folder of states."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from drctl.ledger.record import LAYOUT
from drctl.model.checking import CheckedPartition, RecordBatch
from drctl.model.offsets import TopicPartition
from drctl.ports import SharedReader
from tests.fakes.site import FakeSite

type Begin = Callable[[TopicPartition], int]
type GiveUp = Callable[[TopicPartition], None]


@dataclass(slots=True)
class FakeSharedLogs:
    """``most`` is how many records a member is given of a partition at once.

    A record's number begins its payload, unless records are not ``numbered``.
    """

    site: FakeSite
    topics: Sequence[str]
    most: int = 10
    numbered: bool = True
    members: "list[FakeSharedReader]" = field(default_factory=list)

    def join(self, begin: Begin, give_up: GiveUp) -> SharedReader:
        member = FakeSharedReader(self, begin, give_up)
        self.members.append(member)
        return member

    def spread(self) -> None:
        """Spread the partitions over the members, after each has given up those that it had."""
        places = sorted(place for place in self.site.logs if place.topic in self.topics)
        for member in self.members:
            member.set_free()
        for number, place in enumerate(places):
            if self.members:
                self.members[number % len(self.members)].wanted.append(place)

    def kill(self, reader: SharedReader) -> None:
        """Let a member be gone without a word, as SIGKILL does: it gives nothing up."""
        self.members = [member for member in self.members if member is not reader]
        self.spread()


class FakeSharedReader:
    """A member. What it is given it begins with at its next read, as a client does in its own thread."""

    def __init__(self, logs: FakeSharedLogs, begin: Begin, give_up: GiveUp) -> None:
        self.logs, self.begin, self.give_up = logs, begin, give_up
        self.positions: dict[TopicPartition, int] = {}
        self.wanted: list[TopicPartition] = []
        self._joined = False

    def set_free(self) -> None:
        """Give up what it has."""
        self.wanted = []
        for place in list(self.positions):
            del self.positions[place]
            self.give_up(place)

    def read(self, seconds: float) -> Sequence[RecordBatch]:
        if not self._joined:
            self._joined = True
            self.logs.spread()
        for place in self.wanted:
            self.positions[place] = self.begin(place)
        self.wanted = []
        found = [self._batch(place, position) for place, position in self.positions.items()]
        batches = [batch for batch in found if batch.following > self.positions[batch.partition]]
        for batch in batches:
            self.positions[batch.partition] = batch.following
        if not batches:
            self.logs.site.clock.sleep(seconds)
        return batches

    def _batch(self, place: TopicPartition, position: int) -> RecordBatch:
        log = self.logs.site.logs[place]
        data = list(log.data(position))[: self.logs.most]
        whole = len(data) < self.logs.most
        following = log.bounds.stable if whole else data[-1][0] + 1
        offsets = [offset for offset, _ in data]
        length = LAYOUT.size if self.logs.numbered else 0
        numbers, values = [payload[:length] or None for _, payload in data], [payload[length:] for _, payload in data]
        return RecordBatch(place, max(following, position), offsets, numbers, [None] * len(data), values)

    def close(self) -> None:
        self.set_free()
        self.logs.members = [member for member in self.logs.members if member is not self]
        self.logs.spread()


class FakeCheckerStates:
    """Keeps states in memory; ``saves`` counts writes."""

    def __init__(self) -> None:
        self.kept: dict[TopicPartition, CheckedPartition] = {}
        self.saves = 0

    def load(self, partition: TopicPartition) -> CheckedPartition | None:
        return self.kept.get(partition)

    def save(self, partition: TopicPartition, checked: CheckedPartition) -> None:
        self.kept[partition] = checked
        self.saves += 1

    def everything(self) -> Mapping[TopicPartition, CheckedPartition]:
        return dict(sorted(self.kept.items()))
