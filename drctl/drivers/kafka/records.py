"""Records of one site, read without joining a group."""

import os
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future

import xxhash
from confluent_kafka import (
    OFFSET_INVALID,
    TIMESTAMP_LOG_APPEND_TIME,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import ListOffsetsResultInfo, OffsetSpec

from drctl.drivers.kafka.asking_again import asked_again
from drctl.drivers.kafka.headers import UNREADABLE, Headers, headers_of
from drctl.drivers.kafka.login import Login
from drctl.drivers.kafka.site import TIMEOUT, KafkaSite
from drctl.errors import Conflict, DrctlError, NotFound, Unreachable
from drctl.model import offsets
from drctl.model.offsets import LogBounds, RecordId

EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
BATCH = 2000
"""Records at once: fewer cost calls into the client, more cost memory for values that are digested one by one."""
PATIENCE = 0.02
"""Seconds to wait for the first record of a batch."""


class KafkaRecords:
    """Implements :class:`drctl.ports.Records`."""

    def __init__(self, site: KafkaSite) -> None:
        self.site = site

    @asked_again
    def bounds(self, partitions: Collection[offsets.TopicPartition]) -> Mapping[offsets.TopicPartition, LogBounds]:
        self._refuse_missing(partitions)
        asked = (
            self._ask(partitions, EARLIEST, IsolationLevel.READ_UNCOMMITTED),
            # Of a committed reader the end is the last stable offset: there is no call of its own for it.
            self._ask(partitions, LATEST, IsolationLevel.READ_COMMITTED),
            self._ask(partitions, LATEST, IsolationLevel.READ_UNCOMMITTED),
        )
        start, stable, high = (self.site.wait_all(futures.items(), "look up offsets") for futures in asked)
        # Asked at the same time, they may cross: the order that the model promises is restored.
        return {tp: _bounds(start[tp].offset, stable[tp].offset, high[tp].offset) for tp in partitions}

    def _ask(
        self, partitions: Collection[offsets.TopicPartition], spec: OffsetSpec, level: IsolationLevel
    ) -> dict[offsets.TopicPartition, Future[ListOffsetsResultInfo]]:
        if not partitions:
            return {}
        asked = {TopicPartition(tp.topic, tp.partition): spec for tp in partitions}
        futures = self.site.admin().list_offsets(asked, isolation_level=level, request_timeout=self.site.timeout)
        return {offsets.TopicPartition(tp.topic, tp.partition): future for tp, future in futures.items()}

    def _refuse_missing(self, partitions: Collection[offsets.TopicPartition]) -> None:
        """Told apart here, since for both a missing partition and a missing leader the client says "no leader"."""
        topics = self.site.metadata("list its topics").topics
        for tp in partitions:
            if tp.topic not in topics or tp.partition not in topics[tp.topic].partitions:
                raise NotFound(f"site {self.site.name} has no partition {tp}", remedy="correct the name, or create it")

    @asked_again
    def identities(self, partition: offsets.TopicPartition, start: int, stop: int) -> tuple[RecordId, ...]:
        return self.identities_all({partition: (start, stop)})[partition]

    @asked_again
    def identities_all(
        self, spans: Mapping[offsets.TopicPartition, tuple[int, int]]
    ) -> Mapping[offsets.TopicPartition, tuple[RecordId, ...]]:
        bounds = self.bounds([partition for partition, (start, stop) in spans.items() if start < stop])
        left = {p: (max(spans[p][0], low.start), min(spans[p][1], low.stable)) for p, low in bounds.items()}
        left = {p: (start, stop) for p, (start, stop) in left.items() if start < stop}
        found: dict[offsets.TopicPartition, list[RecordId]] = {p: [] for p in spans}
        if left:
            with self.site.borrow() as consumer:
                asked = [TopicPartition(p.topic, p.partition, start) for p, (start, _) in left.items()]
                consumer.assign(asked)
                self._read_spans(consumer, {p: stop for p, (_, stop) in left.items()}, found)
                consumer.resume(asked)  # a paused partition would stay so in the consumer's next assignment
        return {partition: tuple(records) for partition, records in found.items()}

    def _read_spans(
        self,
        consumer: Consumer,
        stops: dict[offsets.TopicPartition, int],
        found: Mapping[offsets.TopicPartition, list[RecordId]],
    ) -> None:
        """Read on until every partition has come to its stop; one that has is paused."""
        idle, early, login = 0.0, dict[offsets.TopicPartition, int](), self.site.login
        while stops:
            # Idle time is counted in waits that brought nothing, not by the clock: a long batch that is
            # digested is not silence.
            messages = _at_hand(self.site, login, consumer, BATCH)
            idle = 0.0 if messages else idle + PATIENCE
            if idle >= TIMEOUT:
                partition = next((p for p in stops if p in early), next(iter(stops)))
                raise ended_early(self.site.name, partition, early.get(partition), stops[partition])
            for message in messages:
                partition = offsets.TopicPartition(message.topic() or "", message.partition() or 0)
                if partition not in stops:
                    continue
                fault, offset = message.error(), _offset(message)
                if fault is not None and fault.code() != KafkaError._PARTITION_EOF:
                    raise self.site.causes.translate(fault, f"read {partition}") from KafkaException(fault)
                if fault is None and offset < stops[partition]:
                    found[partition].append(identity(offset, message))
                # The last offset below the stop may be a marker that no reader is given; then only the end
                # of the partition says that the stop was reached.
                ended = offset >= stops[partition] if fault is not None else offset >= stops[partition] - 1
                if not ended and fault is not None:
                    early[partition] = offset  # a new leader may know the rest in a moment
                if ended:
                    del stops[partition]
                    if stops:
                        # Else the client goes on fetching what nobody wants, at the cost of partitions that
                        # are still read.
                        consumer.pause([TopicPartition(*partition)])

    @asked_again
    def following(self, partition: offsets.TopicPartition, start: int, count: int) -> tuple[RecordId, ...]:
        found: list[RecordId] = []
        if count <= 0:
            return ()
        for message in read(self.site, partition, start, batch=count):
            found.append(identity(_offset(message), message))
            if len(found) == count:
                break
        return tuple(found)


def ends(site: KafkaSite, partitions: Collection[offsets.TopicPartition]) -> Mapping[offsets.TopicPartition, int]:
    """The high watermark of each, in as many requests as it has leaders; they must exist."""
    if not partitions:
        return {}
    asked = {TopicPartition(tp.topic, tp.partition): LATEST for tp in partitions}
    futures = site.admin().list_offsets(asked, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=TIMEOUT)
    told = site.wait_all(futures.items(), "look up offsets")
    return {offsets.TopicPartition(tp.topic, tp.partition): int(end.offset) for tp, end in told.items()}


def delete_below(site: KafkaSite, partition: offsets.TopicPartition, offset: int) -> None:
    """Delete all records of a partition below an offset, on every replica (DeleteRecords). It has no undo."""
    asked = [TopicPartition(partition.topic, partition.partition, offset)]
    futures = site.admin().delete_records(asked, request_timeout=site.change_timeout)
    site.wait_all(futures.items(), f"delete records of {partition}", site.change_timeout)


def read(site: KafkaSite, partition: offsets.TopicPartition, start: int, *, batch: int = BATCH) -> Iterator[Message]:
    """Committed data records from ``start`` (or the log start, if that is later) to the last stable offset.

    ``batch`` is how many the caller expects to want: fewer come sooner.
    """
    low = KafkaRecords(site).bounds([partition])[partition]
    start = max(start, low.start)
    if start >= low.stable:
        return
    with site.borrow() as consumer:
        consumer.assign([TopicPartition(partition.topic, partition.partition, start)])
        yield from _until(site, consumer, partition, low.stable, min(batch, BATCH))


def _until(
    site: KafkaSite, consumer: Consumer, partition: offsets.TopicPartition, stop: int, batch: int
) -> Iterator[Message]:
    """All messages up to the end, which lies at ``stop`` or behind it; an end before that is none."""
    idle, early, login = 0.0, None, site.login
    while idle < TIMEOUT:
        messages = _at_hand(site, login, consumer, batch)
        idle = 0.0 if messages else idle + PATIENCE
        for message in messages:
            fault = message.error()
            if fault is None:
                yield message
            elif fault.code() != KafkaError._PARTITION_EOF:
                raise site.causes.translate(fault, f"read {partition}") from KafkaException(fault)
            elif _offset(message) >= stop:
                return
            else:
                early = _offset(message)
    raise ended_early(site.name, partition, early, stop)


def _at_hand(site: KafkaSite, login: Login, consumer: Consumer, most: int) -> list[Message]:
    """Return what is there: ``consume`` alone would wait out its time on every short batch.

    Unauthenticated where nothing is, and nothing will be, since that login was renewed.
    """
    first = consumer.poll(PATIENCE)
    if first is None:
        site.require_login(login)
    return [] if first is None else [first, *consumer.consume(most, 0.0)]


def ended_early(site: str, partition: offsets.TopicPartition, end: int | None, stop: int) -> DrctlError:
    """Return the error of a read that told no end in time, or with ``end`` one before the place it had to reach."""
    if end is None:
        said = f"site {site}: no records and no end from {partition} in {TIMEOUT:.0f} s"
        return Unreachable(said, remedy="check its leader")
    return Conflict(
        f"site {site}: {partition} ends at {end} when it is read, and its leader had told that it reaches {stop}",
        remedy="look again; if it stays so, a new leader has lost records, or the topic was deleted and made again",
    )


def identity(offset: int, message: Message) -> RecordId:
    """A record's place, identity and timestamp. A record that cannot be read whole equals no other, and says why."""
    kind, milliseconds = message.timestamp()
    known = None if kind == TIMESTAMP_NOT_AVAILABLE or milliseconds < 0 else milliseconds
    headers, deleted = headers_of(message), message.value() is None
    if headers is None:
        # A digest that equals none, its own copy's included: what cannot be read cannot be proven equal,
        # and a position at it is refused.
        return RecordId(offset, os.urandom(16), known, fault=UNREADABLE, key=_key_hash(message), tombstone=deleted)
    full, bare = _digests(message, headers)
    return RecordId(offset, full, known, bare, key=_key_hash(message), tombstone=deleted)


def digest(message: Message) -> bytes:
    """Digest what makes a record itself: key, value, headers and the producer's timestamp, each with its length.

    A log that stamps its own time (``message.timestamp.type=LogAppendTime``) leaves the timestamp out; then so must the
    other site, which is why a gate asks for the same setting on both.
    """
    return identity(_offset(message), message).digest


def _key_hash(message: Message) -> bytes:
    # Half as long as a digest: of two keys that are taken for one the older record counts as superseded,
    # which is what every record of a compacted topic did before its key was looked at.
    key = message.key()
    return b"" if key is None else xxhash.xxh3_64_digest(key)


def _digests(message: Message, headers: Headers) -> tuple[bytes, bytes]:
    """The digest, and the same without the timestamp."""
    # 128 bits without a key: two different records with one digest would need an attacker who writes both,
    # and who may write may do worse. A keyed or longer hash costs several times as much, for each record
    # that is compared.
    hashed = xxhash.xxh3_128()

    def add(part: bytes | str | None) -> None:
        raw = part.encode() if isinstance(part, str) else part
        # Lengths, so that "ab" and "c" differ from "a" and "bc"; null has a sign of its own, so that a
        # tombstone differs from an empty value.
        hashed.update(b"\xff" if raw is None else b"\x00" + len(raw).to_bytes(4, "big") + raw)

    add(message.key())
    add(message.value())
    hashed.update(len(headers).to_bytes(4, "big"))
    for header in headers:
        add(header[0])
        add(header[1])
    bare = hashed.digest()
    kind, milliseconds = message.timestamp()
    # MirrorMaker 2 passes the producer's timestamp on. One that the log set differs between the sites by
    # nature.
    if kind != TIMESTAMP_LOG_APPEND_TIME:
        hashed.update(milliseconds.to_bytes(8, "big", signed=True))
    return hashed.digest(), bare


def _bounds(start: int, stable: int, high: int) -> LogBounds:
    # Retention may have passed the last stable offset between the two questions.
    stable = max(stable, start)
    return LogBounds(int(start), int(stable), int(max(high, stable)))


def _offset(message: Message) -> int:
    offset = message.offset()
    return OFFSET_INVALID if offset is None else offset
