"""Packed lines of a bundle: written as they come, read within bounds of size."""

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

from drctl.drills.bundle.manifest import damaged
from drctl.drivers.store.files import exclusive

LONGEST = 16 << 20
"""Bytes of one line: a client writes down what it did in one poll or transaction, which is some thousand records."""
FREE, RATIO = 16 << 20, 100
"""A bundle may unpack to so many bytes and so many times its packed size: histories shrink to a tenth or twentieth."""
SMALL = 64 << 20
"""Bytes of a document that is read as a whole."""


def pack(path: Path, lines: Iterable[bytes]) -> None:
    """Write lines, each with its line end, into a new packed file; the same lines give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(exclusive(path), "wb") as file:
        with gzip.GzipFile("", "wb", 6, cast("IO[bytes]", file), mtime=0) as packed:
            packed.writelines(lines)
        file.flush()
        os.fsync(file.fileno())


def opened(path: Path) -> BufferedReader:
    """Open a regular file for reading; OSError where it is a link. Never waits for the other end of a pipe."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


class Unpacking:
    """Reads the packed files of one bundle; all of them together may unpack to no more than is plausible."""

    def __init__(self, folder: Path, packed: int) -> None:
        self.folder = folder
        self.left = FREE + RATIO * packed

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a packed file, each with its line end. BundleDamaged where that goes on for too long."""
        try:
            with opened(self.folder / name) as packed, gzip.open(packed) as file:
                while line := cast("IO[bytes]", file).readline(min(LONGEST, self.left) + 1):
                    self.left -= len(line)
                    if len(line) > LONGEST or self.left < 0:
                        raise damaged(f"{name}: unpacks to more than a run can have written")
                    yield line
        except (OSError, EOFError, zlib.error) as error:
            raise damaged(f"{name}: cannot be unpacked: {error}") from error


def whole(path: Path, largest: int = SMALL) -> bytes:
    """A file's bytes. BundleDamaged if it is missing, larger than that, or no file."""
    try:
        with opened(path) as file:
            raw = file.read(largest + 1)
    except OSError as error:
        raise damaged(f"{path.name}: cannot be read: {error.strerror}") from error
    if len(raw) > largest:
        raise damaged(f"{path.name}: is larger than {largest} bytes")
    return raw
