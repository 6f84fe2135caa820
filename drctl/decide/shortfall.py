"""Whether a site that came back holds less than it had: a lost disk, an older snapshot, a topic or cluster recreated.

Held against what was recorded of it, partition by partition; the first line that fits counts:

| found                                               | what it says of the topic | link home            |
| --------------------------------------------------- | ------------------------- | -------------------- |
| no such partition                                   | MISSING                   | only as a full copy  |
| another topic id than was recorded                  | MADE_ANEW                 | only as a full copy  |
| the log ends before the frontier                    | SHORTER                   | only as a full copy  |
| the last record that was copied is not in the log   | OTHER_RECORDS             | only as a full copy  |
| the log ends before where it was last seen to end   | TAIL_CUT                  | from the exact point |

Example: north had 900 records, 800 of them copied, and was last seen ending at 890. It comes back ending at 850: the
copied ones are all there, so the link home may begin at the handover point, but 40 records of the tail are gone. Had it
come back ending at 790, the link home would leave out the ten that only south has: a hole that nobody would notice.

Invariant: ``link home from the handover point  =>  every copied record is in the returned log``

A cluster that was reformatted has other topic ids, and an older snapshot has other records or none at the frontier.
Leader epochs are not compared: they belong to one log, and the copy, which is the witness here, has its own.
"""

from dataclasses import dataclass
from enum import StrEnum

from drctl.model.offsets import LogBounds, TopicPartition


class ShortfallKind(StrEnum):
    """Name what a returned site lacks of a topic."""

    MISSING = "missing"
    MADE_ANEW = "made-anew"
    SHORTER = "shorter"
    OTHER_RECORDS = "other-records"
    TAIL_CUT = "tail-cut"


@dataclass(frozen=True, slots=True)
class Expected:
    """Hold what was recorded of a partition: its topic's id, empty if nobody noted it; the link's frontier; and the
    last stable offset when the site was last seen, 0 if nobody saw it.
    """

    topic_id: str
    frontier: int
    seen: int


@dataclass(frozen=True, slots=True)
class Found:
    """Hold what the returned site tells of it. ``holds_copied`` is False only if the last record that the other has of
    it was looked for and is not there.
    """

    topic_id: str
    bounds: LogBounds
    holds_copied: bool = True


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One partition that holds less than it had; ``offsets`` that are missing at its end, as far as anybody knows."""

    partition: TopicPartition
    kind: ShortfallKind
    detail: str
    offsets: int = 0

    @property
    def breaks_log(self) -> bool:
        """Whether the log is no longer the one that was copied, so that only a full copy makes it whole."""
        return self.kind is not ShortfallKind.TAIL_CUT


def shortfall(partition: TopicPartition, expected: Expected, found: Found | None) -> Shortfall | None:
    """Return what the partition lacks of what was recorded; None if it has everything."""
    had = max(expected.frontier, expected.seen)
    if found is None:
        return Shortfall(partition, ShortfallKind.MISSING, f"{partition} is not there", had)
    end = found.bounds.high
    if expected.topic_id and found.topic_id != expected.topic_id:
        told = f"{partition} is of another topic: its id was {expected.topic_id} and is {found.topic_id}"
        return Shortfall(partition, ShortfallKind.MADE_ANEW, told, had)
    # What was copied is missing here, so the copy knows more than the original: a link home from the
    # handover point would leave a hole.
    if end < expected.frontier:
        told = f"{partition} ends at {end}, and everything below {expected.frontier} had been copied from it"
        return Shortfall(partition, ShortfallKind.SHORTER, told, had - end)
    if not found.holds_copied:
        told = f"{partition} has other records than those that were copied from it"
        return Shortfall(partition, ShortfallKind.OTHER_RECORDS, told)
    if end < expected.seen:
        told = f"{partition} ends at {end}, and ended at {expected.seen} when it was last seen"
        return Shortfall(partition, ShortfallKind.TAIL_CUT, told, expected.seen - end)
    return None
