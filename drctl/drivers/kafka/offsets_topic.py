"""Records of ``__consumer_offsets``, byte by byte.

Formats: ``group-coordinator/src/main/resources/common/message/*.json`` of Apache Kafka 4.3 (the same files are in
``kafka-group-coordinator-4.3.1.jar``). A key begins with its kind as int16, a value with its version as int16::

    0, 1  key    group, topic, int32 partition                      a position
          value  v0-3: int64 offset, [v3: int32 epoch], metadata, int64 milliseconds, [v1: int64 expiry]
                 v4: the same as v3, flexible; tag 0 is the topic's id
    2     key    group                                              a classic group
    3     key    group                                              a KIP-848 group
    5, 8  key    group, member                                      one of its members, and what that is assigned

confluent-kafka ends the metadata that it commits with a NUL byte; its own reading and this one leave it away.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from sys import intern

from drctl.drivers.kafka.group_records import IGNORED, Memberships
from drctl.drivers.kafka.wire_format import INT16, INT32, INT64, Malformed, UnknownForm, WireReader, uuid
from drctl.model.changes import Change, PositionForgotten, PositionMoved
from drctl.model.offsets import Committed, TopicPartition

POSITION_KINDS = (0, 1)
NEWEST = 4
"""The newest version of a position's value that is known here."""
KEYS_KEPT = 1_000_000
"""Keys whose decoding is kept, since the same ones come again and again; beyond that all are decoded again."""

_HEAD = struct.Struct(">hqi")
_TAGGED_ID = b"\x01\x00\x10"
"""One tagged field, tag 0, 16 bytes long."""


class OffsetsTopic:
    """Turns records into changes. Keeps what KIP-848 groups tell piece by piece; ``unknown`` counts the rest."""

    def __init__(self) -> None:
        self.unknown: Counter[str] = Counter()
        self.memberships = Memberships()
        self._keys: dict[bytes, tuple[str, TopicPartition]] = {}
        self._partitions: dict[tuple[str, int], TopicPartition] = {}
        self._topics: dict[bytes, str] = {}
        self._named: tuple[Change, ...] = ()

    def changes(self, key: bytes | None, value: bytes | None) -> Iterator[Change]:
        """Return what one record says. Never raises for its bytes: what is not understood is counted."""
        if not key or len(key) < INT16.size:
            self.unknown["no key"] += 1
            return
        (kind,) = INT16.unpack_from(key)
        try:
            if kind in POSITION_KINDS:
                yield self._position(key, value)
                if self._named:
                    yield from self._named
                    self._named = ()
            elif kind in IGNORED:
                return
            else:
                yield from self.memberships.changes(kind, key, value)
        except (Malformed, UnicodeDecodeError, struct.error, IndexError) as error:
            # Counted and shown, not raised: one record of a newer Kafka must not end the following of all
            # groups.
            self.unknown[str(error) if isinstance(error, UnknownForm) else f"key {kind}, malformed"] += 1

    def _position(self, key: bytes, value: bytes | None) -> PositionMoved | PositionForgotten:
        group, partition = self._keys.get(key) or self._read_key(key)
        if value is None:
            return PositionForgotten(group, partition)
        version, offset, _ = _HEAD.unpack_from(value)
        # Nearly every record is of this form, so it is read without the general reader.
        # A length below 0x80 is one byte of a varint: metadata of up to 126 bytes, which is nearly all
        # there is.
        if version == NEWEST and 0 < value[14] < 0x80:
            end = 14 + value[14]
            metadata = intern(value[15:end].decode().removesuffix("\0")) if end > 15 else ""
            (milliseconds,) = INT64.unpack_from(value, end)
            raw = value[end + 11 : end + 27] if value[end + 8 : end + 11] == _TAGGED_ID else b""
            return PositionMoved(
                group, partition, Committed(offset, metadata), milliseconds, self._topic_id(raw, partition)
            )
        return self._slowly(group, partition, value)

    def _slowly(self, group: str, partition: TopicPartition, value: bytes) -> PositionMoved:
        version = WireReader(value).number(INT16)
        if not 0 <= version <= NEWEST:
            raise UnknownForm(f"a position of version {version}")
        read = WireReader(value[2:], flexible=version >= NEWEST)
        offset = read.number(INT64)
        if version >= 3:
            read.number(INT32)
        metadata, milliseconds = read.string().removesuffix("\0"), read.number(INT64)
        raw = b"" if version < NEWEST else read.tags().get(0, b"")
        return PositionMoved(
            group, partition, Committed(offset, metadata), milliseconds, self._topic_id(raw, partition)
        )

    def _topic_id(self, raw: bytes, partition: TopicPartition) -> str | None:
        if len(raw) != 16:
            return None
        known = self._topics.get(raw)
        if known is None:
            known = self._topics[raw] = uuid(raw)
            self._named = tuple(self.memberships.name(raw, partition.topic))
        return known

    def _read_key(self, key: bytes) -> tuple[str, TopicPartition]:
        try:  # the general reader takes three times as long, and a new tail sees every key for the first time
            middle = 4 + INT16.unpack_from(key, 2)[0]
            end = middle + 2 + INT16.unpack_from(key, middle)[0]
            group, topic = key[4:middle].decode(), intern(key[middle + 2 : end].decode())
            (number,) = INT32.unpack_from(key, end)
            straight = middle >= 4 and middle + 2 <= end
        except (struct.error, UnicodeDecodeError):
            straight = False
        if not straight:
            read = WireReader(key[2:])
            group, topic, number = read.string(), read.string(), read.number(INT32)
        # All at once rather than the oldest: which is the oldest would cost a list that is moved with every
        # record.
        if len(self._keys) >= KEYS_KEPT:
            self._keys.clear()
        partition = self._partitions.setdefault((topic, number), TopicPartition(topic, number))
        self._keys[key] = (group, partition)
        return group, partition
