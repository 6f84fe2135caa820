"""Mutual exclusion between drctl processes working on the same plan file."""

from typing import Protocol


class Lease(Protocol):
    """Held by at most one process; gone when its process is gone."""

    def acquire(self, holder: str) -> None:
        """Take it for ``holder`` (a line for people: run, host, pid). Locked names the present holder."""
        ...

    def held(self) -> bool:
        """Whether we still hold it, asked of the store, not of memory."""
        ...

    def holder(self) -> str:
        """Who holds it now, in the words it was taken with; empty if nobody does. Hinders nobody."""
        ...

    def release(self) -> None:
        """Give it back; no error if it is not held."""
        ...
