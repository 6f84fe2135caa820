"""The number that every record of a run carries, in the header ``drctl-ledger``.

Layout, big endian: run (16 bytes, a UUID), producer (uint16), intended partition (int32), sequence (uint64, dense
from 1 per producer, topic and partition), digest (8 bytes, BLAKE2b over key and value, each with its length; None is
not empty).

Behind that, in records whose sender knows it: version (uint8, 2), producer epoch (uint32), when it was sent
(milliseconds since 1970, int64), and to which site (UTF-8, the rest). A header that ends with the digest is of version
1 and is read as before. Who compares headers by their bytes may rely on the first part being the same in both.
"""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

HEADER = "drctl-ledger"
LAYOUT = struct.Struct(">16sHiQ8s")
VERSION = 2
SENDING = struct.Struct(">BIq")
"""Behind :data:`LAYOUT`; the site's name follows."""
SITE_AT = LAYOUT.size + SENDING.size
"""Where in a header of version 2 the site's name begins."""


@dataclass(frozen=True, slots=True)
class Sending:
    """Tell of one attempt: when and to which site a record was sent, and in which ``epoch`` of its producer.

    A producer begins its next epoch with every writer that it opens, so that one epoch has one site. Kafka's own
    producer epochs are not told to clients of librdkafka. ``at`` is in milliseconds since 1970.
    """

    epoch: int
    at: int
    site: str


@dataclass(frozen=True, slots=True)
class Number:
    """Who sent a record, where to, and as which one; ``intact`` says whether its key and value are still the same.

    ``sent``: None if its sender told no more (version 1).
    """

    run: UUID
    producer: int
    partition: int
    sequence: int
    intact: bool = True
    sent: Sending | None = None


def encode(number: Number, key: bytes | None, value: bytes | None) -> bytes:
    """The header's value for a record with this key and value, of version 2 if the number tells of its sending."""
    first = LAYOUT.pack(number.run.bytes, number.producer, number.partition, number.sequence, _digest(key, value))
    if (sent := number.sent) is None:
        return first
    return first + SENDING.pack(VERSION, sent.epoch, sent.at) + sent.site.encode()


def decode(header: bytes | None, key: bytes | None, value: bytes | None) -> Number | None:
    """The number in a header, or None if there is none that can be read."""
    if header is None or len(header) < LAYOUT.size:
        return None
    sent = None
    if len(header) > LAYOUT.size and (sent := _sending(header)) is None:
        return None
    run, producer, partition, sequence, digest = LAYOUT.unpack_from(header)
    return Number(UUID(bytes=run), producer, partition, sequence, digest == _digest(key, value), sent)


def is_readable(header: bytes) -> bool:
    """Whether a header is a number's, of either version."""
    return len(header) == LAYOUT.size or _sending(header) is not None


def _sending(header: bytes) -> Sending | None:
    """Return what a header of version 2 tells of its sending; None if it is none, or names no site."""
    if len(header) <= SITE_AT:
        return None
    version, epoch, at = SENDING.unpack_from(header, LAYOUT.size)
    try:
        site = header[SITE_AT:].decode()
    except UnicodeDecodeError:
        return None
    return Sending(epoch, at, site) if version == VERSION else None


def digests(keys: Iterable[bytes | None], values: Iterable[bytes | None]) -> list[bytes]:
    """Return the digest of each record."""
    digested = []
    # Copied, and updated once: a fresh hash, or a second update, costs a third more for records of usual sizes.
    begin, join = _UNUSED.copy, b"".join
    for key, value in zip(keys, values, strict=True):
        hashed = begin()
        try:
            hashed.update(join((_LENGTHS[len(key)], key, _LENGTHS[len(value)], value)))  # type: ignore[arg-type]
        except (TypeError, IndexError):  # there is none, or it is long: asking before costs every record a tenth
            hashed.update(_part(key) + _part(value))
        digested.append(hashed.digest())
    return digested


# Eight bytes notice what a disk, a client or a converter has changed by accident. Against somebody who forges
# records they are no protection, nor is the number beside them.
_UNUSED = hashlib.blake2b(digest_size=8)
_MANY = 4096
"""Lengths whose bytes are kept: those of most records, in half a megabyte."""
_LENGTHS = tuple(b"\x00" + length.to_bytes(4, "big") for length in range(_MANY))


def _part(part: bytes | None) -> bytes:
    return b"\xff" if part is None else b"\x00" + len(part).to_bytes(4, "big") + part


def _digest(key: bytes | None, value: bytes | None) -> bytes:
    return digests((key,), (value,))[0]
