"""Every commit of every group of one site, as it happens."""

from typing import Protocol

from drctl.model.changes import Tailed


class Tail(Protocol):
    """The changes of a site's groups, from the oldest that is still known on."""

    def poll(self, seconds: float) -> Tailed:
        """All changes at hand, at most some thousands; waits for the first one no longer than ``seconds``.

        What a transaction commits comes once it is decided. Forbidden where drctl may not read the changes: then
        positions can only be listed.
        """
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
