"""Hold what a checker is given of a partition at once, and what it keeps of one."""

from collections.abc import Sequence
from dataclasses import dataclass

from drctl.model.offsets import TopicPartition


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Hold committed records of one partition in log order, column by column; all columns are of one length.

    ``numbers`` are the values of the header that carries the ledger's numbers, None where a record has none.
    ``following``: the offset to read on from. It lies behind the last record, and behind what no reader is given, as
    transaction markers; so a batch may have no record, and say only that.
    """

    partition: TopicPartition
    following: int
    offsets: Sequence[int] = ()
    numbers: Sequence[bytes | None] = ()
    keys: Sequence[bytes | None] = ()
    values: Sequence[bytes | None] = ()


@dataclass(frozen=True, slots=True)
class CheckedPartition:
    """Hold how far a partition was checked and what the checker held there: one is of no use without the other.

    ``position``: the offset to read on from. ``end``: where the check ends, as it was when the partition's check began.
    ``run`` and ``site``: whose records are checked, and where. ``state``: as the checker stores it. ``complete``: the
    end was reached, and where the log begins was asked after that.
    """

    run: str
    site: str
    position: int
    end: int
    complete: bool
    state: bytes
