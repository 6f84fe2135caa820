"""How many bytes crossed a wire: two counts in a file that its process has mapped into memory.

A wire is stopped and killed, and each signal that could make it tell has another meaning. So it is never asked: the
counts are right at every moment, of a wire that is stopped or was killed, too, and reading them disturbs nobody. Each
is an aligned word of memory, of which no reader sees half. The wire's next process goes on from there.
"""

from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final

from drctl.errors import LabError

WORD: Final = "Q"
SIZE = 2 * 8
"""Bytes: a word for requests, and one for answers."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Bytes that a wire has taken along since its lab was made, with what TLS adds to them.

    ``requests`` went to the brokers of the site that it leads from, ``answers`` came back. A byte is counted right
    before it is passed on, so whoever has received one finds it counted; one that its receiver hung up on is, too.
    """

    requests: int
    answers: int


class WireCounter:
    """Counts what a wire passes on, in ``file``, which is made if it is not there; without one only for itself."""

    def __init__(self, file: Path | None = None) -> None:
        self._counts = memoryview(_mapped(file) if file else mmap(-1, SIZE)).cast(WORD)

    def request(self, count: int) -> None:
        """Count that many bytes on their way to the brokers."""
        self._counts[0] += count

    def answer(self, count: int) -> None:
        """Count that many bytes on their way back."""
        self._counts[1] += count


def carried(file: Path) -> Carried:
    """Return the counts in a wire's file. LabError if there are none: a wire begins to count before it listens."""
    try:
        with (
            file.open("rb") as opened,
            mmap(opened.fileno(), SIZE, access=ACCESS_READ) as found,
            memoryview(found) as whole,
            whole.cast(WORD) as counts,
        ):
            return Carried(counts[0], counts[1])
    except (OSError, ValueError) as error:
        raise LabError(f"no wire has counted in {file}", remedy="wait until it listens") from error


def _mapped(file: Path) -> mmap:
    file.touch()
    with file.open("r+b") as opened:
        # What is there stays: a truncated file would be torn from under a reader, and the counts would fall.
        opened.truncate(SIZE)
        return mmap(opened.fileno(), SIZE)
