"""Producers as applications write them, which know what became of a record, and what a reader gets of one.

Used by the lab's workload, by the tests and by the fresh reader. No write is repeated here: what is doubtful stays
doubtful.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from drctl.drivers.kafka.errors import fault_of
from drctl.drivers.kafka.headers import headers_of
from drctl.drivers.kafka.records import read
from drctl.drivers.kafka.site import KafkaSite
from drctl.model import offsets

DENIED = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
PATIENCE = 15.0
"""Seconds after which an unanswered record is doubtful."""

CARELESS = {"enable.idempotence": False, "acks": "1", "message.send.max.retries": 0}


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
    ``offsets`` says where each record of the last window was written, None where the brokers did not tell.
    ``careless``: acknowledged is what the leader alone has (``acks=1``), and nothing is sent again.
    """

    def __init__(self, site: KafkaSite, *, careless: bool = False) -> None:
        own = {
            **(CARELESS if careless else {"enable.idempotence": True, "acks": "all"}),
            "linger.ms": 5,
            "message.timeout.ms": int(PATIENCE * 1000),
            "compression.type": "lz4",
        }
        self.producer = site.client(Producer, own)
        self.broken = False
        self.written_at = 0.0
        self.offsets: list[int | None] = []
        self._wrote = False

    def write(self, window: Sequence[Outgoing]) -> list[Outcome]:
        """Send these and wait until every outcome is known or given up."""
        outcomes = [Outcome.DOUBTFUL] * len(window)
        self.offsets = [None] * len(window)
        try:
            for number, record in enumerate(window):
                self._produce(number, record, outcomes)
            # Longer than the client's own timeout, so that each record's outcome is the client's word and
            # not our impatience.
            self.producer.flush(PATIENCE + 5)
        except (KafkaException, SystemError) as error:
            fault = fault_of(error)
            if not fault.fatal():
                raise
            self.broken = True
            # Only before anything was written: later the same error leaves it open what became of records
            # on their way.
            if not self._wrote and fault.code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED:
                # A principal that may write to no topic at all gets no producer id, so nothing was even sent.
                return [Outcome.DENIED] * len(window)
        self._wrote = self._wrote or Outcome.WRITTEN in outcomes
        return outcomes

    def _produce(self, number: int, record: Outgoing, outcomes: list[Outcome]) -> None:
        def delivered(error: KafkaError | None, message: Message, offsets: list[int | None] = self.offsets) -> None:
            if error is None:
                outcomes[number] = Outcome.WRITTEN
                offsets[number] = offset_of(message)
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
    """A transactional producer: one window is one transaction. ``offsets`` as of :class:`Writer`."""

    def __init__(self, site: KafkaSite, transactional_id: str) -> None:
        own = {"transactional.id": transactional_id, "transaction.timeout.ms": 10000, "linger.ms": 5}
        self.producer = site.client(Producer, own)
        try:
            self.producer.init_transactions(PATIENCE)
        except KafkaException as error:
            raise site.causes.translate(error, f"start transactions as {transactional_id}") from error
        self.offsets: list[int | None] = []

    def write(self, window: Sequence[Outgoing], *, commit: bool = True) -> Outcome:
        """Send these in one transaction and commit or abort it. After DENIED or DOUBTFUL use a new writer.

        DENIED: the brokers refused and the transaction was aborted, so none of it will ever be read.
        """
        self.producer.begin_transaction()
        offsets = self.offsets = [None] * len(window)
        try:
            for number, record in enumerate(window):
                self.producer.produce(
                    record.partition.topic,
                    partition=record.partition.partition,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                    on_delivery=partial(_note_offset, offsets, number),
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
            # An abort that fails leaves it to the coordinator. The records count as in doubt, which the
            # checker takes either way.
            return Outcome.DOUBTFUL
        return Outcome.DENIED


def _note_offset(offsets: list[int | None], number: int, error: KafkaError | None, message: Message) -> None:
    if error is None:
        offsets[number] = offset_of(message)


def offset_of(message: Message) -> int | None:
    """Return where a record was written; None where the brokers did not tell, as when it had been written before."""
    offset = message.offset()
    return None if offset is None or offset < 0 else offset


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
