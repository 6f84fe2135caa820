"""Tell what of two logs can be compared: not records without a timestamp, nor those that nobody can read whole.

MirrorMaker 2 copies a record without a timestamp (-1) as one that has none, and its producer then stamps the copy. So
where either side has none, time tells nothing about the record, and it is compared by key, value and headers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from drctl.model.offsets import RecordId
from drctl.model.translation import Translation, Unproven, UnprovenReason

OF_CONTENT = (UnprovenReason.DIFFERENT_RECORDS, UnprovenReason.COMPACTED_APART)
"""Refusals that come of comparing records."""

type Records = Sequence[RecordId]


def comparable(source: Records, target: Records) -> tuple[Records, Records]:
    """Return both sides' records; of those that lack a timestamp on either side the digest leaves it out on both."""
    # By content, not by place: which record is whose image is not known yet. A timed record with the same
    # key, value and headers loses its timestamp here as well, which makes two records equal that differ in
    # time only. Accepted: both are read, and neither is skipped.
    untimed = {record.bare for record in (*source, *target) if record.bare and record.milliseconds is None}
    if not untimed:
        return source, target
    return tuple(_without_time(source, untimed)), tuple(_without_time(target, untimed))


def _without_time(records: Records, untimed: set[bytes]) -> Iterator[RecordId]:
    return (replace(record, digest=record.bare) if record.bare in untimed else record for record in records)


def explained(answers: Mapping[int, Translation], source: Records, target: Records) -> dict[int, Translation]:
    """Return the answers; what was refused because a record could not be read says so, and which one it is."""
    faults = [(where, record) for where, records in (("source", source), ("target", target)) for record in records]
    faults = [(where, record) for where, record in faults if record.fault]
    return {position: _explained(answer, faults) for position, answer in answers.items()}


def _explained(answer: Translation, faults: Iterable[tuple[str, RecordId]]) -> Translation:
    if not isinstance(answer, Unproven) or answer.why not in OF_CONTENT:
        return answer
    # The nearest one, as a hint where to look. Offsets of the two sites are not comparable, so on a target
    # far ahead of its source it may name a fault of the wrong site; the reason itself is right.
    near = min(faults, key=lambda fault: abs(fault[1].offset - answer.position), default=None)
    if near is None:
        return answer
    where, record = near
    return replace(answer, why=UnprovenReason.UNREADABLE_RECORD, detail=f"offset {record.offset} at the {where}")
