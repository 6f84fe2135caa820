"""Salvaged records in files: ``FOLDER/RUN/NAME``, checksums in ``SHA256SUMS``, for nobody but drctl's own user.

A file is written under another name, forced to the disk, noted with its checksum, and only then given its name. So what
has its name is complete, and a cut leaves at most a temporary file, which the next writing replaces.
"""

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from drctl.config.documents import contents
from drctl.drivers.store.files import exclusive, force
from drctl.errors import ConfigInvalid, DrctlError, NotFound, NotProven

SUMS = "SHA256SUMS"
PIECE = 1 << 20
"""Bytes of a file that are read at once for its checksum."""
LONGEST = 1 << 28
"""Bytes of one line: a record is rarely larger than a megabyte, and a small packed file can hold a line without end."""
SUM = re.compile(r"([0-9a-f]{64})  ((?:[^/\0]{1,240}/){0,8}[^/\0]{1,240})")
"""A checksum, and the name of a file inside the folder."""
LARGEST = 64 << 20
"""Bytes of the checksums: half a million files."""


class FileVault:
    """Implements :class:`drctl.ports.Vault`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def runs(self) -> tuple[str, ...]:
        if not self.folder.is_dir():
            return ()
        return tuple(sorted(each.name for each in self.folder.iterdir() if each.is_dir()))

    def place(self, run: str) -> str:
        return str(self.folder / run)

    def put(self, run: str, name: str, lines: Iterable[bytes]) -> None:
        path = self.folder / run / name
        try:
            _make(path.parent)
            digest = _written(_temporary(path), lines, packed=name.endswith(".gz"))
            # Before the file has its name. Who dies in between leaves a checksum without a file, which is
            # found and written again; the other order leaves a file that nothing vouches for.
            self._note(run, name, digest)
            _temporary(path).replace(path)
            force(path.parent)
        except OSError as error:
            with suppress(OSError):
                _temporary(path).unlink(missing_ok=True)
            raise DrctlError(
                f"{path} cannot be written: {error.strerror or error}; nothing half was left",
                remedy="make room, or move the folder to a larger disk and leave a link; then run the command again",
            ) from error

    def _note(self, run: str, name: str, digest: str) -> None:
        """The checksums as they are with this one, replaced as a whole."""
        noted = self._noted(run) | {name: digest}
        sums = self.folder / run / SUMS
        text = "".join(f"{noted[each]}  {each}\n" for each in sorted(noted))
        with _opened(_temporary(sums)) as file:
            file.write(text.encode())
            _flush(file)
        _temporary(sums).replace(sums)
        force(sums.parent)

    def holds(self, run: str, name: str) -> bool:
        return self._holds(run, name, self._noted(run).get(name))

    def _holds(self, run: str, name: str, noted: str | None) -> bool:
        path = self.folder / run / name
        return noted is not None and path.is_file() and _digest(path) == noted

    def lines(self, run: str, name: str) -> Iterator[bytes]:
        path = self.folder / run / name
        if not path.is_file():
            raise NotFound(f"there is no file {path}", remedy="see 'drctl salvage verify'")
        open_ = gzip.open if name.endswith(".gz") else open
        try:
            with open_(path, "rb") as file:
                while line := cast("IO[bytes]", file).readline(LONGEST + 1):
                    if len(line) > LONGEST:
                        raise EOFError(f"a line of it is longer than {LONGEST} bytes")
                    yield line.rstrip(b"\n")
        except (OSError, EOFError, zlib.error) as error:
            raise NotProven(f"{path} is damaged: {error}", remedy="restore it from a copy, or salvage again") from error

    def faults(self, run: str) -> tuple[str, ...]:
        folder = self.folder / run
        if not folder.is_dir():
            return (f"{folder} is not there",)
        noted = self._noted(run)
        wrong = [
            f"{name} was altered" if (folder / name).is_file() else f"{name} is missing"
            for name, digest in sorted(noted.items())
            if not self._holds(run, name, digest)
        ]
        there = (f.relative_to(folder).as_posix() for f in sorted(folder.rglob("*")) if f.is_file())
        wrong += [
            f"{name} is not in {SUMS}" for name in there if name not in noted and name != SUMS and ".~" not in name
        ]
        if "manifest.json" not in noted:
            wrong.append("manifest.json is missing: the salvage did not end")
        return tuple(wrong)

    def _noted(self, run: str) -> dict[str, str]:
        place, remedy = self.folder / run / SUMS, "restore it from a copy, or salvage again"
        if not place.exists():
            return {}
        try:
            text = contents(place, remedy, largest=LARGEST).decode()
        except ConfigInvalid as error:
            raise NotProven(str(error), remedy=remedy) from error
        except UnicodeDecodeError as error:
            raise NotProven(f"{place} cannot be read", remedy=remedy) from error
        noted: dict[str, str] = {}
        for number, line in enumerate(text.splitlines(), 1):
            told = SUM.fullmatch(line)
            if told is None or not {"", ".", ".."}.isdisjoint(told[2].split("/")) or told[2] in noted:
                raise NotProven(f"{place}:{number}: is no checksum of a file, or a second one", remedy=remedy)
            noted[told[2]] = told[1]
        return noted


class _Hashing:
    """A file that is hashed while it is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.hash = file, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return self.file.write(data)

    def flush(self) -> None:
        self.file.flush()


def _written(path: Path, lines: Iterable[bytes], *, packed: bool) -> str:
    """Write and force to the disk; returns the SHA-256. The same lines give the same bytes."""
    with _opened(path) as file:
        hashing = _Hashing(file)
        if packed:
            # Neither name nor time in its header: the same records, saved again after a cut, have the same
            # checksum.
            with gzip.GzipFile("", "wb", 6, cast("IO[bytes]", hashing), mtime=0) as pack:
                for line in lines:
                    pack.write(line + b"\n")
        else:
            for line in lines:
                hashing.write(line + b"\n")
        _flush(file)
    return hashing.hash.hexdigest()


def _opened(path: Path) -> IO[bytes]:
    """Open a temporary file. One that a cut left is recreated, not written over: it could lead elsewhere."""
    path.unlink(missing_ok=True)
    return os.fdopen(exclusive(path), "wb")


def _flush(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _make(folder: Path) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        with suppress(FileExistsError):
            each.mkdir(mode=0o700)
        force(each.parent)


def _temporary(path: Path) -> Path:
    return path.with_name(f"{path.name}.~")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
