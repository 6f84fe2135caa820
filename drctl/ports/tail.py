"""Every commit of every group of one site, as it happens."""

from typing import Protocol

from drctl.model.changes import TailBatch


class Tail(Protocol):
    """The changes of a site's groups, from the oldest that is still known on."""

    def poll(self, seconds: float) -> TailBatch:
        """All changes at hand, at most some thousands; waits for the first one no longer than ``seconds``.

        What a transaction commits comes once it is decided. Forbidden where drctl may not read the changes: then
        positions can only be listed.
        """
        ...

    def catch_up(self, seconds: float) -> TailBatch:
        """All changes up to what was written when this was called, however many.

        ``behind`` is 0 only if really all of it was told; what a transaction has not decided yet keeps it from being
        so. Not 0 if that took longer than ``seconds``: then all the same what came so far.
        """
        ...

    def from_now(self) -> "Tail":
        """Another tail, of what is written from now on; the caller closes it.

        Positions that are asked for afterwards with pending ones waited for, and then what it tells: together that is
        all. Forbidden where drctl may not read the changes, NotFound where no group has ever committed.
        """
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
