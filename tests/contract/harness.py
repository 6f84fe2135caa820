"""A site as the contract suites work on it: topics, writers, transactions and consumers; and the one in memory."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Protocol

from drctl.model.access import Users
from drctl.model.fence import DenyRule
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupProtocol, Member
from drctl.ports import Access, Brokers, ConsumerGroups, Contents, Fence, Records, Tail, Topics
from tests.fakes import (
    FakeAccess,
    FakeBrokers,
    FakeContents,
    FakeFence,
    FakePositions,
    FakeRecords,
    FakeSite,
    FakeTail,
    FakeTopics,
)
from tests.fakes.site import Log


class Transaction(Protocol):
    """A transaction that was begun and has written."""

    def commit(self) -> None: ...

    def abort(self) -> None: ...


class Harness(Protocol):
    """Offer a site to the suites; ports are the drctl user's, the rest is done by others."""

    @property
    def brokers(self) -> Brokers: ...

    @property
    def records(self) -> Records: ...

    @property
    def positions(self) -> ConsumerGroups: ...

    @property
    def fence(self) -> Fence: ...

    @property
    def access(self) -> Access: ...

    @property
    def topics(self) -> Topics: ...

    @property
    def scram_users(self) -> Users: ...

    def tail(self) -> Tail: ...

    def topic(self, partitions: int = 1) -> str: ...

    def write(self, partition: TopicPartition, *values: bytes) -> None: ...

    def begin(self, partition: TopicPartition, *values: bytes) -> Transaction: ...

    def member(self, group: str, topic: str, protocol: GroupProtocol) -> AbstractContextManager[None]: ...

    def everyone_writes(self) -> AbstractContextManager[None]: ...

    def denied_by_somebody_else(self, denial: DenyRule) -> AbstractContextManager[None]: ...

    def committing(self, group: str, partition: TopicPartition, offset: int) -> AbstractContextManager[None]: ...

    @property
    def contents(self) -> Contents: ...

    def may_replay(self, topic: str, name: str) -> AbstractContextManager[None]: ...


class FakeHarness:
    """The fakes."""

    def __init__(self) -> None:
        self.site = FakeSite("north", {})
        self.brokers, self.records = FakeBrokers(self.site), FakeRecords(self.site)
        self.positions, self.fence = FakePositions(self.site), FakeFence(self.site)
        self.access, self.topics = FakeAccess(self.site), FakeTopics(self.site)
        self.contents = FakeContents(self.site)
        self.site.allowed.add("User:app")
        self.scram_users = self.site.users = {"app": frozenset({"SCRAM-SHA-512"})}
        self._numbers = count()

    def tail(self) -> Tail:
        return FakeTail(self.site)

    def topic(self, partitions: int = 1) -> str:
        name = f"contract-{next(self._numbers)}"
        self.site.logs |= {TopicPartition(name, number): Log() for number in range(partitions)}
        return name

    def write(self, partition: TopicPartition, *values: bytes) -> None:
        for value in values:
            self.site.write(partition, value)

    def begin(self, partition: TopicPartition, *values: bytes) -> Transaction:
        transaction = self.site.begin(timeout=3600)
        for value in values:
            transaction.write(partition, value)
        return transaction

    @contextmanager
    def member(self, group: str, topic: str, protocol: GroupProtocol) -> Iterator[None]:
        everything = frozenset(partition for partition in self.site.logs if partition.topic == topic)
        member = Member("a-member", "a-client", "/127.0.0.1", assignment=everything)
        self.site.group(group).protocol = protocol
        self.site.group(group).members = (member,)
        yield
        self.site.group(group).members = ()

    @contextmanager
    def committing(self, group: str, partition: TopicPartition, offset: int) -> Iterator[None]:
        self.site.pending[group] = {partition}
        yield
        del self.site.pending[group]
        self.site.group(group).committed[partition] = Committed(offset)

    @contextmanager
    def everyone_writes(self) -> Iterator[None]:
        self.site.everyone = True
        yield
        self.site.everyone = False

    @contextmanager
    def denied_by_somebody_else(self, denial: DenyRule) -> Iterator[None]:
        self.site.denials.add(denial)
        self.site.of_others.add(denial)
        yield
        self.site.denials.discard(denial)
        self.site.of_others.discard(denial)

    @contextmanager
    def may_replay(self, topic: str, name: str) -> Iterator[None]:
        del topic, name
        self.site.allowed.add("User:drctl")
        yield
        self.site.allowed.discard("User:drctl")
