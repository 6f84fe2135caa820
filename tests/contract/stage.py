"""A site as the contract suites play on it: topics, writers, transactions and consumers, in memory or real."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any, Protocol
from uuid import uuid4

from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from drctl.drivers.kafka.access import KafkaAccess
from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.contents import KafkaContents
from drctl.drivers.kafka.fence import AclFence
from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.kafka.provision import Right, allow, binding, create_topics
from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.tail import KafkaTail
from drctl.drivers.kafka.topics import KafkaTopics
from drctl.drivers.store.clock import SystemClock
from drctl.lab import Lab
from drctl.lab.layout import CANARY_TOPIC, USERS
from drctl.model.access import Users
from drctl.model.fence import DenyRule, Scope
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupProtocol, Member
from drctl.model.site import Canary
from drctl.ports import Access, Brokers, ConsumerGroups, Contents, Fence, Records, Tail, Topics
from tests.contract.joining import joined
from tests.contract.waiting import until
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


class Stage(Protocol):
    """What the suites need; ports are the drctl user's, the rest is done by others."""

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


class FakeStage:
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


class RealStage:
    """One site of the lab, the ports as its least privileged user for drctl."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.site = lab.site(name).kafka("drctl")
        self.admin = lab.site(name).kafka("admin")
        canary = Canary(lab.site(name).client_properties("canary"), CANARY_TOPIC)
        self.brokers, self.records = KafkaBrokers(self.site), KafkaRecords(self.site)
        self.positions, self.fence = KafkaPositions(self.site), AclFence(self.site, canary)
        self.access, self.topics = KafkaAccess(self.site), KafkaTopics(self.site)
        self.scram_users = dict.fromkeys(USERS, frozenset({"SCRAM-SHA-512"})) if name == "north" else {}
        self.contents = KafkaContents(self.site)

    def close(self) -> None:
        for each in (self.site, self.admin):
            each.close()

    def tail(self) -> Tail:
        return KafkaTail(self.site)

    def topic(self, partitions: int = 1) -> str:
        name = f"contract-{uuid4().hex}"
        self.create(name, partitions)
        return name

    def create(self, name: str, partitions: int) -> None:
        create_topics(self.admin, {name: (partitions, 1, {})})
        # The controller answers before every broker tells the topic to its clients.
        until(SystemClock(), "the topic is told of", lambda: name in self.brokers.topics([name]))

    def write(self, partition: TopicPartition, *values: bytes) -> None:
        producer = self._producer()
        for value in values:
            producer.produce(partition.topic, value, partition=partition.partition)
        assert producer.flush(30) == 0

    def begin(self, partition: TopicPartition, *values: bytes) -> Transaction:
        producer = self._producer(**{"transactional.id": uuid4().hex})
        producer.init_transactions(30)
        producer.begin_transaction()
        first = self.records.bounds([partition])[partition].high
        for value in values:
            producer.produce(partition.topic, value, partition=partition.partition)
        assert producer.flush(30) == 0
        return _RealTransaction(producer, lambda: self.records.bounds([partition])[partition].stable > first)

    @contextmanager
    def member(self, group: str, topic: str, protocol: GroupProtocol) -> Iterator[None]:
        if protocol in (GroupProtocol.SHARE, GroupProtocol.STREAMS):
            with joined(self.admin, group, topic, protocol):
                yield
            return
        consumer = Consumer({**client(self.admin), "group.id": group, "group.protocol": protocol.value})
        consumer.subscribe([topic])
        for _ in range(300):
            if consumer.assignment():
                break
            consumer.poll(0.1)
        assert consumer.assignment()
        try:
            yield
        finally:
            consumer.close()

    @contextmanager
    def committing(self, group: str, partition: TopicPartition, offset: int) -> Iterator[None]:
        consumer = Consumer({**client(self.admin), "group.id": group})
        producer = self._producer(**{"transactional.id": uuid4().hex})
        producer.init_transactions(30)
        producer.begin_transaction()
        place = Place(partition.topic, partition.partition, offset)
        producer.send_offsets_to_transaction([place], consumer.consumer_group_metadata(), 30)
        try:
            yield
            producer.commit_transaction(30)
        finally:
            consumer.close()

    @contextmanager
    def everyone_writes(self) -> Iterator[None]:
        right: Right = ("User:*", "WRITE", "TOPIC", "contract*")
        allow(self.admin, [right])
        try:
            yield
        finally:
            withdraw(self.admin, right)

    @contextmanager
    def denied_by_somebody_else(self, denial: DenyRule) -> Iterator[None]:
        kind = {Scope.TOPICS: ResourceType.TOPIC, Scope.TRANSACTIONAL_IDS: ResourceType.TRANSACTIONAL_ID}[denial.scope]
        rule = (kind, "*", ResourcePatternType.LITERAL, denial.principal, "*", AclOperation.WRITE)
        self.admin.wait_all(self.admin.admin().create_acls([AclBinding(*rule, AclPermissionType.DENY)]).items(), "deny")
        # The controller answers before every broker shows the rule.
        until(SystemClock(), "the rule is shown", lambda: denial in self.fence.standing())
        try:
            yield
        finally:
            gone = AclBindingFilter(*rule, AclPermissionType.DENY)
            self.admin.wait_all(self.admin.admin().delete_acls([gone]).items(), "allow again")

    @contextmanager
    def denied(self, principal: str, topic: str) -> Iterator[None]:
        """That principal may not write that topic."""
        rule = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, principal, "*", AclOperation.WRITE)
        self.admin.wait_all(self.admin.admin().create_acls([AclBinding(*rule, AclPermissionType.DENY)]).items(), "deny")
        try:
            yield
        finally:
            gone = AclBindingFilter(*rule, AclPermissionType.DENY)
            self.admin.wait_all(self.admin.admin().delete_acls([gone]).items(), "allow again")

    @contextmanager
    def may_replay(self, topic: str, name: str) -> Iterator[None]:
        rights: list[Right] = [
            ("User:drctl", "WRITE", "TOPIC", topic),
            ("User:drctl", "WRITE", "TRANSACTIONAL_ID", f"{name}-*"),
        ]
        allow(self.admin, rights)
        try:
            yield
        finally:
            for right in rights:
                withdraw(self.admin, right)

    def _producer(self, **more: Any) -> Producer:
        return Producer({**client(self.admin), **more})


class _RealTransaction:
    """Ended when its marker is in the log: the coordinator answers the producer before that."""

    def __init__(self, producer: Producer, marked: Callable[[], bool]) -> None:
        self.producer, self.marked = producer, marked

    def commit(self) -> None:
        self.producer.commit_transaction(30)
        until(SystemClock(), "the transaction's marker is written", self.marked)

    def abort(self) -> None:
        self.producer.abort_transaction(30)
        until(SystemClock(), "the transaction's marker is written", self.marked)


def client(site: KafkaSite) -> dict[str, Any]:
    """Configuration for an ordinary client of that user."""
    return {**site.config, **site.causes.settings()}


def withdraw(site: KafkaSite, right: Right) -> None:
    """Take an ALLOW rule back."""
    rule = binding(right)
    wanted = AclBindingFilter(
        rule.restype,
        rule.name,
        rule.resource_pattern_type,
        rule.principal,
        rule.host,
        rule.operation,
        rule.permission_type,
    )
    for future in site.admin().delete_acls([wanted]).values():
        future.result(30)
