"""The number that every record of a run carries, in the header ``drctl-ledger``.

Layout, big endian: run (16 bytes, a UUID), producer (uint16), intended partition (int32), sequence (uint64, dense
from 1 per producer, topic and partition), digest (8 bytes, BLAKE2b over key and value, each with its length; None is
not empty).
"""

import hashlib
import struct
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


def _digest(key: bytes | None, value: bytes | None) -> bytes:
    hashed = hashlib.blake2b(digest_size=8)
    for part in (key, value):
        hashed.update(b"\xff" if part is None else b"\x00" + len(part).to_bytes(4, "big") + part)
    return hashed.digest()
