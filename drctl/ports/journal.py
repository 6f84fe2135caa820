"""The journal: what was intended before an effect and observed after it."""

from typing import Protocol

from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState


class Journal(Protocol):
    """Append only and hash-chained; an entry that was returned survives the process and a power cut."""

    def begin(self, run: Run) -> None:
        """Record a new run as RUNNING. Conflict if the id exists."""
        ...

    def append(self, run: str, event: Event, step: str = "", body: Evidence | None = None) -> JournalEntry:
        """Add an entry. JournalBroken if it cannot be written: then the effect must not be done."""
        ...

    def end(self, run: str, state: RunState) -> None:
        """Set how the run ended."""
        ...

    def runs(self) -> tuple[tuple[Run, RunState], ...]:
        """All runs, oldest first."""
        ...

    def entries(self, run: str) -> tuple[JournalEntry, ...]:
        """A run's entries in order, the chain verified: JournalBroken names the first entry that was altered."""
        ...
