"""Stranded records written at the site that serves now, behind everything, with headers that say what they are."""

from collections.abc import Iterator
from dataclasses import replace

from drctl.model.salvage import Content, Fate, StrandedSpan
from drctl.ports import Contents

MARK = "drctl.salvaged"
BATCH = 500
"""Records per transaction."""
BATCH_BYTES = 1_000_000
"""Bytes after which a transaction is ended, too."""


def name_of(failover: str) -> str:
    """Under which name a failover's tail is replayed, however often it was salvaged."""
    return f"drctl-salvage-{failover}"


def marked(record: Content, site: str, failover: str) -> Content:
    """The record with headers behind its own that tell where it was stranded."""
    partition = record.partition
    own = {
        MARK: failover,
        f"{MARK}.site": site,
        f"{MARK}.topic": partition.topic,
        f"{MARK}.partition": str(partition.partition),
        f"{MARK}.offset": str(record.offset),
        f"{MARK}.timestamp": "" if record.milliseconds is None else str(record.milliseconds),
    }
    # Behind its own headers, since consumers that take the first of a name must find theirs.
    return replace(record, headers=(*record.headers, *((name, text.encode()) for name, text in own.items())))


def is_marked(record: Content, failover: str) -> bool:
    """Whether it came from that failover's tail."""
    return (MARK, failover.encode()) in record.headers


def batches(records: Iterator[Content], reached: int) -> Iterator[list[Content]]:
    """Committed records at or behind ``reached``, in order, as many as go into one transaction."""
    batch: list[Content] = []
    size = 0
    for record in records:
        if record.fate is Fate.COMMITTED and record.offset >= reached:
            batch.append(record)
            size += len(record.key or b"") + len(record.value or b"")
            # By bytes, too: below Kafka's default of one megabyte for a request, without counting on compression.
            if len(batch) >= BATCH or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def found(contents: Contents, tail: StrandedSpan, start: int, stop: int, failover: str) -> int:
    """How many committed records of that tail lie in the target's log with ``start <= offset < stop``."""
    records = contents.read(tail.partition, start, stop)
    return sum(record.fate is Fate.COMMITTED and is_marked(record, failover) for record in records)
