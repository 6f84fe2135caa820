"""One Kafka site in memory: logs with transactions and markers, rights, consumer groups."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import blake2b

from drctl.errors import Forbidden, NotFound, Unreachable
from drctl.model.access import AclRule
from drctl.model.changes import Change
from drctl.model.fence import DenyRule, Scope
from drctl.model.offsets import Committed, LogBounds, RecordId, TopicPartition
from drctl.model.session import GroupProtocol, Member
from tests.fakes.clock import FakeClock

COORDINATORS = 50
"""Partitions of ``__consumer_offsets``."""


class Ending(Enum):
    """How a transaction stands."""

    OPEN = auto()
    COMMITTED = auto()
    ABORTED = auto()


@dataclass(slots=True)
class Entry:
    """One offset of a log. ``payload`` None is a marker; ``gone`` was compacted away.

    ``untimed`` was written without a timestamp, ``stamped`` is the copy of such a record, ``unreadable`` has headers
    that no client library of drctl's can read.
    """

    payload: bytes | None
    transaction: "FakeTransaction | None" = None
    gone: bool = False
    headers: tuple[tuple[str, bytes | None], ...] = ()
    key: bytes | None = None
    tombstone: bool = False
    milliseconds: int | None = None
    untimed: bool = False
    stamped: bool = False
    unreadable: bool = False

    @property
    def is_data(self) -> bool:
        """Whether a read_committed reader is given it."""
        committed = self.transaction is None or self.transaction.ending is Ending.COMMITTED
        return self.payload is not None and not self.gone and committed


@dataclass(slots=True)
class Log:
    """One partition: ``entries[0]`` is offset 0, ``start`` the first one kept, ``opened`` where transactions began.

    ``readable`` is where reading ends although the log is told to go on, None where it reaches its end. ``epoch`` rises
    with each election of its leader.
    """

    entries: list[Entry] = field(default_factory=list)
    start: int = 0
    opened: "dict[FakeTransaction, int]" = field(default_factory=dict)
    readable: int | None = None
    epoch: int = 0

    @property
    def bounds(self) -> LogBounds:
        """Start, last stable offset and high watermark."""
        high = len(self.entries)
        return LogBounds(self.start, min(self.opened.values(), default=high), high, self.epoch)

    def lose_end(self, start: int) -> None:
        """As in an unclean election: a leader that has nothing from ``start`` on."""
        del self.entries[start:]
        self.opened = {transaction: begun for transaction, begun in self.opened.items() if begun < start}
        self.epoch += 1

    def data(self, start: int, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Offset and payload of committed records below the last stable offset, from ``start`` up to ``stop``."""
        entries = self.entries
        # Said twice, here without a value of its own: the specs look into a log a million times.
        stable = min(self.opened.values(), default=len(entries))
        for offset in range(max(start, self.start), stable if stop is None else min(stop, stable)):
            entry = entries[offset]
            if entry.payload is not None and entry.is_data:
                yield offset, entry.payload


@dataclass(slots=True)
class FakeGroup:
    """A consumer group's members and positions."""

    protocol: GroupProtocol = GroupProtocol.CLASSIC
    members: tuple[Member, ...] = ()
    committed: dict[TopicPartition, Committed] = field(default_factory=dict)
    committed_at: dict[TopicPartition, int] = field(default_factory=dict)
    """When, in milliseconds since 1970; of a sink's commits nobody notes it."""

    def with_times(self) -> dict[TopicPartition, tuple[Committed, int]]:
        """Positions with the time of their last commit, 0 where nobody noted it."""
        return {p: (c, self.committed_at.get(p, 0)) for p, c in self.committed.items()}


class FakeSite:
    """State of a site, changed by the port fakes, by the mirror and by clients.

    ``allowed`` are principals with an ALLOW for WRITE, ``platform`` those with one for topics of their own,
    ``super_users`` are never denied, ``denials`` are the deny rules that stand, ``of_others`` those of them that drctl
    did not make. ``down`` makes every call fail with Unreachable; ``answers`` says it of one request after the other.
    ``auto_creates``: its brokers make topics that are asked for. ``canary_fails`` is why the canary's client cannot
    even ask. ``made`` is how often a topic was recreated, ``withheld`` are operations on topics that drctl may not use,
    and with `` group`` or `` cluster`` behind them those on others. ``history`` is what a new tail is told first, batch
    by batch: commits that are long superseded. ``hidden`` are partitions of ``__consumer_offsets``, of
    :data:`COORDINATORS`, in which a transaction that does not end hides what groups commit; ``pending`` are groups with
    the partitions in which their own transaction is open. ``tells_time``: its records are told with their timestamps,
    so that it is known how long one has waited. ``token_rules`` are its rules about delegation tokens and users.
    """

    def __init__(self, name: str, topics: Mapping[str, int], clock: FakeClock | None = None) -> None:
        self.name = name
        self.clock = clock or FakeClock()
        self.logs = {TopicPartition(topic, n): Log() for topic, count in topics.items() for n in range(count)}
        self.allowed = {"User:mm2", "User:canary"}
        self.platform: set[str] = set()
        self.replaying: dict[tuple[str, TopicPartition], object] = {}
        self.everyone = False
        self.auto_creates = False
        self.super_users: set[str] = set()
        self.denials: set[DenyRule] = set()
        self.of_others: set[DenyRule] = set()
        self.groups: dict[str, FakeGroup] = {}
        self.transactions: list[FakeTransaction] = []
        self.topic_config: dict[str, dict[str, str]] = {}
        self.made: dict[str, int] = {}
        self.withheld: set[str] = set()
        self.rules: set[AclRule] = set()
        self.token_rules: set[AclRule] = set()
        self.users: dict[str, frozenset[str]] = {}
        self.down = False
        self.answers: Iterator[bool] | None = None
        self.canary_fails: Exception | None = None
        self.history: list[list[Change]] = []
        self.hidden: set[int] = set()
        self.pending: dict[str, set[TopicPartition]] = {}
        self.tells_time = False
        self.clock.actors.append(self._end_overdue_transactions)

    def reach(self) -> None:
        """Raise Unreachable while the site is down, or where it does not answer this request."""
        if self.down or not (self.answers is None or next(self.answers)):
            raise Unreachable(f"site {self.name}: no broker answers", remedy="start the site")

    def log(self, partition: TopicPartition) -> Log:
        """The log of that partition; NotFound if it does not exist."""
        self.reach()
        if partition not in self.logs:
            raise NotFound(f"{self.name}: there is no partition {partition}")
        return self.logs[partition]

    def group(self, name: str) -> FakeGroup:
        """The group of that name, made if it does not exist."""
        # No group is made that is there: clients ask in every tick.
        return self.groups.get(name) or self.groups.setdefault(name, FakeGroup())

    def may(self, principal: str, scope: Scope = Scope.TOPICS) -> bool:
        """Whether that principal may write now."""
        if principal in self.super_users:
            return True
        if not (self.everyone or principal in self.allowed):
            return False
        return not self.denials or DenyRule(principal, scope) not in self.denials

    def write(self, partition: TopicPartition, payload: bytes, principal: str = "User:app") -> int:
        """Append a record as that principal and return its offset; Forbidden if it is denied."""
        return self.append(partition, Entry(payload), principal)

    def append(self, partition: TopicPartition, entry: Entry, principal: str) -> int:
        """Append any entry as that principal."""
        log = self.log(partition)
        if not self.may(principal):
            raise Forbidden(f"{self.name}: {principal} may not write to {partition}")
        entry.milliseconds = int(self.clock.now().timestamp() * 1000)
        log.entries.append(entry)
        if entry.transaction:
            log.opened.setdefault(entry.transaction, len(log.entries) - 1)
        return len(log.entries) - 1

    def begin(self, principal: str = "User:app", timeout: float = 10.0) -> "FakeTransaction":
        """Begin a transaction that the coordinator aborts after ``timeout`` seconds."""
        transaction = FakeTransaction(self, principal, self.clock.monotonic() + timeout)
        self.transactions.append(transaction)
        return transaction

    def topic_id(self, topic: str) -> str:
        """Another one whenever the topic is recreated."""
        return f"{self.name}-{topic}" + (f"-{self.made[topic]}" if topic in self.made else "")

    def make(self, topic: str, partitions: int, config: Mapping[str, str]) -> None:
        """Recreate a topic."""
        self.made[topic] = self.made.get(topic, 0) + 1
        self.logs |= {TopicPartition(topic, n): Log() for n in range(partitions)}
        self.topic_config[topic] = dict(config)

    def drop(self, topic: str) -> None:
        """Delete a topic; the coordinators forget its groups' positions."""
        self.logs = {p: log for p, log in self.logs.items() if p.topic != topic}
        self.topic_config.pop(topic, None)
        for group in self.groups.values():
            for held in (group.committed, group.committed_at):
                for partition in [p for p in held if p.topic == topic]:
                    del held[partition]

    def compact(self, partition: TopicPartition, offsets: Iterable[int]) -> None:
        """Take these records away, as compaction does."""
        for offset in offsets:
            self.logs[partition].entries[offset].gone = True

    def payloads(self, partition: TopicPartition) -> list[bytes]:
        """What a fresh read_committed reader sees, in order."""
        return [payload for _, payload in self.logs[partition].data(0)]

    def _end_overdue_transactions(self) -> None:
        for transaction in tuple(self.transactions):
            if self.clock.monotonic() >= transaction.deadline:
                transaction.end(Ending.ABORTED)


@dataclass(eq=False, slots=True)
class FakeTransaction:
    """A producer's transaction. Its end writes one marker to every partition it wrote to."""

    site: FakeSite
    principal: str
    deadline: float
    ending: Ending = Ending.OPEN
    partitions: set[TopicPartition] = field(default_factory=set)

    def write(self, partition: TopicPartition, payload: bytes) -> int:
        """Append a record of this transaction."""
        offset = self.site.append(partition, Entry(payload, self), self.principal)
        self.partitions.add(partition)
        return offset

    def commit(self) -> None:
        """Commit as the producer; Forbidden while its transactional id is denied."""
        self._require_right()
        self.end(Ending.COMMITTED)

    def abort(self) -> None:
        """Abort as the producer; Forbidden while its transactional id is denied."""
        self._require_right()
        self.end(Ending.ABORTED)

    def end(self, ending: Ending) -> None:
        """End it as the coordinator, which nobody denies."""
        self.ending = ending
        self.site.transactions.remove(self)
        for partition in sorted(self.partitions):
            log = self.site.logs[partition]
            log.entries.append(Entry(None))
            del log.opened[self]

    def _require_right(self) -> None:
        self.site.reach()
        if self.ending is not Ending.OPEN:
            raise Forbidden(f"{self.site.name}: the coordinator has ended the transaction of {self.principal}")
        if not self.site.may(self.principal, Scope.TRANSACTIONAL_IDS):
            raise Forbidden(f"{self.site.name}: {self.principal} may not use its transactional id")


def identity(offset: int, payload: bytes, entry: Entry | None = None) -> RecordId:
    """The record as ``Records`` hands it out."""
    bare = _digest(payload)
    key = b"" if entry is None or entry.key is None else _digest(entry.key)[:8]
    deleted = entry is not None and entry.tombstone
    if entry is None or not (entry.untimed or entry.stamped or entry.unreadable):
        return RecordId(offset, bare, key=key, tombstone=deleted)
    if entry.unreadable:
        fault = "a header is not UTF-8"
        return RecordId(
            offset, _digest(payload + b" unreadable"), entry.milliseconds, fault=fault, key=key, tombstone=deleted
        )
    time = None if entry.untimed else entry.milliseconds
    return RecordId(offset, _digest(payload + f" at {time}".encode()), time, bare, key=key, tombstone=deleted)


def _digest(raw: bytes) -> bytes:
    return blake2b(raw, digest_size=16).digest()
