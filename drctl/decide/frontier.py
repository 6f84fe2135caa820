"""The frontier is not believed: what Connect says was copied, held against both logs.

Connect's stored offset survives what it tells of. A target topic that was recreated, a source that was restored from a
backup and a connector whose offsets were set by hand leave it as it was, and then it claims records that the target
never got. So a claim counts only if the logs bear it out, per partition:

| the source's log | the frontier | the target's log | verdict |
| --- | --- | --- | --- |
| holds no record | at most its end | whatever | nothing is claimed |
| holds records | none | whatever | the link does not copy them |
| whatever | beyond the source's end | whatever | impossible |
| holds records below the frontier | known | no offset sync is usable | not proven, unless both are whole and equal |
| holds n records from the newest sync to the frontier | known | fewer than n from its image on | not proven |
| holds n records before the oldest sync | known | begins at 0, fewer than n offsets before its image | not proven |

Example: 200 records copied, the target's topic deleted and recreated. The frontier says 200, and no offset sync has an
image in a log that ends at 0: not proven. As a formula, for the newest usable sync (u, d): records in [u, frontier) at
the source <= records in [d, end) at the target, and the records at u and d are equal. Compaction takes records from
either side in its own time, so in a compacted topic only these two are compared, where both are left.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from drctl.decide import stranded
from drctl.decide.comparable import comparable
from drctl.decide.offset_syncs import usable
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, Span, TopicPartition

COUNTED_UP_TO = 10_000
"""Records before the oldest sync that are counted, and offsets of logs that are compared as a whole.

A log that was recreated has its first sync at its beginning.
"""
FARTHEST = 1_000_000
"""Offsets from the newest sync to the frontier that are still read: that takes seconds. MirrorMaker 2 writes a sync
every 101 records, so more than that means that it writes none."""

type Records = Sequence[RecordId]
type Spans = Mapping[TopicPartition, tuple[int, int]]
type Following = Callable[[TopicPartition, int, int], Records]
"""Reads the source's data records from an offset on, at most so many."""
type Found = Mapping[TopicPartition, Records]
type Read = Callable[[Spans, Spans], tuple[Found, Found]]
"""Reads the data records of these offsets, stops excluded, at the source and at the target, under the source's names of
partitions."""


class Doubt(Enum):
    """Why a frontier is not believed."""

    NOT_COPIED = auto()
    BEYOND_SOURCE = auto()
    UNPROVEN = auto()


@dataclass(frozen=True, slots=True)
class FrontierClaim:
    """Hold what is known of one partition before records are read.

    ``frontier`` is None where Connect has no offset. It was read before the target's bounds, these before the
    ``written`` syncs and these before the source's bounds. ``compacted``: on either site.
    """

    partition: TopicPartition
    frontier: int | None
    source: LogBounds
    target: LogBounds
    written: tuple[OffsetSync, ...]
    compacted: bool = False
    stranded_here: tuple[Span, ...] = ()
    stranded_there: tuple[Span, ...] = ()

    @property
    def claimed(self) -> int:
        """The source's offset below which all is said to be copied; 0 where nothing is."""
        return 0 if self.frontier is None else self.frontier

    def syncs(self) -> tuple[OffsetSync, ...]:
        """The syncs whose records can be in both logs: those below the frontier, or if there is none the next one."""
        noted = usable(self.written, self.source, self.target)
        trusted = stranded.outside(noted, self.stranded_here, self.stranded_there)
        return tuple(each for each in trusted if each.upstream < self.claimed) or trusted[:1]

    def unpaired(self) -> tuple[int, int]:
        """The source's offsets, stop excluded, that were copied and lie behind the newest sync; often there are none.

        A sync is written of copied records only. So once the link has copied everything, and these offsets hold no
        record, no further sync comes: every position that a sync can prove is provable now.
        """
        stop = min(self.claimed, self.source.stable)
        behind = (each.upstream + 1 for each in self.syncs() if each.upstream < stop)
        return max([self.source.start, *behind]), stop

    def whole(self) -> bool:
        """Whether nothing was deleted from either log, so that they can be compared from their beginning."""
        # A young topic may have no sync that lies in both logs. If nothing was deleted from either, both
        # are read whole and compared instead; ten thousand records take well under a second.
        small = 0 < self.claimed <= COUNTED_UP_TO and not self.compacted
        return small and self.source.start == self.target.start == 0


@dataclass(frozen=True, slots=True)
class Doubted:
    """One frontier that is not believed, and what was found."""

    partition: TopicPartition
    why: Doubt
    detail: str


def doubts(claims: Sequence[FrontierClaim], following: Following, read: Read) -> Iterator[Doubted]:
    """Name every partition whose frontier the logs do not bear out; records are read once for all of them."""
    asked: list[tuple[FrontierClaim, OffsetSync | None]] = []
    for claim in claims:
        syncs = claim.syncs()
        if found := _impossible(claim, syncs, following):
            yield found
        elif syncs or claim.whole():
            asked.append((claim, syncs[-1] if syncs else None))
    if not asked:
        return
    here, there = read(
        {claim.partition: _span_here(claim, newest) for claim, newest in asked},
        {claim.partition: _span_there(claim, newest) for claim, newest in asked},
    )
    for claim, newest in asked:
        if why := _difference(claim, newest, here[claim.partition], there[claim.partition]):
            yield Doubted(claim.partition, Doubt.UNPROVEN, why)


def _impossible(claim: FrontierClaim, syncs: Sequence[OffsetSync], following: Following) -> Doubted | None:
    """Return what is wrong with the claim before both logs' records are compared."""
    partition, here, frontier = claim.partition, claim.source, claim.frontier

    def holds(stop: int) -> bool:
        return any(r.offset < stop for r in following(partition, here.start, 1)) if here.start < stop else False

    if frontier is None:
        held = holds(here.stable)
        return Doubted(partition, Doubt.NOT_COPIED, "it holds records, and none was ever copied") if held else None
    # Connect kept the offset while the source lost its log. Until the log has grown past it MirrorMaker 2
    # waits, and everything written in between is never copied.
    if frontier > here.high:
        told = f"copied up to {frontier}, and the source's log ends at {here.high}"
        return Doubted(partition, Doubt.BEYOND_SOURCE, told)
    told = f"said to be copied up to {frontier}"
    if not syncs and not claim.whole():
        empty = ", and the target's log is empty" if claim.target.start >= claim.target.stable else ""
        told = f"{told}{empty}; no offset sync of it is in both logs"
        return Doubted(partition, Doubt.UNPROVEN, told) if holds(min(frontier, here.stable)) else None
    # Not compared because it would take minutes, hence not believed. A link that copies and writes no sync
    # is broken in a way that would make every translation fail later.
    if syncs and frontier - syncs[-1].upstream > FARTHEST:
        told = f"{told}; its newest offset sync is {frontier - syncs[-1].upstream} offsets older"
        return Doubted(partition, Doubt.UNPROVEN, told)
    oldest = syncs[0] if syncs else None
    if oldest and claim.target.start == 0 and oldest.downstream < min(oldest.upstream - here.start, COUNTED_UP_TO):
        # One record more than would fit: that is enough to refute the claim, however many records the
        # source holds.
        first = stranded.without(following(partition, here.start, oldest.downstream + 1), claim.stranded_here)
        if sum(r.offset < oldest.upstream for r in first) > oldest.downstream:
            told = (
                f"the record at {oldest.upstream} is at {oldest.downstream} of the target, where fewer offsets lie"
                " before it than the source holds records"
            )
            return Doubted(partition, Doubt.UNPROVEN, told)
    return None


def _span_here(claim: FrontierClaim, newest: OffsetSync | None) -> tuple[int, int]:
    copied = min(claim.claimed, claim.source.stable)
    if newest is None:
        return 0, copied
    behind = newest.upstream + 1
    return newest.upstream, behind if claim.compacted else max(behind, copied)


def _span_there(claim: FrontierClaim, newest: OffsetSync | None) -> tuple[int, int]:
    begin = newest.downstream if newest else 0
    return begin, begin + 1 if claim.compacted else claim.target.stable


def _same(source: RecordId, target: RecordId) -> bool:
    """Whether they are equal, as far as they can be compared: of one that nobody can read whole only its place is."""
    # A record that cannot be read whole does not refute the frontier: it was copied as bytes. Translation
    # refuses positions at it by itself.
    return bool(source.fault or target.fault) or source.digest == target.digest


def _difference(claim: FrontierClaim, newest: OffsetSync | None, source: Records, target: Records) -> str:
    """Why the records refute the claim, empty if they do not."""
    here, there = comparable(
        stranded.without(source, claim.stranded_here), stranded.without(target, claim.stranded_there)
    )
    said = f"said to be copied up to {claim.frontier}"
    if newest is None:
        if len(here) <= len(there) and all(map(_same, here, there)):
            return ""
        found = "the target's log differs" if there else "the target's log is empty"
        return f"{said}, and {found}; no offset sync of it is in both logs"
    first = next((r for r in here if r.offset == newest.upstream), None)
    image = next((r for r in there if r.offset == newest.downstream), None)
    missing = first is None or image is None
    if (missing and not claim.compacted) or (first and image and not _same(first, image)):
        return f"its newest offset sync, {newest.upstream} to {newest.downstream}, does not hold"
    if not claim.compacted and len(there) < len(here):
        return (
            f"{said}: from offset {newest.upstream} on that are {len(here)} records, and the target holds"
            f" {len(there)} from their image on"
        )
    return ""
