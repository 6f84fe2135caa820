"""A position at one site and what it is at the other."""

from dataclasses import dataclass
from enum import StrEnum

from drctl.model.offsets import TopicPartition


class Proof(StrEnum):
    """How a translated position is known to be right."""

    COUNTED = "counted from a sync; every record in between is equal on both sites"
    COUNTED_BACK = "counted back from a later sync; every record in between is equal on both sites"
    IDENTIFIED = "the records on both sides of the position are the same on both sites"
    AT_END = "everything before the position is at the other site and nothing after it exists"
    EMPTY = "the partition holds no record on either site"


class UnprovenReason(StrEnum):
    """Why a position could not be proven, worded for the operator."""

    NO_SYNC = "MirrorMaker 2 left no offset sync for this partition that is still in both logs"
    BEFORE_LOG_START = "the position is below the source's log start: the group would be reset there, too"
    BEYOND_LOG_END = "the position is beyond the source's log end: the topic was recreated or truncated"
    NOT_COPIED = "the records before the position have not all reached the target yet"
    COPY_UNCERTAIN = "no offset sync is usable and the source holds records that are not at the target"
    DIFFERENT_RECORDS = "the records around the position differ between the sites"
    GONE_AT_TARGET = "records the group has still to read are no longer at the target, or were never copied there"
    COMPACTED_APART = "compaction left different records around the position on the two sites"
    READS_STRANDED_TAIL = "the group would come to records there that were stranded by a failover and are not here"
    UNREADABLE_RECORD = (
        "a record around the position has a header name that is not UTF-8: MirrorMaker 2 rewrites it, and nobody can "
        "compare it"
    )
    UNDECIDED = "a transaction in which the group commits is open, so its position is not decided"
    NO_PARTITION = "the partition does not exist at the target"
    STALE_AT_TARGET = "the group has a position here only at the target, left from earlier: delete it there first"


@dataclass(frozen=True, slots=True)
class Exact:
    """A proven position: ``offset`` at the target reads on exactly where ``position`` would at the source."""

    partition: TopicPartition
    position: int
    offset: int
    proof: Proof
    compared: int
    """How many pairs of records were compared, and equal, in the aligned span of the logs that proves it."""


@dataclass(frozen=True, slots=True)
class Unproven:
    """A position that could not be proven; ``conservative`` is an earlier one that is certain to skip nothing.

    ``repeats`` is how many records at most would be read again from ``conservative``; both are None where not even that
    is known. Of an UNDECIDED one ``position`` is -1: nobody knows it. ``unsettled``: it was judged behind the newest
    offset sync, and the next one, the copy or the end of a transaction may prove it yet.
    """

    partition: TopicPartition
    position: int
    why: UnprovenReason
    detail: str = ""
    conservative: int | None = None
    repeats: int | None = None
    unsettled: bool = False

    @property
    def waits_for_copy(self) -> bool:
        """Whether records of the source are missing at the target, so that waiting for the link may be enough."""
        return self.why in (UnprovenReason.NOT_COPIED, UnprovenReason.COPY_UNCERTAIN)


type Translation = Exact | Unproven
