"""Hold what the checker found: classes of records, and what each group did with them."""

from dataclasses import dataclass

EXAMPLES = 20
"""Records that a class names: enough to look one up by hand, and no page of them where a whole partition is lost."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Count the records of a class; ``examples`` are the first few by name."""

    count: int = 0
    examples: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass(frozen=True, slots=True)
class RecordFindings:
    """Hold what became of the records.

    What a fresh reader found and what was salvaged from a lost site's tail are one set here: *there* is either of them.
    ``lost``: acknowledged and not there. ``duplicated``: there more than once. ``reordered``: behind a later one of its
    stream. ``corrupt``: key, value or number changed. ``phantom``: never sent in this run. ``misrouted``: in another
    partition than sent to. ``aborted_read``: of an aborted transaction, yet there. ``inconsistent_offsets``: offsets of
    one site's log at which clients and readers were told two records or more (Jepsen's ``inconsistent-offsets``).
    ``precommitted_read``: given to a reader of committed records before the transaction that had sent it was committed
    (Jepsen's ``precommitted-read``; told by the client whose own transaction it was). Not faults: ``recovered``
    (doubtful, and there), ``superseded`` (compacted away behind a newer one of its key), ``stranded`` (acknowledged,
    and nowhere but in the salvaged tail), and ``expired`` (acknowledged and not there, the log begins above its place,
    and retention may have taken it, by :mod:`drctl.ledger.retention`): not lost, and not proved either. ``deleted`` is
    as ``expired``, where retention cannot have taken it: a fault.
    """

    acknowledged: int
    seen: int
    lost: Examples
    duplicated: Examples
    reordered: Examples
    corrupt: Examples
    phantom: Examples
    misrouted: Examples
    aborted_read: Examples
    recovered: Examples
    superseded: int
    stranded: Examples = Examples()
    inconsistent_offsets: Examples = Examples()
    precommitted_read: Examples = Examples()
    expired: Examples = Examples()
    deleted: Examples = Examples()

    @property
    def faults(self) -> dict[str, Examples]:
        """The classes that are faults, by name, with what is in them."""
        names = (
            "lost", "duplicated", "reordered", "corrupt", "phantom", "misrouted", "aborted_read",
            "inconsistent_offsets", "precommitted_read", "deleted",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class GroupFindings:
    """Hold what a group did with the records of ``topics``, which it was said to read; None if nobody said which.

    A record that is only in a lost site's tail is not there for a group: it may have read it, and need not.
    ``skipped``: there and never processed, though it went on behind them. ``repeated``: processed again. ``phantom``:
    processed, and never sent in this run or of an aborted transaction. ``unread``: there, and beyond the last that it
    processed of that stream, so it did not reach the end. What is superseded counts where it was there for every group;
    what has expired never does, since it may have gone before the group came.
    """

    name: str
    processed: int
    skipped: Examples
    repeated: Examples
    phantom: Examples = Examples()
    unread: Examples = Examples()
    topics: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """Hold all that the checker found; ``unattended`` topics have acknowledged records and no group that reads them.

    ``undecided``: of which logs nobody can say what of the expired records retention has not taken, and why.
    """

    records: RecordFindings
    groups: tuple[GroupFindings, ...]
    unattended: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether there is no fault at all; what a group has yet to read is none."""
        faulty = any(group.skipped or group.repeated or group.phantom for group in self.groups)
        return not faulty and not any(self.records.faults.values())
