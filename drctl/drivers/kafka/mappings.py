"""Read what MirrorMaker 2 writes down about offsets, byte by byte.

Formats (``org.apache.kafka.connect.mirror.OffsetSync`` and ``Checkpoint``), big endian, a string being its length as
int16 and UTF-8::

    OffsetSync  key   string topic (at the source), int32 partition
                value int64 upstream offset, int64 downstream offset
    Checkpoint  key   string group, string topic (at the target), int32 partition
                value int16 version 0, int64 upstream, int64 downstream, string metadata
"""

import struct
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

from confluent_kafka import Message

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.records import KafkaRecords, read
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import NotFound, Unsupported
from drctl.model.link import checkpoints_topic, syncs_topic
from drctl.model.offsets import Checkpoint, Mark, OffsetSync, TopicPartition
from drctl.model.sync_history import SyncHistory


class KafkaMappings:
    """Implements :class:`drctl.ports.MirrorOffsets`. Repeated calls read only what is new; any thread may ask.

    ``settings`` tells the source connector's configuration, by which MirrorMaker 2 names its topics. It is asked at
    first use, and again where a topic of that name is missing.
    """

    def __init__(
        self, source: KafkaSite, target: KafkaSite, settings: Callable[[], Mapping[str, str]] | None = None
    ) -> None:
        self.source = source
        self.target = target
        self._settings = settings or dict
        self._known: Mapping[str, str] | None = None
        self._syncs: dict[TopicPartition, SyncHistory] = {}
        self._checkpoints: dict[str, dict[TopicPartition, Checkpoint]] = {}
        self._next: dict[str, tuple[str, int]] = {}
        # A service looks and syncs at the same time. What two read at once they would note twice, as if the link had
        # copied again.
        self._lock = threading.Lock()

    def syncs(
        self, partitions: Collection[TopicPartition], since: Mapping[str, Mark] | None = None
    ) -> Mapping[TopicPartition, tuple[OffsetSync, ...]]:
        with self._lock:
            for place, (tp, sync) in self._new(self.syncs_topic, _placed_sync, self._syncs):
                self._syncs.setdefault(tp, SyncHistory()).add(place, sync)
            topic_id, _ = self._next[self.syncs_topic]
            begin = {topic: mark.offset for topic, mark in (since or {}).items() if mark.topic_id == topic_id}
            found = {tp: self._syncs[tp].since(begin.get(tp.topic, 0)) for tp in partitions if tp in self._syncs}
            return {tp: syncs for tp, syncs in found.items() if syncs}

    def mark(self) -> Mark | None:
        found = KafkaBrokers(self.target).topics([self.syncs_topic]).get(self.syncs_topic)
        if found is None:
            self._known = None  # it may have another name by now
            return None
        only = TopicPartition(self.syncs_topic, 0)
        return Mark(found.topic_id, KafkaRecords(self.target).bounds([only])[only].high)

    def checkpoints(self, groups: Collection[str]) -> Mapping[str, Mapping[TopicPartition, Checkpoint]]:
        with self._lock:
            for group, tp, checkpoint in self._new(self.checkpoints_topic, decode_checkpoint, self._checkpoints):
                self._checkpoints.setdefault(group, {})[tp] = checkpoint
            return {group: dict(self._checkpoints[group]) for group in groups if group in self._checkpoints}

    @property
    def syncs_topic(self) -> str:
        """The topic of the offset syncs, at the target."""
        return syncs_topic(self.source.name, self._config())

    @property
    def checkpoints_topic(self) -> str:
        """The topic of the checkpoints, at the target."""
        return checkpoints_topic(self.source.name, self._config())

    def _config(self) -> Mapping[str, str]:
        if self._known is None:
            self._known = self._settings()
        return self._known

    def _new[T](self, topic: str, decode: Callable[[Message], T], seen: dict[Any, Any]) -> list[T]:
        """Return what was not seen before; of a recreated topic all, and what was known is forgotten."""
        found = KafkaBrokers(self.target).topics([topic]).get(topic)
        if found is None:
            seen.clear()
            self._next.pop(topic, None)
            raise self._missing(topic)
        # The topic's id tells one that was recreated, which a name and an offset cannot: its offsets begin at
        # 0 again and soon reach what was read of the old one.
        known, start = self._next.get(topic, (found.topic_id, 0))
        if known != found.topic_id:
            seen.clear()
            start = 0
        decoded: list[T] = []
        for message in read(self.target, TopicPartition(topic, 0), start):
            start = (message.offset() or 0) + 1
            # A null value ends MirrorMaker 2's own reader with an exception. Here it tells nothing and is
            # passed over, whoever wrote it.
            if message.value() is not None:
                decoded.append(decode(message))
        self._next[topic] = (found.topic_id, start)
        return decoded

    def _missing(self, topic: str) -> NotFound:
        config, self._known = self._config(), None
        if topic == checkpoints_topic(self.source.name, config):
            said = f"site {self.target.name} has no topic {topic}"
            return NotFound(said, remedy="start the checkpoint connector")
        # The reverse link's own syncs have the same name, so the topic alone does not tell which of the two it is.
        elsewhere = syncs_topic(self.target.name, config)
        if elsewhere in KafkaBrokers(self.source).topics([elsewhere]):
            return NotFound(
                f"site {self.target.name} has no topic {topic}; if the connectors keep their syncs at the source, "
                f"these are on the wrong side, in {elsewhere} at {self.source.name}, and would be lost with it",
                remedy="set offset-syncs.topic.location=target on the source and checkpoint connectors, and create the "
                "topic (1 partition, compacted, large min.compaction.lag.ms)",
            )
        return NotFound(
            f"site {self.target.name} has no topic {topic}",
            remedy="create it (1 partition, compacted, large min.compaction.lag.ms) and restart the source connector",
        )


def _placed_sync(message: Message) -> tuple[int, tuple[TopicPartition, OffsetSync]]:
    return message.offset() or 0, decode_sync(message)


def decode_sync(message: Message) -> tuple[TopicPartition, OffsetSync]:
    """One record of an offset-syncs topic. Unsupported, naming it, if it is none."""
    try:
        topic, rest = _string(message.key() or b"")
        (partition,) = struct.unpack(">i", rest)
        return TopicPartition(topic, partition), OffsetSync(*struct.unpack(">qq", message.value() or b""))
    except (struct.error, UnicodeDecodeError) as error:
        raise _foreign(message, "offset sync") from error


def decode_checkpoint(message: Message) -> tuple[str, TopicPartition, Checkpoint]:
    """One record of a checkpoints topic. Unsupported, naming it, if it is none."""
    try:
        group, rest = _string(message.key() or b"")
        topic, rest = _string(rest)
        (partition,) = struct.unpack(">i", rest)
        version, upstream, downstream = struct.unpack_from(">hqq", message.value() or b"")
    except (struct.error, UnicodeDecodeError) as error:
        raise _foreign(message, "checkpoint") from error
    if version != 0:
        raise _foreign(message, "checkpoint of version 0")
    return group, TopicPartition(topic, partition), Checkpoint(upstream, downstream)


def _string(raw: bytes) -> tuple[str, bytes]:
    (length,) = struct.unpack_from(">h", raw)
    if length < 0 or len(raw) < 2 + length:
        raise struct.error("a string longer than the record")
    return raw[2 : 2 + length].decode(), raw[2 + length :]


def _foreign(message: Message, what: str) -> Unsupported:
    place = f"{message.topic()}-{message.partition()} offset {message.offset()}"
    return Unsupported(f"{place} is no {what}", remedy="nothing but MirrorMaker 2 may write to this topic")
