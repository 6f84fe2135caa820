"""Overlap: records beyond a frontier that are at the target all the same: a link notes late what it has copied."""

from collections.abc import Sequence

from drctl.decide.comparable import comparable
from drctl.model.offsets import RecordId


def copied_beyond(before: Sequence[RecordId], beyond: Sequence[RecordId], arrived: Sequence[RecordId]) -> int:
    """How many records of ``beyond`` are proven to be the last ones that arrived.

    ``before`` and ``beyond`` are the source's committed records around the frontier, ``arrived`` the target's last ones
    before anybody else could write there, all in order. Records are copied in order, so the target ends with some of
    ``before`` followed by the first of ``beyond``. Where records repeat and several counts are possible the smallest is
    taken: what may be missing at the target is never left out.
    """
    own, others = comparable((*before, *beyond), arrived)
    here, there = [record.digest for record in own], [record.digest for record in others]
    # From the smallest count on: the first that fits is taken. Equal records in a row leave several counts
    # possible, and a larger one would leave records out of the salvage that exist nowhere else.
    for count in range(len(beyond) + 1):
        end = len(before) + count
        compared = min(end, len(there))
        if compared and here[end - 1] == there[-1] and here[end - compared : end] == there[len(there) - compared :]:
            return count
    return 0
