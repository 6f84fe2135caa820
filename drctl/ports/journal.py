"""The journal: what was intended before an effect and observed after it."""

from collections.abc import Sequence
from typing import Protocol

from drctl.model.chain import Line
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState


class Journal(Protocol):
    """Append only and hash-chained; an entry that was returned survives the process and a power cut."""

    def begin(self, run: Run, started: Evidence | None = None) -> None:
        """Record a new run as RUNNING and, in the same step, what it says at its start, as its first entry.

        Conflict if the id exists; Refused if the journal holds runs of another plan file.
        """
        ...

    def append(self, run: str, event: Event, step: str = "", body: Evidence | None = None) -> JournalEntry:
        """Add an entry. JournalBroken if it cannot be written: then the effect must not be done.

        Locked if we began or continued that run and another process has written to it since; to write RUN_RESUMED is to
        continue it. That holds between processes, so the fake, which all of them share, does not know it.
        """
        ...

    def end(self, run: str, state: RunState) -> None:
        """Set how the run ended."""
        ...

    def runs(self) -> tuple[tuple[Run, RunState], ...]:
        """All runs, oldest first."""
        ...

    def entries(self, run: str) -> tuple[JournalEntry, ...]:
        """A run's entries in order, the chain verified: JournalBroken names the first entry that was altered.

        Entries cut off at the end are noticed, too: the journal knows its head.
        """
        ...

    def lines(self, after: int = 0) -> tuple[Line, ...]:
        """Every change beyond the line of that number, in order, for a copy. JournalBroken as for :meth:`entries`."""
        ...


class JournalFile(Journal, Protocol):
    """The journal that is the truth: what copies are made of, and what a copy can bring back."""

    def complete(self, lines: Sequence[Line]) -> int:
        """Take over what a copy holds beyond our own lines, all or nothing; returns how many lines that were.

        Conflict, and nothing changed, if ours holds more than the copy or differs from it. JournalBroken if the copy
        is not whole.
        """
        ...
