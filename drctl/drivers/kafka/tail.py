"""The tail of one site's ``__consumer_offsets``."""

from collections.abc import Sequence

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from drctl.drivers.kafka.offsets_topic import OffsetsTopic
from drctl.drivers.kafka.site import TIMEOUT, KafkaSite
from drctl.errors import NotFound
from drctl.model.changes import Change, Tailed

TOPIC = "__consumer_offsets"
BATCH = 5000


class KafkaTail:
    """Implements :class:`drctl.ports.Tail`. Joins no group; begins at the beginning of the compacted topic.

    Needs READ on the topic and nothing else.
    """

    def __init__(self, site: KafkaSite) -> None:
        self.site = site
        self.decoder = OffsetsTopic()
        self._consumer: Consumer | None = None
        self._behind: dict[int, int | None] = {}

    def poll(self, seconds: float) -> Tailed:
        if self._consumer is None:
            self._consumer = self._open()
        # consume() would wait out its whole time on a short batch: so wait for one, then take what is there.
        first = self._consumer.poll(seconds)
        messages = [] if first is None else [first, *self._consumer.consume(BATCH, 0.0)]
        changes: list[Change] = []
        for message in messages:
            if message.error() is None:
                changes.extend(self.decoder.changes(_raw(message.key()), _raw(message.value())))
            else:
                self._fault(message)
        self._measure(self._consumer, messages)
        counts = list(self._behind.values())
        behind = None if None in counts else sum(count for count in counts if count)
        return Tailed(changes, behind, dict(self.decoder.unknown))

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _open(self) -> Consumer:
        consumer = self.site.consumer({"fetch.wait.max.ms": 500, "auto.offset.reset": "earliest"})
        try:
            topic = consumer.list_topics(TOPIC, timeout=TIMEOUT).topics[TOPIC]
            if topic.error is not None and topic.error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise self.site.causes.translate(topic.error, f"read {TOPIC}")
            if topic.error is not None or not topic.partitions:
                raise NotFound(
                    f"site {self.site.name} has no topic {TOPIC} yet", remedy="it is made when the first group commits"
                )
            self._behind = dict.fromkeys(topic.partitions)
            consumer.assign([TopicPartition(TOPIC, number, OFFSET_BEGINNING) for number in topic.partitions])
        except KafkaException as error:
            consumer.close()
            raise self.site.causes.translate(error, f"read {TOPIC}") from error
        except BaseException:
            consumer.close()
            raise
        return consumer

    def _fault(self, message: Message) -> None:
        fault = message.error()
        if fault is None:
            return
        if fault.code() == KafkaError._PARTITION_EOF:
            self._behind[message.partition() or 0] = 0
            return
        raise self.site.causes.translate(fault, f"read {TOPIC}") from KafkaException(fault)

    def _measure(self, consumer: Consumer, messages: Sequence[Message]) -> None:
        """Of every partition that brought records: how many it still has. Its end is told by an event of its own."""
        last = {m.partition(): m for m in messages}
        for number, message in last.items():
            if message.error() is None and number is not None:
                _, high = consumer.get_watermark_offsets(TopicPartition(TOPIC, number), cached=True)
                self._behind[number] = max(0, high - (message.offset() or 0) - 1) if high >= 0 else None


def _raw(part: bytes | str | None) -> bytes | None:
    return part.encode() if isinstance(part, str) else part
