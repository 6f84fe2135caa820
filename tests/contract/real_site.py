"""One site of the lab as the contract suites work on it, and what ordinary clients of it need."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
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
from drctl.model.fence import DenyRule, Scope
from drctl.model.offsets import TopicPartition
from drctl.model.session import GroupProtocol
from drctl.model.site import Canary
from drctl.ports import Tail
from tests.contract.harness import Transaction
from tests.contract.joining import joined
from tests.contract.waiting import until


class RealHarness:
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
