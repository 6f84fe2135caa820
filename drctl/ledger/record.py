"""The number that every record of a run carries, in the header ``drctl-ledger``.

Layout, big endian: run (16 bytes, a UUID), producer (uint16), intended partition (int32), sequence (uint64, dense
from 1 per producer, topic and partition), digest (8 bytes, BLAKE2b over key and value, each with its length; None is
not empty).
"""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

HEADER = "drctl-ledger"
LAYOUT = struct.Struct(">16sHiQ8s")


@dataclass(frozen=True, slots=True)
class Number:
    """Who sent a record, where to, and as which one; ``intact`` says whether its key and value are still the same."""

    run: UUID
    producer: int
    partition: int
    sequence: int
    intact: bool = True


def encode(number: Number, key: bytes | None, value: bytes | None) -> bytes:
    """The header's value for a record with this key and value."""
    return LAYOUT.pack(number.run.bytes, number.producer, number.partition, number.sequence, _digest(key, value))


def decode(header: bytes | None, key: bytes | None, value: bytes | None) -> Number | None:
    """The number in a header, or None if there is none that can be read."""
    if header is None or len(header) != LAYOUT.size:
        return None
    run, producer, partition, sequence, digest = LAYOUT.unpack(header)
    return Number(UUID(bytes=run), producer, partition, sequence, intact=digest == _digest(key, value))


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
