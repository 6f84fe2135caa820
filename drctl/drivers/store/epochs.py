"""The epoch of one plan file, in its SQLite file."""

from pathlib import Path

from drctl.drivers.store.database import transaction
from drctl.errors import Superseded


class SqliteEpochs:
    """Implements :class:`drctl.ports.Epochs`."""

    def __init__(self, path: Path, plan: str) -> None:
        self.path = path
        self.plan = plan

    def current(self) -> int:
        with transaction(self.path) as database:
            row = database.execute("SELECT epoch FROM epoch WHERE plan = ?", (self.plan,)).fetchone()
        return int(row[0]) if row else 0

    def raise_to(self, epoch: int, *, expected: int) -> None:
        with transaction(self.path) as database:
            row = database.execute("SELECT epoch FROM epoch WHERE plan = ?", (self.plan,)).fetchone()
            present = int(row[0]) if row else 0
            if present != expected or epoch <= present:
                raise Superseded(
                    f"the epoch of {self.plan} is {present}, not {expected}: someone newer has decided",
                    remedy="look at 'drctl status' before deciding anew",
                )
            database.execute("INSERT OR REPLACE INTO epoch VALUES (?, ?)", (self.plan, epoch))
