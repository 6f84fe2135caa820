"""Records of a compacted topic that the target lacks: taken by compaction there, or never copied.

Compaction takes a record only for a later one of its key. The link copies in order, so that later one came from the
source, and the source still holds it, or one that is later still: there, too, the older of two goes first.

| between two syncs that hold, only the source has | it was |
| --- | --- |
| a record, and later one of its key | compacted away at the target, or superseded: its reader ends with the later one |
| the newest record of its key | never copied, since nothing can have taken its image |
| the newest record of its key, a tombstone | compacted away: the cleaner takes these by their age |
| a record, and the log goes on for more than FARTHEST_KEY offsets without its key | taken for compacted away |

Example, a letter a key: source ``A1 B1 C1 D1 B2``, target ``A1 . . D1 B2``, the syncs (0, 0) and (3, 3) hold. B1 was
compacted away for B2; C1 has no later one, so it was never copied.

The other way about nothing is to be won. What only the target holds was compacted away at the source, and its key does
not tell where it was: if the source held an older or newer record of that key in the same span, then that one is in a
pair, and its place in front of or behind it is known from there.
"""

from drctl.decide.alignment import AlignedSpan
from drctl.decide.verification import Verified
from drctl.decide.windows import Asking, Logs, Window, asked
from drctl.model.offsets import RecordId

FIRST_LOOK = 1_000
"""Offsets that are read first: near the log's end, where positions most often are, that is all."""
FARTHEST_KEY = 10_000
"""Offsets that are read at most, some 10 ms. Without a bound a key that is seldom written would cost the whole log."""


def never_copied(logs: Logs, read: Verified, here: AlignedSpan, lowest: int) -> Asking[tuple[int, ...]]:
    """Find the records of this span from ``lowest`` on that were never copied, by their offsets at the source."""
    if not (logs.compacted and here.closed):
        return ()
    unpaired = {offset for offset in here.source if offset >= lowest} - {pair.upstream for pair in here.pairs}
    if not unpaired:
        return ()
    newest = {record.key: record for record in read.source}
    left = {key: record for key, record in newest.items() if _is_judged(record) and record.offset in unpaired}
    begin = read.window.source[1]
    for size in (FIRST_LOOK, FARTHEST_KEY):
        stop = min(read.window.source[1] + size, logs.source.stable)
        if left and begin < stop:
            later, _ = yield from asked(logs, Window((begin, stop), (logs.target.stable, logs.target.stable)))
            again = {record.key for record in later}
            left = {key: record for key, record in left.items() if key not in again}
            begin = stop
    return tuple(sorted(record.offset for record in left.values())) if begin >= logs.source.stable else ()


def _is_judged(record: RecordId) -> bool:
    # One that nobody can read whole equals no other, its own image neither: that it is in no pair tells nothing.
    # A tombstone goes by its age, with no later one.
    return bool(record.key) and not record.fault and not record.tombstone
