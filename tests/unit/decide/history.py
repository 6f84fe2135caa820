"""Two logs as a copying link, compaction and retention leave them, with the truth about every record."""

from dataclasses import dataclass, field
from hashlib import blake2b

from hypothesis import strategies as st

from drctl.decide.windows import Logs, Window
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, TopicPartition

PARTITION = TopicPartition("orders", 0)


@dataclass(frozen=True)
class Written:
    """A record written at the source at ``offset``; ``image`` is where it went at the target, None if not copied."""

    offset: int
    key: str
    value: str | None
    image: int | None

    @property
    def digest(self) -> bytes:
        return blake2b(f"{self.key}={self.value}".encode(), digest_size=8).digest()


@dataclass
class History:
    source: list[Written]
    target: list[Written]
    source_bounds: LogBounds
    target_bounds: LogBounds
    forward: list[OffsetSync]
    reverse: list[OffsetSync]
    compacted: bool
    reads: list[Window] = field(default_factory=list)
    keyed: bool = True

    @property
    def logs(self) -> Logs:
        return Logs(
            PARTITION,
            self.source_bounds,
            self.target_bounds,
            tuple(self.forward),
            self.compacted,
            reverse_syncs=tuple(self.reverse),
        )

    def read(self, window: Window) -> tuple[list[RecordId], list[RecordId]]:
        self.reads.append(window)
        here = [self._told(w.offset, w) for w in self.source if w.offset in range(*window.source)]
        there = [self._told(i, w) for w in self.target if (i := image(w)) in range(*window.target)]
        return here, there

    def _told(self, offset: int, written: Written) -> RecordId:
        return RecordId(
            offset, written.digest, key=written.key.encode() if self.keyed else b"", tombstone=written.value is None
        )

    def skipped(self, position: int, answer: int) -> list[Written]:
        """Records at the target that the group has still to read and that lie before the answer: must be none."""
        return [w for w in self.target if w.offset >= position and image(w) < answer]

    def repeated(self, position: int, answer: int) -> list[Written]:
        return [w for w in self.target if w.offset < position and image(w) >= answer]

    def not_copied(self, position: int) -> list[Written]:
        """Records before the position that the target will only get later."""
        return [w for w in self.source if w.offset < position and w.image is None]

    def gone(self, position: int) -> list[Written]:
        """Records the group has still to read that retention took from the target only."""
        lost = self.target_bounds.start
        return [w for w in self.source if w.offset >= position and w.image is not None and w.image < lost]


def image(written: Written) -> int:
    assert written.image is not None
    return written.image


@st.composite
def histories(draw: st.DrawFn, *, compacted: bool | None = None) -> History:
    compacts = draw(st.booleans()) if compacted is None else compacted
    record = st.tuples(st.sampled_from("ab"), st.sampled_from("xyz-"))
    length = draw(st.integers(0, 24))
    slots = draw(st.lists(st.one_of(record, record, st.none()), min_size=length, max_size=length))
    copied = draw(st.one_of(st.just(length), st.integers(0, length)))
    written: list[Written] = []
    here, there = 0, 0
    for slot in slots:
        if slot is not None:
            place = there if here < copied else None
            value = None if slot[1] == "-" else slot[1]
            # Most values differ, as timestamps do; some records repeat exactly.
            unique = draw(st.sampled_from(("", "", f"@{here}")))
            written.append(Written(here, slot[0], None if value is None else value + unique, place))
            if place is not None:
                there += 1 + draw(st.sampled_from((0, 0, 0, 1, 2)))
        here += 1
    ends = here, there
    kept_here = written
    kept_there = [w for w in written if w.image is not None]
    noted = [OffsetSync(w.offset, image(w)) for w in kept_there if draw(st.integers(0, 3)) == 0]
    other_way = [s for s in noted if draw(st.integers(0, 4)) == 0]
    if compacts:
        kept_here = _clean(kept_here, draw(st.integers(0, ends[0])), draw(st.booleans()))
        cleaned = draw(st.integers(0, ends[1]))
        cleaned_records = len([w for w in kept_there if image(w) < cleaned])
        limit = kept_there[cleaned_records].offset if cleaned_records < len(kept_there) else ends[0] + 1
        kept_there = _clean(kept_there, limit, draw(st.booleans()))
    start_here, start_there = (draw(st.one_of(st.just(0), st.just(0), st.integers(0, end))) for end in ends)
    return History(
        source=[w for w in kept_here if w.offset >= start_here],
        target=[w for w in kept_there if image(w) >= start_there],
        source_bounds=LogBounds(start_here, ends[0], ends[0]),
        target_bounds=LogBounds(start_there, ends[1], ends[1]),
        forward=[s for s in noted if s not in other_way],
        reverse=[OffsetSync(s.downstream, s.upstream) for s in other_way],
        compacted=compacts,
    )


def _clean(log: list[Written], limit: int, tombstones: bool) -> list[Written]:
    """Kafka's cleaner up to ``limit``: of each key the newest record there stays, or not even that for a tombstone."""
    newest = {w.key: w.offset for w in log if w.offset < limit}
    return [w for w in log if w.offset >= limit or (newest[w.key] == w.offset and not (tombstones and w.value is None))]
