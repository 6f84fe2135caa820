"""Kafka's own binary primitives, as far as records of internal topics use them (see Kafka's protocol guide)."""

import struct
from base64 import urlsafe_b64encode
from collections.abc import Collection

INT8, INT16, INT32, INT64 = (struct.Struct(f">{code}") for code in "bhiq")
FLOAT64 = struct.Struct(">d")


class Malformed(ValueError):
    """Bytes that are not what they should be."""


class UnknownForm(Malformed):
    """A kind or a version that is not known here; the message names it."""


class WireReader:
    """Reads primitives one after the other. ``flexible``: compact strings and arrays, tagged fields (KIP-482)."""

    def __init__(self, raw: bytes, *, flexible: bool = False) -> None:
        self.raw = raw
        self.at = 0
        self.flexible = flexible

    def number(self, form: struct.Struct) -> int:
        """A fixed-width integer."""
        if self.at + form.size > len(self.raw):
            raise Malformed("it ends too early")
        (value,) = form.unpack_from(self.raw, self.at)
        self.at += form.size
        return int(value)

    def fraction(self, form: struct.Struct) -> float:
        """A number in floating point."""
        return float(*form.unpack(self.taken(form.size)))

    def varint(self) -> int:
        """An unsigned variable-length integer of at most five bytes."""
        value = 0
        # Five bytes hold 35 bits, more than any length in Kafka; a sixth is an error and not read on.
        for shift in range(0, 35, 7):
            if self.at >= len(self.raw):
                raise Malformed("it ends too early")
            byte = self.raw[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Malformed("a length without an end")

    def taken(self, length: int) -> bytes:
        """So many bytes."""
        if length < 0 or self.at + length > len(self.raw):
            raise Malformed("it ends too early")
        self.at += length
        return self.raw[self.at - length : self.at]

    def length(self, form: struct.Struct) -> int:
        """The length that leads a string, bytes or an array; -1 is null."""
        return self.varint() - 1 if self.flexible else self.number(form)

    def optional_string(self) -> str | None:
        """A nullable string."""
        length = self.length(INT16)
        if length < 0:
            return None
        try:
            return self.taken(length).decode()
        except UnicodeDecodeError as error:
            raise Malformed("a string that is no UTF-8") from error

    def string(self) -> str:
        """A string; null reads as an empty one."""
        return self.optional_string() or ""

    def binary(self) -> bytes:
        """Bytes; null reads as none."""
        return self.taken(max(0, self.length(INT32)))

    def count(self) -> int:
        """The length of an array; null reads as 0. Never more than there are bytes left."""
        count = max(0, self.length(INT32))
        # An element has at least one byte. Without this a made-up length would let a loop run for minutes
        # over nothing.
        if count > len(self.raw) - self.at:
            raise Malformed("an array longer than the record")
        return count

    def tags(self) -> dict[int, bytes]:
        """The tagged fields, raw; none where the version is not flexible."""
        if not self.flexible:
            return {}
        found: dict[int, bytes] = {}
        for _ in range(self.varint()):
            tag = self.varint()
            found[tag] = self.taken(self.varint())
        return found


def varint(value: int) -> bytes:
    """An unsigned variable-length integer."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def string(text: str) -> bytes:
    """A compact string (KIP-482)."""
    raw = text.encode()
    return varint(len(raw) + 1) + raw


def array(items: Collection[bytes]) -> bytes:
    """A compact array of what is encoded already."""
    return varint(len(items) + 1) + b"".join(items)


def uuid(raw: bytes) -> str:
    """A topic id as Kafka's tools print it."""
    return urlsafe_b64encode(raw).decode().rstrip("=")
