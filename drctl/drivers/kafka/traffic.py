"""Clients as applications write them: producers that know what became of a record, consumers that commit what they did.

Used by the lab's workload, by the tests and by the fresh reader. No write is repeated here: what is doubtful stays
doubtful. A commit is: it says the same twice.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from drctl.drivers.kafka.commits import commit
from drctl.drivers.kafka.errors import fault_of
from drctl.drivers.kafka.headers import headers_of
from drctl.drivers.kafka.records import read
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import Conflict
from drctl.model import offsets

DENIED = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
PATIENCE = 15.0
"""Seconds after which an unanswered record is doubtful."""
REBALANCE = 5.0
"""Seconds for the commit of a member that gives partitions up: the group waits for it meanwhile."""
ANSWER = 5.0
"""Seconds that a member waits for a commit's answer: librdkafka waits for as long as a whole site is gone."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to send, to exactly this partition."""

    partition: offsets.TopicPartition
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record that was read."""

    partition: offsets.TopicPartition
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes | None]


class Outcome(StrEnum):
    """Say what became of a record. DENIED: certainly not written. DOUBTFUL: nobody knows."""

    WRITTEN = "written"
    ABORTED = "aborted"
    DENIED = "denied"
    DOUBTFUL = "doubtful"


class Writer:
    """An idempotent producer with ``acks=all`` that sends in windows and tells each record's outcome.

    ``broken`` says that the client is of no use any more: take a new one. ``written_at`` is when the last record was
    acknowledged, by the monotonic clock: a window that a lost site left in doubt is given up long after that.
    """

    def __init__(self, site: KafkaSite) -> None:
        own = {
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 5,
            "message.timeout.ms": int(PATIENCE * 1000),
            "compression.type": "lz4",
        }
        self.producer = site.causes.client(Producer, {**site.config, **own})
        self.broken = False
        self.written_at = 0.0
        self._wrote = False

    def write(self, window: Sequence[Outgoing]) -> list[Outcome]:
        """Send these and wait until every outcome is known or given up."""
        outcomes = [Outcome.DOUBTFUL] * len(window)
        try:
            for number, record in enumerate(window):
                self._produce(number, record, outcomes)
            self.producer.flush(PATIENCE + 5)
        except (KafkaException, SystemError) as error:
            fault = fault_of(error)
            if not fault.fatal():
                raise
            self.broken = True
            if not self._wrote and fault.code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED:
                # A principal that may write to no topic at all gets no producer id, so nothing was even sent.
                return [Outcome.DENIED] * len(window)
        self._wrote = self._wrote or Outcome.WRITTEN in outcomes
        return outcomes

    def _produce(self, number: int, record: Outgoing, outcomes: list[Outcome]) -> None:
        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is None:
                outcomes[number] = Outcome.WRITTEN
                self.written_at = time.monotonic()
            elif error.code() in DENIED:
                outcomes[number] = Outcome.DENIED

        try:
            self.producer.produce(
                record.partition.topic,
                partition=record.partition.partition,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                on_delivery=delivered,
            )
        except KafkaException as error:
            # Once the client knows that the topic is denied to it, it does not even try: nothing was written.
            if error.args[0].code() not in DENIED:
                raise
            outcomes[number] = Outcome.DENIED


class TransactionalWriter:
    """A transactional producer: one window is one transaction."""

    def __init__(self, site: KafkaSite, transactional_id: str) -> None:
        own = {"transactional.id": transactional_id, "transaction.timeout.ms": 10000, "linger.ms": 5}
        self.producer = site.causes.client(Producer, {**site.config, **own})
        try:
            self.producer.init_transactions(PATIENCE)
        except KafkaException as error:
            raise site.causes.translate(error, f"start transactions as {transactional_id}") from error

    def write(self, window: Sequence[Outgoing], *, commit: bool = True) -> Outcome:
        """Send these in one transaction and commit or abort it. After DENIED or DOUBTFUL use a new writer.

        DENIED: the brokers refused and the transaction was aborted, so none of it will ever be read.
        """
        self.producer.begin_transaction()
        try:
            for record in window:
                self.producer.produce(
                    record.partition.topic,
                    partition=record.partition.partition,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                )
            self.producer.flush(PATIENCE)
            if commit:
                self.producer.commit_transaction(PATIENCE)
                return Outcome.WRITTEN
            self.producer.abort_transaction(PATIENCE)
        except KafkaException:
            return self._give_up()
        return Outcome.ABORTED

    def _give_up(self) -> Outcome:
        try:
            self.producer.abort_transaction(PATIENCE)
        except KafkaException:
            return Outcome.DOUBTFUL
        return Outcome.DENIED


class Reader:
    """A member of a consumer group that commits what it has processed: regularly, when it loses partitions, at the end.

    ``before_commit`` is called right before each commit, so that what was processed can be written down first.
    """

    def __init__(self, site: KafkaSite, settings: dict[str, Any], topics: Sequence[str]) -> None:
        own = {
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
        self.name = f"site {site.name}: a member of group {settings['group.id']}"
        self.consumer = site.causes.client(Consumer, {**site.config, **own, **settings})
        self.uncommitted: dict[offsets.TopicPartition, int] = {}
        self.before_commit: Callable[[], None] = lambda: None
        # One thread, so that a commit without an answer holds up no member, and no later one overtakes it.
        self._commits = ThreadPoolExecutor(1, f"commits of {settings['group.id']}")
        self.consumer.subscribe(list(topics), on_revoke=self._revoked, on_lost=self._lost)

    def _revoked(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        # In this thread: while the callback runs, a commit that another thread begins is not even sent.
        self._commit(partial(commit, self.consumer, seconds=REBALANCE))
        self._forget(partitions)

    def _lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        """The group has gone on without this member, so that no commit of it is taken any more."""
        self.before_commit()
        self._forget(partitions)

    def _forget(self, partitions: list[TopicPartition]) -> None:
        """Another member may be past these already, and a late commit would set it back."""
        for each in partitions:
            self.uncommitted.pop(offsets.TopicPartition(each.topic, each.partition), None)

    def poll(self, seconds: float) -> Incoming | None:
        """Return the next record, or None. Polling again means that the one before was processed.

        Conflict if this member can never go on, for example since another one has its static id, or since it
        bore one itself and heard nothing of its coordinator for a session's time (librdkafka then forgets who it is,
        and is taken for another: confluentinc/librdkafka#3437). A new client may take its place.
        """
        message = self.consumer.poll(seconds)
        if message is None:
            return None
        if (error := message.error()) is not None:
            # A consumer is told so by the code alone: the mark that fatal errors of a producer have is not set.
            if error.fatal() or error.code() == KafkaError._FATAL:
                raise Conflict(f"{self.name} can never go on: {error.str()}", remedy="begin again with a new client")
            return None
        record = incoming(message)
        self.uncommitted[record.partition] = record.offset + 1
        return record

    def commit(self, *, seconds: float = 0) -> bool:
        """Commit everything processed, trying for so many seconds; False if it is not known to be committed.

        What is not committed is committed with the next, as long as the partition is this member's: a commit may be
        refused only because a rebalance has ended while it was on its way.
        """

        def bounded(positions: list[TopicPartition]) -> bool:
            under_way = self._commits.submit(commit, self.consumer, positions, seconds=seconds)
            try:
                return under_way.result(seconds + ANSWER)
            except TimeoutError:
                under_way.cancel()  # one that has not begun must not come when the partition is another's
                return False

        return self._commit(bounded)

    def _commit(self, committed: Callable[[list[TopicPartition]], bool]) -> bool:
        self.before_commit()
        if not self.uncommitted:
            return True
        try:
            done = committed(
                [TopicPartition(tp.topic, tp.partition, offset) for tp, offset in self.uncommitted.items()]
            )
        except KafkaException:
            own = {offsets.TopicPartition(each.topic, each.partition) for each in self.consumer.assignment()}
            self.uncommitted = {tp: offset for tp, offset in self.uncommitted.items() if tp in own}
            return False
        if done:
            self.uncommitted = {}
        return done

    def member_id(self) -> str:
        """Who the coordinator takes it for; empty before it has joined."""
        return str(self.consumer.memberid() or "")

    def close(self) -> None:
        """Commit and leave the group; a static classic member stays until its session times out."""
        self.commit(seconds=PATIENCE)
        self._leave()

    def leave(self) -> None:
        """Leave without another commit, and say nothing more of what was processed: it may count elsewhere by now."""
        self.before_commit = lambda: None
        self.uncommitted = {}
        self._leave()

    def _leave(self) -> None:
        self.consumer.close()
        self._commits.shutdown(wait=False)


def read_everything(site: KafkaSite, partitions: Sequence[offsets.TopicPartition]) -> Iterator[Incoming]:
    """Every committed record of these partitions, as a fresh reader finds them, in log order."""
    for partition in partitions:
        for message in read(site, partition, 0):
            yield incoming(message)


def incoming(message: Message) -> Incoming:
    """A client's message as a plain value. The last of headers with one name counts; unreadable ones are none."""
    headers = dict(headers_of(message) or ())
    place = offsets.TopicPartition(message.topic() or "", message.partition() or 0)
    return Incoming(place, message.offset() or 0, message.key(), message.value(), headers)
