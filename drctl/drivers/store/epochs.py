"""The epoch of one plan file, in its SQLite file."""

import sqlite3
from pathlib import Path

from drctl.drivers.store import lines
from drctl.drivers.store.database import broken, transaction
from drctl.errors import Superseded
from drctl.model.chain import Change


class SqliteEpochs:
    """Implements :class:`drctl.ports.Epochs`."""

    def __init__(self, path: Path, plan: str) -> None:
        self.path = path
        self.plan = plan

    def current(self) -> int:
        with transaction(self.path) as database:
            return self._present(database)

    def raise_to(self, epoch: int, *, expected: int) -> None:
        with transaction(self.path) as database:
            present = self._present(database)
            # Compared and raised in one transaction: of two who have read the same epoch the second one is
            # told so, where each would else believe that the higher epoch is its own.
            if present != expected or epoch <= present:
                raise Superseded(
                    f"the epoch of {self.plan} is {present}, not {expected}: someone newer has decided",
                    remedy="look at 'drctl status' before deciding again",
                )
            database.execute("INSERT OR REPLACE INTO epoch VALUES (?, ?)", (self.plan, epoch))
            # In the journal's chain, too, and so in its copies: a register that is set back by hand, or with
            # an older file, is found by what the journal says.
            lines.add(database, Change.EPOCH_RAISED, self.plan, str(epoch))

    def _present(self, database: sqlite3.Connection) -> int:
        """The epoch, as the register and the journal tell it alike."""
        try:
            lines.head(database)
        except lines.ChainBrokenError as error:
            raise broken(self.path, error) from error
        row = database.execute("SELECT epoch FROM epoch WHERE plan = ?", (self.plan,)).fetchone()
        told = database.execute(
            "SELECT content FROM line WHERE change = ? AND about = ? ORDER BY number DESC LIMIT 1",
            (Change.EPOCH_RAISED, self.plan),
        ).fetchone()
        if (str(row[0]) if row else None) != (told[0] if told else None):
            raise broken(self.path, f"the epoch of {self.plan} was altered")
        return int(row[0]) if row else 0
