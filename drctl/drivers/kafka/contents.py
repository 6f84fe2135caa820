"""Whole records of one site: read with their bytes, and written again exactly once.

Two consumers read side by side, one that is given everything and one that is given what is committed: what only the
first one sees was aborted, or belongs to a transaction that has not ended.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import (
    TIMESTAMP_CREATE_TIME,
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from drctl.drivers.kafka.errors import fault_of
from drctl.drivers.kafka.headers import UNREADABLE, headers_of
from drctl.drivers.kafka.records import KafkaRecords, ended_early
from drctl.drivers.kafka.site import TIMEOUT, KafkaSite
from drctl.errors import Conflict, DrctlError, Forbidden, Unsupported
from drctl.model import offsets
from drctl.model.salvage import Content, Fate, Stamped
from drctl.ports import Replay

PATIENCE = 60.0
"""Seconds that a transaction may take, its coordinator's waiting for a predecessor's included."""

STAMPS = {TIMESTAMP_CREATE_TIME: Stamped.PRODUCER, TIMESTAMP_LOG_APPEND_TIME: Stamped.LOG}
FENCED = (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED)
BOUNDED = {"queued.max.messages.kbytes": 16_384}
"""At most so much is fetched ahead, so that memory does not grow with what is read."""


class KafkaContents:
    """Implements :class:`drctl.ports.Contents`."""

    def __init__(self, site: KafkaSite) -> None:
        self.site = site

    def read(self, partition: offsets.TopicPartition, start: int, stop: int) -> Iterator[Content]:
        bounds = KafkaRecords(self.site).bounds([partition])[partition]
        start, stop = max(start, bounds.start), min(stop, bounds.high)
        if start >= stop:
            return
        # Two connections and twice the bytes: the client tells nowhere whether a record belongs to an
        # aborted transaction.
        consumer = self.site.consumer({**BOUNDED, "isolation.level": "read_uncommitted"})
        committed = self.site.consumer(BOUNDED)
        try:
            settled = _offsets(self._messages(committed, partition, start, min(stop, bounds.stable)))
            ahead = next(settled, None)
            for message in self._messages(consumer, partition, start, stop):
                offset = _offset(message)
                while ahead is not None and ahead < offset:
                    ahead = next(settled, None)
                # By the last stable offset as it was when the reading began: what ends meanwhile is told as
                # open.
                fate = Fate.COMMITTED if ahead == offset else Fate.ABORTED if offset < bounds.stable else Fate.OPEN
                yield content(partition, message, fate)
        finally:
            consumer.close()
            committed.close()

    def _messages(
        self, consumer: Consumer, partition: offsets.TopicPartition, start: int, stop: int
    ) -> Iterator[Message]:
        """Yield what that consumer is given with ``start <= offset < stop``, one by one."""
        if start >= stop:
            return
        consumer.assign([TopicPartition(partition.topic, partition.partition, start)])
        early: int | None = None
        while True:
            message = consumer.poll(TIMEOUT)
            if message is None:
                raise ended_early(self.site.name, partition, early, stop)
            fault = message.error()
            if fault is not None and fault.code() == KafkaError._PARTITION_EOF:
                if _offset(message) >= stop:
                    return
                early = _offset(message)
                continue
            if fault is not None:
                raise self.site.causes.translate(fault, f"read {partition}") from KafkaException(fault)
            if _offset(message) >= stop:
                return
            yield message
            if _offset(message) == stop - 1:
                return

    @contextmanager
    def replay(self, name: str, partition: offsets.TopicPartition) -> Iterator[Replay]:
        # One transactional id per partition: its coordinator lets one producer write and ends what a former one began.
        identity = re.sub(r"[^\w.-]", "-", f"{name}-{partition}")
        own = {"transactional.id": identity, "transaction.timeout.ms": int(PATIENCE * 1000), "linger.ms": 5}
        producer = self.site.client(Producer, own)
        progress = self.site.client(Consumer, {"group.id": name})
        try:
            with _translated(self.site, partition, name):
                producer.init_transactions(PATIENCE)
            yield _Replay(self.site, producer, progress, partition, name)
        finally:
            progress.close()


class _Replay:
    """Progress is the position of a group without members, committed in the records' own transaction."""

    def __init__(
        self, site: KafkaSite, producer: Producer, progress: Consumer, partition: offsets.TopicPartition, name: str
    ) -> None:
        self.site, self.producer, self.progress, self.partition, self.name = site, producer, progress, partition, name

    def reached(self) -> int:
        with _translated(self.site, self.partition, self.name):
            found = self.progress.committed([TopicPartition(*self.partition)], timeout=TIMEOUT)
        return max(0, int(found[0].offset))

    def write(self, records: Sequence[Content], reached: int) -> None:
        with _translated(self.site, self.partition, self.name):
            self.producer.begin_transaction()
            try:
                self._send(records, reached)
            except (KafkaException, SystemError, BufferError):
                self._give_up()
                raise

    def _send(self, records: Sequence[Content], reached: int) -> None:
        failed: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failed.append(error)

        for record in records:
            self.producer.produce(
                self.partition.topic,
                partition=self.partition.partition,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                timestamp=record.milliseconds or 0,
                on_delivery=delivered,
            )
        self.producer.flush(PATIENCE)
        if failed:
            raise KafkaException(failed[0])
        position = [TopicPartition(self.partition.topic, self.partition.partition, reached)]
        self.producer.send_offsets_to_transaction(position, self.progress.consumer_group_metadata(), PATIENCE)
        self.producer.commit_transaction(PATIENCE)

    def _give_up(self) -> None:
        try:
            self.producer.abort_transaction(PATIENCE)
        except KafkaException:
            return  # the next one that begins under this name ends it


@contextmanager
def _translated(site: KafkaSite, partition: offsets.TopicPartition, name: str) -> Iterator[None]:
    try:
        yield
    except BufferError as error:
        raise DrctlError(f"site {site.name}: cannot replay to {partition}: the client's queue is full") from error
    except (KafkaException, SystemError) as error:
        fault = fault_of(error)
        if fault.code() in FENCED:
            raise Conflict(f"site {site.name}: another drctl replays {partition} meanwhile") from error
        told = site.causes.translate(fault, f"replay to {partition}")
        if isinstance(told, Forbidden):
            raise Forbidden(
                str(told),
                remedy=f"for the time of the replay allow WRITE on topic {partition.topic} and on transactional ids "
                f"{name}-*, and READ on group {name}",
            ) from error
        raise told from error


def content(partition: offsets.TopicPartition, message: Message, fate: Fate) -> Content:
    """A message as it is in the log."""
    kind, milliseconds = message.timestamp()
    headers = headers_of(message)
    if headers is None:
        raise Unsupported(
            f"{partition} offset {_offset(message)}: {UNREADABLE}: it cannot be saved as it is",
            remedy="drctl cannot salvage this topic: copy the record with a Java client, and name it to drctl's makers",
        )
    stamped = STAMPS.get(kind, Stamped.NOBODY)
    return Content(
        partition,
        _offset(message),
        _raw(message.key()),
        _raw(message.value()),
        headers,
        None if stamped is Stamped.NOBODY else milliseconds,
        stamped,
        fate,
        message.leader_epoch(),
    )


def _offsets(messages: Iterator[Message]) -> Iterator[int]:
    return (_offset(message) for message in messages)


def _offset(message: Message) -> int:
    offset = message.offset()
    return -1 if offset is None else offset


def _raw(part: bytes | str | None) -> bytes | None:
    return part.encode() if isinstance(part, str) else part
