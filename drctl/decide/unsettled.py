"""Refusals that time may end: what lies behind the newest offset sync is judged by less than what lies between two.

| refused | behind the newest sync because of | ends with |
|---|---|---|
| NO_SYNC | there is none | the next sync |
| COMPACTED_APART | records that no sync pairs | the next sync |
| DIFFERENT_RECORDS, no sync at all | records that repeat | the first sync |
| DIFFERENT_RECORDS, a transaction is open at the source | a link that does not read committed records only | its end |

A position at the newest sync's own record counts as behind it, since it is judged by what lies there: with the sync
(1, 1), a transaction that is open from 2 on, and a copy of it at 2 of the target, positions 1 and 2 both wait for its
end, and 0 is proven. As a formula: position >= newest sync's upstream.
"""

from collections.abc import Mapping
from dataclasses import replace

from drctl.model.offsets import LogBounds, OffsetSync
from drctl.model.translation import Translation, Unproven, UnprovenReason


def marked(answers: Mapping[int, Translation], source: LogBounds, newest: OffsetSync | None) -> dict[int, Translation]:
    """Return the answers, by position; refusals that time may end are marked."""
    return {position: _marked(answer, source, newest) for position, answer in answers.items()}


def _marked(answer: Translation, source: LogBounds, newest: OffsetSync | None) -> Translation:
    if not isinstance(answer, Unproven) or (newest is not None and answer.position < newest.upstream):
        return answer
    in_transaction = source.stable < source.high
    # Different records behind a sync that holds stay different: only where there is none, or where an open
    # transaction was copied, may the next sync tell otherwise.
    differs = answer.why is UnprovenReason.DIFFERENT_RECORDS and (newest is None or in_transaction)
    return replace(answer, unsettled=True) if differs or answer.why is UnprovenReason.COMPACTED_APART else answer
