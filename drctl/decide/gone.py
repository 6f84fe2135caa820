"""Find what one log holds and the other no longer does, where both hold copies of the same records in one order."""

from collections import deque
from collections.abc import Collection, Iterable, Sequence

from drctl.model.offsets import RecordId

ENOUGH = 20
"""So many equal records in a row are the same place: a single one may have been written twice."""


def in_front(records: Iterable[RecordId], head: Sequence[RecordId]) -> int | None:
    """How many records come before ``head``, the other log's first ones, in a row; None if it is nowhere."""
    wanted = tuple(r.digest for r in head)
    if not wanted:
        return None
    last: deque[bytes] = deque(maxlen=len(wanted))
    for number, record in enumerate(records, 1):
        last.append(record.digest)
        if record.digest == wanted[-1] and tuple(last) == wanted:
            return number - len(wanted)
    return None


def not_among(records: Iterable[RecordId], others: Collection[bytes]) -> int:
    """How many records have none of these digests."""
    return sum(record.digest not in others for record in records)
