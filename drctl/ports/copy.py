"""A copy of the journal at a site, for the day on which the machine that holds the file is lost."""

from collections.abc import Sequence
from typing import Protocol

from drctl.model.chain import Line


class JournalCopy(Protocol):
    """One plan file's lines at one site. NotFound where the site has no place for them.

    Two processes may write the same lines at the same time: a line that is there twice counts once.
    """

    def last(self) -> Line | None:
        """The newest line there, None if there is none."""
        ...

    def write(self, lines: Sequence[Line]) -> None:
        """Add these lines; returns when all replicas in sync have them. Some may be there if it raises."""
        ...

    def lines(self) -> tuple[Line, ...]:
        """All lines in order, each once. JournalBroken if two that differ have the same number."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
