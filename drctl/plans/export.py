"""Writes a lost site's stranded tail into the vault, record by record, without ever holding it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import chain

from drctl.decide.overlap import copied_beyond
from drctl.model.offsets import LogBounds, RecordId, Span, TopicPartition
from drctl.model.run import Evidence
from drctl.model.salvage import Content, Fate, StrandedSpan
from drctl.plans.aftermath import Aftermath
from drctl.plans.images import Images
from drctl.plans.lines import document, line_of, record_of
from drctl.plans.plan import StepContext
from drctl.ports import Vault

CHUNK = 50_000
"""Offsets per file: what is done again after a cut."""
CONTEXT = 1_000
"""Offsets in front of the frontier that are compared with the target."""
OVERLAP = 100_000
"""Records behind the frontier that are looked for at the target at most; what was copied beyond is exported, too."""


@dataclass(slots=True)
class Counts:
    """Records of a tail. ``opened`` came after drctl's first look at the returned site, ``unseen`` after the last look
    at it before the failover, ``later`` have a time after the failover began, as their producers or their log say.
    """

    committed: int = 0
    aborted: int = 0
    open: int = 0
    tombstones: int = 0
    bytes: int = 0
    opened: int = 0
    unseen: int = 0
    later: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def document(self) -> Evidence:
        """Ready for JSON."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def find_tail(
    ctx: StepContext, failover: Aftermath, partition: TopicPartition, bounds: LogBounds, *, whole: bool = False
) -> tuple[StrandedSpan, Evidence]:
    """Where a partition's tail lies, and which records beyond the frontier were proven to be at the target already.

    With ``whole`` it is all of the log: the frontier tells nothing about one that is no longer the log it was copied
    from.
    """
    topic = ctx.source.brokers.topics([partition.topic])[partition.topic]
    frontier = 0 if whole else failover.frontier.get(partition, 0)
    begin = min(max(frontier, bounds.start), bounds.high)
    copied = () if whole else _copied(ctx, failover, partition, begin)
    start = copied[-1].offset + 1 if copied else begin
    gone = 0 if whole else max(0, bounds.start - frontier)
    tail = StrandedSpan(partition, topic.topic_id, frontier, Span(start, bounds.high), gone)
    return tail, {
        "records": [[r.offset, r.digest.hex()] for r in copied],
        "target ended at": failover.ends.get(partition),
    }


def _copied(ctx: StepContext, failover: Aftermath, partition: TopicPartition, begin: int) -> tuple[RecordId, ...]:
    image = Images(ctx.world, ctx.source.name, ctx.target.name).of(partition)
    end = failover.ends.get(image)
    if not end:
        return ()
    before = ctx.source.records.identities(partition, max(0, begin - CONTEXT), begin)
    # A link notes what it has copied with every batch, or once a minute where it is at least once: a
    # hundred thousand records are more than it copies in between.
    beyond = ctx.source.records.following(partition, begin, OVERLAP)
    # Markers thin out the target's log.
    # On an exactly-once target each batch ends with a marker; twice as many offsets hold as many records in
    # all but the smallest batches. Too few only finds less that had arrived, and then more is exported than
    # need be.
    reach = 2 * (len(before) + len(beyond)) + CONTEXT
    arrived = ctx.target.records.identities(image, max(0, end - reach), end)
    return beyond[: copied_beyond(before, beyond, arrived)]


def files(tail: StrandedSpan) -> Iterator[tuple[str, Span]]:
    """The names of a tail's files with the offsets that go into each; one without records is not written."""
    place = folder(tail.partition)
    for first in range(tail.span.start, tail.span.stop, CHUNK):
        stop = min(first + CHUNK, tail.span.stop)
        yield f"{place}/{first:020}-{stop - 1:020}.jsonl.gz", Span(first, stop)


def folder(partition: TopicPartition) -> str:
    """Where a partition's files are, within the run's folder."""
    return f"{partition.topic}/{partition.partition}"


def export(ctx: StepContext, tail: StrandedSpan) -> list[str]:
    """Write a tail's files and name them; those that are complete are checked and left as they are."""
    written = []
    for name, span in files(tail):
        if not ctx.world.vault.holds(ctx.run.id, name):
            found = ctx.source.contents.read(tail.partition, *span)
            first = next(found, None)
            if first is None:
                continue
            ctx.report(f"{tail.partition} from {span.start}")
            ctx.check_authority()
            ctx.world.vault.put(ctx.run.id, name, map(line_of, chain((first,), found)))
        written.append(name)
    return written


def saved(ctx: StepContext, run: str, tail: StrandedSpan) -> Iterator[Content]:
    """A tail's records, read back from its files."""
    return read_back(ctx.world.vault, run, tail)


def read_back(vault: Vault, run: str, tail: StrandedSpan) -> Iterator[Content]:
    """Read a tail's records from the files of that salvage; a file that is not as it was written is left out."""
    for name, _ in files(tail):
        if vault.holds(run, name):
            for line in vault.lines(run, name):
                yield record_of(tail.partition, line)


def count(records: Iterator[Content], look: int, seen: int | None, began: datetime) -> Counts:
    """Count a tail's records: ``look`` is where the log ended at the first look, ``seen`` at the last before."""
    found, moment = Counts(), began.timestamp() * 1000
    for record in records:
        found.committed += record.fate is Fate.COMMITTED
        found.aborted += record.fate is Fate.ABORTED
        found.open += record.fate is Fate.OPEN
        found.tombstones += record.value is None
        found.bytes += len(record.key or b"") + len(record.value or b"")
        found.opened += record.offset >= look
        found.unseen += seen is not None and record.offset >= seen
        # By the producers' clocks, and so a hint: records that were buffered before the outage have times
        # before it.
        found.later += record.milliseconds is not None and record.milliseconds > moment
    return found


def groups_inside(ctx: StepContext, tails: Mapping[TopicPartition, StrandedSpan]) -> Evidence:
    """Groups of the lost site that had read into a tail: by partition their position, and how many offsets deep."""
    names = sorted(ctx.source.positions.groups())
    found: Evidence = {}
    for group, positions in sorted(ctx.source.positions.committed(names).items()):
        for partition, position in sorted(positions.items()):
            tail = tails.get(partition)
            # Such a group has seen records that the other site never got: what it did with them cannot be
            # undone by moving its position.
            if tail and position.offset > tail.span.start < tail.span.stop:
                told = {"position": position.offset, "offsets read": position.offset - tail.span.start}
                found.setdefault(group, {})[str(partition)] = told
    return found


def put_document(ctx: StepContext, name: str, value: Evidence) -> None:
    """Write a JSON document beside the tails, unless it is there."""
    if not ctx.world.vault.holds(ctx.run.id, name):
        ctx.check_authority()
        ctx.world.vault.put(ctx.run.id, name, document(value))
