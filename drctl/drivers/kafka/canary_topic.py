"""The canary's clients at one site, each logged in as the ordinary client that the fence refuses.

None of them waits: brokers are talked to by librdkafka's own threads, and what is looked up gets little time.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import confluent_kafka
from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import OffsetSpec

from drctl.drivers.kafka.errors import fault_of
from drctl.drivers.kafka.headers import headers_of
from drctl.drivers.kafka.member import Reader
from drctl.drivers.kafka.records import EARLIEST, LATEST
from drctl.drivers.kafka.site import CLOSED_WITHIN, KafkaSite
from drctl.drivers.kafka.traffic import DENIED
from drctl.errors import NotFound, Unreachable
from drctl.model.canary import CANARY_RECORDS, CanaryRecord, WriteAnswer
from drctl.model.offsets import TopicPartition
from drctl.ports import CanaryMember, CanaryProducer, CanaryReader
from drctl.redaction import redact_foreign

PATIENCE = 10.0
"""Seconds after which a record that was not acknowledged is doubtful: longer than a broker's session of 9 s."""
ANSWER = 2.0
"""Seconds for a site to say what is in its logs: the canary writes nothing meanwhile."""
COMMITS = 1.0
"""Seconds between two commits of the group's member: what it reads again after a crash."""
MOST = 2000
"""Records at once, so that a reader which was held up leaves time for the writer."""


class KafkaCanarySite:
    """Implements :class:`drctl.ports.CanarySite`.

    ``site`` logs in as the canary, ``header`` has a record's number, ``copies`` are what stands before copies' names.
    """

    def __init__(self, site: KafkaSite, header: str, copies: Sequence[str]) -> None:
        self.site, self.header = site, header
        self.names = (CANARY_RECORDS, *(prefix + CANARY_RECORDS for prefix in copies))

    def partitions(self) -> int:
        count = self.present().get(CANARY_RECORDS, 0)
        if not count:
            raise NotFound(
                f"site {self.site.name} has no topic {CANARY_RECORDS} that the canary's user may see",
                remedy="create it at the site that serves, let the link copy it, and give the canary's user its rights "
                "(docs/kafka-rights.md)",
            )
        return count

    def producer(self) -> CanaryProducer:
        return KafkaCanaryProducer(self.site, self.header)

    def reader(self, since: float) -> CanaryReader:
        found = self._all_of(self.present())
        if not found:
            raise NotFound(
                f"site {self.site.name} has no topic {' or '.join(self.names)}",
                remedy="let the link copy it (MirrorMaker 2's topics), or create it",
            )
        ends = self.offsets(found, LATEST)
        begins = self.offsets(found, OffsetSpec.for_timestamp(int(since * 1000)))
        # What was asked first: a record that is written meanwhile must not be left out.
        return KafkaCanaryReader(self, {place: ends[place] if at < 0 else at for place, at in begins.items()})

    def member(self) -> CanaryMember:
        partitions = self.partitions()
        settings = {"group.id": CANARY_RECORDS, "client.id": CANARY_RECORDS, "session.timeout.ms": 10000}
        return KafkaCanaryMember(Reader(self.site, settings, self.names), self.header, partitions)

    def present(self) -> Mapping[str, int]:
        """Return how many partitions the topic and its copies have, by name; without those that are not there."""
        told = self.site.metadata("list its topics", within=ANSWER).topics
        return {name: len(told[name].partitions) for name in self.names if name in told}

    def new_places(self, known: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
        """Return partitions that were made since, with where they begin."""
        return self.offsets([place for place in self._all_of(self.present()) if place not in known], EARLIEST)

    def offsets(self, places: Sequence[TopicPartition], spec: OffsetSpec) -> dict[TopicPartition, int]:
        """Look offsets up as a read_committed reader sees them."""
        if not places:
            return {}
        asked = {confluent_kafka.TopicPartition(*place): spec for place in places}
        futures = self.site.admin().list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=ANSWER
        )
        told = self.site.wait_all(futures.items(), "look up offsets", ANSWER)
        return {TopicPartition(place.topic, place.partition): int(found.offset) for place, found in told.items()}

    @staticmethod
    def _all_of(topics: Mapping[str, int]) -> list[TopicPartition]:
        return [TopicPartition(name, number) for name, count in topics.items() for number in range(count)]


class KafkaCanaryProducer:
    """Implements :class:`drctl.ports.CanaryProducer`."""

    def __init__(self, site: KafkaSite, header: str) -> None:
        self.site, self.header = site, header
        own = {
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 5,
            "message.timeout.ms": int(PATIENCE * 1000),
            "client.id": CANARY_RECORDS,
        }
        self._producer: Producer | None = site.client(Producer, own)
        self._login = site.login
        self._known: list[tuple[int, WriteAnswer]] = []
        self._waiting: set[int] = set()
        self._wrote = False
        self._ended_by: KafkaError | None = None

    def send(self, ticket: int, partition: int, number: bytes, value: bytes) -> None:
        def delivered(error: KafkaError | None, _: Message) -> None:
            self._tell(ticket, _answer(error))

        if self._producer is None:
            raise Unreachable(f"site {self.site.name}: the canary's producer is closed", remedy="begin again")
        # What waits would be given up after PATIENCE, and is doubtful as soon as another client goes on.
        self.site.require_login(self._login)
        self._waiting.add(ticket)
        self._serve(self._producer)
        if self._ended_by is not None:
            return
        try:
            self._producer.produce(
                CANARY_RECORDS, value, partition=partition, headers=[(self.header, number)], on_delivery=delivered
            )
        except BufferError as error:
            raise Unreachable(f"site {self.site.name}: the canary's queue is full", remedy="check brokers") from error
        except KafkaException as error:
            # Once the client knows that the topic is denied to it, it does not even try: nothing was written.
            if error.args[0].code() not in DENIED:
                raise self.site.causes.translate(error, f"write to {CANARY_RECORDS}") from error
            self._tell(ticket, WriteAnswer.DENIED)

    def answers(self) -> Sequence[tuple[int, WriteAnswer]]:
        if self._producer is not None:
            self._serve(self._producer)
        known, self._known = self._known, []
        return known

    def _serve(self, producer: Producer) -> None:
        """Take what the client tells; once it can never write again, tell what becomes of everything that waits."""
        try:
            producer.poll(0)
        except (KafkaException, SystemError) as error:
            self._ended_by = fault_of(error)
        if self._ended_by is not None:
            # A principal that may write to no topic at all gets no producer id, so nothing was even sent. Once
            # something may have been written, the same error leaves it open what became of records on their way.
            denied = self._ended_by.code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED and not self._wrote
            for ticket in sorted(self._waiting):
                self._tell(ticket, WriteAnswer.DENIED if denied else WriteAnswer.DOUBTFUL)

    def _tell(self, ticket: int, answer: WriteAnswer) -> None:
        if ticket in self._waiting:  # else it was given up, and told
            self._waiting.discard(ticket)
            self._wrote = self._wrote or answer is not WriteAnswer.DENIED
            self._known.append((ticket, answer))

    def close(self) -> None:
        producers, self._producer = [self._producer], None
        _within(producers.clear)


class KafkaCanaryReader:
    """Implements :class:`drctl.ports.CanaryReader`; ``begins`` tells where it begins in each partition."""

    def __init__(self, of: KafkaCanarySite, begins: Mapping[TopicPartition, int]) -> None:
        self.of = of
        self.reached = dict(begins)
        self.denied: dict[TopicPartition, KafkaError] = {}
        own = {"auto.offset.reset": "earliest", "queued.max.messages.kbytes": 16_384, "client.id": CANARY_RECORDS}
        self._own = own
        self.consumer: Consumer = of.site.consumer(own)
        self.login = of.site.login
        self.consumer.assign(_placed(begins))

    def read(self) -> Sequence[CanaryRecord]:
        found = []
        for message in self.consumer.consume(MOST, 0.0):
            place = TopicPartition(message.topic() or "", message.partition() or 0)
            fault, offset = message.error(), message.offset()
            if fault is not None and fault.code() in DENIED:
                self.denied[place] = fault  # told once, and it holds until something is read there
            if offset is None or offset < 0:
                continue
            if fault is None:
                found.append(_record(message, self.of.header))
                self.reached[place] = offset + 1
            elif fault.code() == KafkaError._PARTITION_EOF:
                self.reached[place] = offset
        return found

    def has_all(self) -> bool:
        if self.of.site.is_outdated(self.login):
            self._replace()
        new = self.of.new_places(self.reached)
        if new:
            self.consumer.incremental_assign(_placed(new))
            self.reached.update(new)
        ends = self.of.offsets(list(self.reached), LATEST)
        behind = [place for place, end in ends.items() if self.reached[place] < end]
        denied = next((self.denied[place] for place in behind if place in self.denied), None)
        self.denied = {place: fault for place, fault in self.denied.items() if place in behind}
        if denied is not None:
            raise self.of.site.causes.translate(denied, f"read {CANARY_RECORDS}")
        return not behind

    def _replace(self) -> None:
        """Go on with a client of the newest login, behind what was read."""
        following = self.of.site.consumer(self._own)
        following.assign(_placed(self.reached))
        former, self.consumer, self.login = self.consumer, following, self.of.site.login
        _within(former.close)

    def close(self) -> None:
        _within(self.consumer.close)


class KafkaCanaryMember:
    """Implements :class:`drctl.ports.CanaryMember`."""

    def __init__(self, reader: Reader, header: str, partitions: int) -> None:
        self.reader, self.header, self.partitions = reader, header, partitions
        self._committed = time.monotonic()

    def read(self) -> Sequence[CanaryRecord]:
        self.reader.require_login()
        found = list(self._polled())
        if time.monotonic() - self._committed >= COMMITS:
            self.reader.commit()
            self._committed = time.monotonic()
        return found

    def _polled(self) -> Iterator[CanaryRecord]:
        for _ in range(MOST):
            record = self.reader.poll(0)
            if record is None:
                return
            place = record.partition
            yield CanaryRecord(
                place.topic, place.partition, record.offset, record.headers.get(self.header), record.value
            )

    def is_alone(self) -> bool:
        # Another one is given every second partition, or all where there is one only; before the group has said
        # anything nobody reads.
        if not self.reader.is_assigned:
            return True
        try:
            assigned = self.reader.consumer.assignment()
        except KafkaException:
            return True  # a client that can never go on has none, and says so when it reads
        return sum(1 for each in assigned if each.topic == CANARY_RECORDS) >= self.partitions

    def trouble(self) -> str:
        return "" if self.reader.fault is None else redact_foreign(self.reader.fault.str())

    def close(self) -> None:
        _within(self.reader.close)


def _placed(begins: Mapping[TopicPartition, int]) -> list[confluent_kafka.TopicPartition]:
    return [confluent_kafka.TopicPartition(place.topic, place.partition, at) for place, at in begins.items()]


def _answer(error: KafkaError | None) -> WriteAnswer:
    if error is None:
        return WriteAnswer.WRITTEN
    return WriteAnswer.DENIED if error.code() in DENIED else WriteAnswer.DOUBTFUL


def _record(message: Message, header: str) -> CanaryRecord:
    headers = dict(headers_of(message) or ())
    return CanaryRecord(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        headers.get(header),
        message.value(),
    )


def _within(close: Callable[[], object]) -> None:
    """Close a client beside us: one whose brokers are gone may take very long (confluent-kafka-go#463)."""
    closing = threading.Thread(target=close, name="close-canary", daemon=True)
    closing.start()
    closing.join(CLOSED_WITHIN)
