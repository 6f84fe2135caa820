"""Keep what group-offset sync last told of itself, beside the journal."""

from typing import Protocol

from drctl.model.sync_report import SyncReport


class SyncReports(Protocol):
    """Kept where drctl keeps its state; survives the process. JournalBroken where it cannot be read or written."""

    def note(self, report: SyncReport) -> None:
        """Keep it in place of the one before about the same target."""
        ...

    def last(self, target: str) -> SyncReport | None:
        """The newest report about that standby, None if there was none."""
        ...
