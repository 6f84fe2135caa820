"""Two logs compared record by record, in memory that does not grow with them.

MirrorMaker 2 copies in order, so from a place that is the same on both sites on, equal records follow each other in
step, whatever markers lie in between. Such a place is an offset sync of which both records were read and are equal, or
the beginning of both logs. From there the logs are read forward, piece by piece; below the oldest such place they are
read backward, until one of them begins. Where they fall out of step, the next thousand records of either side are laid
side by side, what differs is named, and it goes on behind the last ones that are equal.

| source | target | found |
| --- | --- | --- |
| a b c d | a b d | c is missing |
| a b c | a b b c | b is repeated |
| a b c | a X b c | X is extra |
| a b c d | a X c d | b is changed |
| a b c d | a c b d | b is moved |
| a b c d | a b | nothing: c and d wait to be copied |

Without compaction, a record with a copy behind it has one itself. With compaction one-sided records tell nothing, and
are counted apart. Where a link copies again, only what it had copied the first time is compared.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from difflib import Match, SequenceMatcher
from itertools import islice, takewhile

from drctl.decide.verification import claims
from drctl.decide.windows import Asking, Logs, Window, asked, at
from drctl.model.comparison import Comparison, Difference, Differing
from drctl.model.offsets import OffsetSync, RecordId
from drctl.model.verdict import Verdict

PIECE = 5_000
"""Offsets of either log that are read at once."""
AHEAD = 1_000
"""Records of either side that are laid side by side where they fall out of step."""
NAMED = 100
"""Differences of one partition that are named; all are counted."""
TRIED = 50
"""Syncs whose records are read at most to find one that holds."""


class _Side:
    """One log from ``start`` to ``stop`` in the order in which it is compared; ``records`` are those at hand."""

    def __init__(self, start: int, stop: int, *, backward: bool) -> None:
        self.start, self.stop, self.backward = start, stop, backward
        self.records: deque[RecordId] = deque()

    @property
    def read(self) -> bool:
        """Whether all of it was read."""
        return self.start >= self.stop

    @property
    def ready(self) -> bool:
        """Whether as much is at hand as is ever laid side by side."""
        return self.read or len(self.records) >= AHEAD

    def piece(self) -> tuple[int, int]:
        """Return what to read next; nothing if enough is at hand."""
        if self.ready:
            return self.start, self.start
        if self.backward:
            return max(self.start, self.stop - PIECE), self.stop
        return self.start, min(self.stop, self.start + PIECE)

    def take(self, piece: tuple[int, int], records: Sequence[RecordId]) -> None:
        self.records.extend(reversed(records) if self.backward else records)
        if self.backward and piece[0] < piece[1]:
            self.stop = piece[0]
        else:
            self.start = piece[1]

    def drop(self, count: int) -> None:
        for _ in range(count):
            self.records.popleft()

    def ahead(self) -> list[RecordId]:
        """Return what is laid side by side with the other log."""
        return list(islice(self.records, AHEAD))


@dataclass(slots=True)
class _Found:
    compacted: bool
    compared: int = 0
    differing: int = 0
    one_sided: int = 0
    differences: list[Differing] = field(default_factory=list)
    recent: deque[bytes] = field(default_factory=lambda: deque(maxlen=AHEAD))
    """Digests of the records that were found equal last."""

    def equal(self, records: Iterable[RecordId]) -> None:
        for record in records:
            self.compared += 1
            self.recent.append(record.digest)

    def differ(self, kind: Difference, source: RecordId | None, target: RecordId | None) -> None:
        # In a compacted topic a record on one side only is what the log cleaner does, not a difference. It
        # is counted, so that the report shows how much was not compared.
        if self.compacted:
            self.one_sided += (source is not None) + (target is not None)
            return
        self.differing += 1
        if len(self.differences) < NAMED:
            here, there = (None if record is None else record.offset for record in (source, target))
            self.differences.append(Differing(kind, here, there))


def comparison(logs: Logs, newest: int | None = None) -> Asking[Comparison]:
    """Compare; of the source only about the ``newest`` offsets, if that many are wanted."""
    known = yield from claims(logs)
    logs, found = known.logs, _Found(logs.compacted)
    lowest = logs.source.start if newest is None else max(logs.source.start, logs.source.stable - newest)
    # The oldest one of what is wanted, or else the newest one in front of it.
    first = bisect_left(known.syncs, lowest, key=lambda sync: sync.upstream)
    sync = yield from _holding_sync(logs, (*known.syncs[first:], *reversed(known.syncs[:first])))
    if sync is not None and sync.upstream < lowest:
        since = sync.upstream
    elif sync is not None:
        since = yield from _backward(logs, sync, lowest, found)
    elif logs.whole:
        sync = OffsetSync(logs.source.start, logs.target.start)
        since = sync.upstream
    else:
        why = "no offset sync near the end holds, and the logs do not begin together"
        return Comparison(logs.partition, unknown=why)
    waiting = yield from _forward(logs, sync, found)
    named = sorted(found.differences, key=lambda each: (each.source is None, each.source, each.target))
    return Comparison(logs.partition, since, found.compared, found.differing, tuple(named), waiting, found.one_sided)


def verdict(found: Collection[Comparison]) -> Verdict:
    """Return what all of it shows."""
    if any(each.differing for each in found):
        return Verdict.REFUTED
    if any(each.unknown for each in found):
        return Verdict.INCONCLUSIVE
    return Verdict.PROVED if any(each.compared for each in found) else Verdict.VACUOUS


def _holding_sync(logs: Logs, syncs: Sequence[OffsetSync]) -> Asking[OffsetSync | None]:
    """The first of these syncs that holds, of so many."""
    for sync in syncs[:TRIED]:
        window = Window((sync.upstream, sync.upstream + 1), (sync.downstream, sync.downstream + 1))
        source, target = yield from asked(logs, window)
        here, there = at(source, sync.upstream), at(target, sync.downstream)
        if here is not None and there is not None and here.digest == there.digest:
            return sync
    return None


def _forward(logs: Logs, sync: OffsetSync, found: _Found) -> Asking[int]:
    """From the sync to the ends; returns how many offsets of the source wait to be copied."""
    here = _Side(sync.upstream, logs.source.stable, backward=False)
    there = _Side(sync.downstream, logs.target.stable, backward=False)
    yield from _in_step(logs, here, there, found)
    yield from _only(logs, _Side(0, 0, backward=False), there, found)
    yield from _fill(logs, here, there)
    return logs.source.stable - here.records[0].offset if here.records else 0


def _backward(logs: Logs, sync: OffsetSync, lowest: int, found: _Found) -> Asking[int]:
    """From in front of the sync to where one of the logs begins; returns where that is at the source."""
    here = _Side(lowest, sync.upstream, backward=True)
    there = _Side(logs.target.start, sync.downstream, backward=True)
    yield from _in_step(logs, here, there, found)
    if logs.whole and lowest == logs.source.start:
        yield from _only(logs, here, there, found)
        return lowest
    return here.records[0].offset + 1 if here.records else here.stop if not here.read else lowest


def _only(logs: Logs, here: _Side, there: _Side, found: _Found) -> Asking[None]:
    """Return what is left on either side, to its end."""
    while True:
        for record in here.records:
            found.differ(Difference.MISSING, record, None)
        for record in there.records:
            repeated = record.digest in found.recent
            found.differ(Difference.REPEATED if repeated else Difference.EXTRA, None, record)
        for side in (here, there):
            side.records.clear()
        if here.read and there.read:
            return
        yield from _fill(logs, here, there)


def _fill(logs: Logs, here: _Side, there: _Side) -> Asking[None]:
    while not (here.ready and there.ready):
        window = Window(here.piece(), there.piece())
        source, target = yield from asked(logs, window)
        here.take(window.source, source)
        there.take(window.target, target)


def _in_step(logs: Logs, here: _Side, there: _Side, found: _Found) -> Asking[None]:
    """Until one of the sides has nothing more, or nothing that is equal follows; what is left stays at hand."""
    while True:
        yield from _fill(logs, here, there)
        equal = sum(
            1
            for _ in takewhile(
                lambda pair: pair[0].digest == pair[1].digest, zip(here.records, there.records, strict=False)
            )
        )
        found.equal(islice(here.records, equal))
        here.drop(equal)
        there.drop(equal)
        if any(side.read and not side.records for side in (here, there)):
            return
        if here.records and there.records and here.ready and there.ready and not _again_in_step(here, there, found):
            return


def _again_in_step(here: _Side, there: _Side, found: _Found) -> bool:
    """Name what differs up to the last records that are equal; False where none follow and one log is at its end."""
    source, target = here.ahead(), there.ahead()
    ours, theirs = [record.digest for record in source], [record.digest for record in target]
    # autojunk would take digests that occur often for noise and miss alignments: repeated records are just
    # what is looked for here. It costs at most a thousand by a thousand steps, and only where the logs fell
    # out of step.
    *blocks, _ = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    if blocks:
        ends = blocks[-1].a + blocks[-1].size, blocks[-1].b + blocks[-1].size
        _name(list(_gaps(source, target, blocks)), {*ours, *found.recent}, found)
        for block in blocks:
            found.equal(source[block.a : block.a + block.size])
        here.drop(ends[0])
        there.drop(ends[1])
        return True
    # Nothing equal follows and the target has no more: that is the part that waits to be copied, not a
    # difference.
    at_end = there.read and len(there.records) <= AHEAD and not there.backward
    if at_end:
        return False
    # A link that began again behind its last sync repeats a whole run of records. They are told from
    # foreign ones by having been seen among the last thousand that were equal.
    again = [*takewhile(lambda record: record.digest in found.recent, target)]
    for record in again:
        found.differ(Difference.REPEATED, None, record)
    there.drop(len(again))
    if again:
        return True
    paired = min(len(source), len(target))
    for record, other in zip(source, target, strict=False):
        found.differ(Difference.CHANGED, record, other)
    here.drop(paired)
    there.drop(paired)
    return True


type _Gap = tuple[Sequence[RecordId], Sequence[RecordId]]


def _gaps(source: Sequence[RecordId], target: Sequence[RecordId], blocks: Sequence[Match]) -> Iterator[_Gap]:
    here = there = 0
    for block in blocks:
        yield source[here : block.a], target[there : block.b]
        here, there = block.a + block.size, block.b + block.size


def _name(gaps: Sequence[_Gap], known: Set[bytes], found: _Found) -> None:
    """Tell what lies between records that are equal: what is on both sides has moved, the rest is paired in order."""
    elsewhere = {record.digest: record for _, target in gaps for record in target}
    # On both sides, but not in step: moved. That it may be two different records with one content is
    # accepted, their order makes no difference to a reader who sees content only.
    moved = {record.digest for source, _ in gaps for record in source} & elsewhere.keys()
    for source, target in gaps:
        left = deque(record for record in target if record.digest not in moved)
        for record in source:
            if record.digest in moved:
                found.differ(Difference.MOVED, record, elsewhere[record.digest])
            elif left and left[0].digest not in known:
                found.differ(Difference.CHANGED, record, left.popleft())
            else:
                found.differ(Difference.MISSING, record, None)
        for record in left:
            found.differ(Difference.REPEATED if record.digest in known else Difference.EXTRA, None, record)
