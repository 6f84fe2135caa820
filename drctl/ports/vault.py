"""Where salvaged records are kept: files in one folder per run, with their checksums."""

from collections.abc import Iterable, Iterator
from typing import Protocol


class Vault(Protocol):
    """Files that only drctl's own user may read. A name is a path within its run's folder; one in ``.gz`` is packed."""

    def runs(self) -> tuple[str, ...]:
        """Runs that have a folder, sorted."""
        ...

    def place(self, run: str) -> str:
        """Where a run's files are, for people."""
        ...

    def put(self, run: str, name: str, lines: Iterable[bytes]) -> None:
        """Write a file as a whole, line by line without holding it: it is there, complete and durable, or not at all.

        The checksum is noted first. DrctlError, and nothing half, where it cannot be written (a full disk).
        """
        ...

    def holds(self, run: str, name: str) -> bool:
        """Whether the file is there and has the checksum that was noted."""
        ...

    def lines(self, run: str, name: str) -> Iterator[bytes]:
        """A file's lines, unpacked, one by one. NotFound."""
        ...

    def faults(self, run: str) -> tuple[str, ...]:
        """Return what is wrong in a run's folder by file: altered, missing, or not noted. Empty if all is as it was."""
        ...
