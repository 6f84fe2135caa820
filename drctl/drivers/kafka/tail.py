"""The tail of one site's ``__consumer_offsets``."""

import time
from collections.abc import Iterable, Mapping, Sequence

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from drctl.drivers.kafka.offsets_topic import OffsetsTopic
from drctl.drivers.kafka.records import ends
from drctl.drivers.kafka.site import TIMEOUT, KafkaSite
from drctl.errors import NotFound
from drctl.model import offsets
from drctl.model.changes import Change, Tailed

TOPIC = "__consumer_offsets"
BATCH = 5000


class KafkaTail:
    """Implements :class:`drctl.ports.Tail`. Joins no group; begins at the beginning of the compacted topic.

    Needs READ on the topic and nothing else.
    """

    def __init__(self, site: KafkaSite, begin: Mapping[int, int] | None = None) -> None:
        self.site = site
        self.decoder = OffsetsTopic()
        self._begin = begin
        self._consumer: Consumer | None = None
        self._behind: dict[int, int | None] = {}
        self._next: dict[int, int] = dict(begin or {})

    def poll(self, seconds: float) -> Tailed:
        changes = self._read(self._opened(), seconds)
        counts = list(self._behind.values())
        behind = None if None in counts else sum(count for count in counts if count)
        return Tailed(changes, behind, dict(self.decoder.unknown))

    def catch_up(self, seconds: float) -> Tailed:
        """Read on to the ends as they are now: where the consumer last knew them to be is not enough."""
        consumer, deadline = self._opened(), time.monotonic() + seconds
        changes: list[Change] = []
        wanted = self._ends(self._behind)
        while missing := {n: end for n, end in wanted.items() if self._next.get(n, 0) < end}:
            if time.monotonic() > deadline:
                break
            changes += self._read(consumer, 0.02)
        behind = sum(end - self._next.get(n, 0) for n, end in missing.items())
        return Tailed(changes, behind, dict(self.decoder.unknown))

    def from_now(self) -> "KafkaTail":
        """Opened at once, where the topic ends now."""
        tail = KafkaTail(self.site, self._ends(self._partitions()))
        tail._opened()
        return tail

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _opened(self) -> Consumer:
        if self._consumer is None:
            self._consumer = self._open()
        return self._consumer

    def _read(self, consumer: Consumer, seconds: float) -> list[Change]:
        # consume() would wait out its whole time on a short batch: so wait for one, then take what is there.
        first = consumer.poll(seconds)
        messages = [] if first is None else [first, *consumer.consume(BATCH, 0.0)]
        changes: list[Change] = []
        for message in messages:
            if message.error() is None:
                changes.extend(self.decoder.changes(_raw(message.key()), _raw(message.value())))
            else:
                self._fault(message)
        self._measure(consumer, messages)
        return changes

    def _open(self) -> Consumer:
        # What was begun now is read to its end soon; a marker at the end of a log shows only in a further fetch.
        patience = 500 if self._begin is None else 100
        consumer = self.site.consumer({"fetch.wait.max.ms": patience, "auto.offset.reset": "earliest"})
        try:
            begin = self._begin or dict.fromkeys(self._partitions(), OFFSET_BEGINNING)
            self._behind = dict.fromkeys(begin)
            consumer.assign([TopicPartition(TOPIC, number, offset) for number, offset in begin.items()])
        except KafkaException as error:
            consumer.close()
            raise self.site.causes.translate(error, f"read {TOPIC}") from error
        except BaseException:
            consumer.close()
            raise
        return consumer

    def _partitions(self) -> Iterable[int]:
        try:
            topic = self.site.admin().list_topics(TOPIC, timeout=TIMEOUT).topics[TOPIC]
        except KafkaException as error:
            raise self.site.causes.translate(error, f"read {TOPIC}") from error
        if topic.error is not None and topic.error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise self.site.causes.translate(topic.error, f"read {TOPIC}")
        if topic.error is not None or not topic.partitions:
            raise NotFound(
                f"site {self.site.name} has no topic {TOPIC} yet", remedy="it is made when the first group commits"
            )
        return tuple(topic.partitions)

    def _ends(self, numbers: Iterable[int]) -> dict[int, int]:
        found = ends(self.site, [offsets.TopicPartition(TOPIC, number) for number in numbers])
        return {partition.partition: end for partition, end in found.items()}

    def _fault(self, message: Message) -> None:
        fault = message.error()
        if fault is None:
            return
        if fault.code() == KafkaError._PARTITION_EOF:
            self._behind[message.partition() or 0] = 0
            self._next[message.partition() or 0] = message.offset() or 0
            return
        raise self.site.causes.translate(fault, f"read {TOPIC}") from KafkaException(fault)

    def _measure(self, consumer: Consumer, messages: Sequence[Message]) -> None:
        """Of every partition that brought records: how many it still has. Its end is told by an event of its own."""
        last = {m.partition(): m for m in messages}
        for number, message in last.items():
            if message.error() is None and number is not None:
                self._next[number] = (message.offset() or 0) + 1
                _, high = consumer.get_watermark_offsets(TopicPartition(TOPIC, number), cached=True)
                self._behind[number] = max(0, high - (message.offset() or 0) - 1) if high >= 0 else None


def _raw(part: bytes | str | None) -> bytes | None:
    return part.encode() if isinstance(part, str) else part
