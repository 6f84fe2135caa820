"""Logs of two sites as what is decided by records asks for them: many partitions side by side, never much at once."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

from drctl.decide.stranded import around
from drctl.decide.windows import Asking, Logs, Window
from drctl.model.offsets import LogBounds, RecordId, Span, TopicPartition
from drctl.plans.images import Images
from drctl.plans.known_records import SpanReader
from drctl.ports.asking import both
from drctl.ports.world import SitePorts

AT_ONCE = 100_000
"""Offsets of windows that are read at the same time, at least; a larger window is read by itself."""

type Apart = Mapping[TopicPartition, tuple[Span, ...]]
"""Spans of a site's logs that were stranded there."""


def logs_of(
    source: SitePorts,
    target: Images,
    partitions: Collection[TopicPartition],
    compacted: Collection[str],
    bounds_there: Mapping[TopicPartition, LogBounds] | None = None,
) -> Iterable[Logs]:
    """Return what is known of these partitions before records are read. NotFound without the offset-syncs topic.

    ``bounds_there`` are the target's if they were just read.
    """
    # This order is what translate.py asks for: what is below the target's bound was below the source's before.
    if not partitions:
        return
    if bounds_there is None:
        bounds_there = target.bounds(partitions)
    forward, reverse = both(partial(target.forward_syncs, partitions), partial(target.reverse_syncs, partitions))
    bounds_here = source.records.bounds(partitions)
    for partition in partitions:
        syncs, back = forward.get(partition, ()), reverse.get(partition, ())
        yield Logs(
            partition,
            bounds_here[partition],
            bounds_there[partition],
            syncs,
            partition.topic in compacted,
            reverse_syncs=back,
        )


def side_by_side[T](
    asking: Mapping[TopicPartition, Asking[T]], source: tuple[SpanReader, Apart], target: tuple[SpanReader, Apart]
) -> Iterator[tuple[TopicPartition, T]]:
    """Let them ask for their windows and read those of many partitions at once, never more than fits in memory."""
    pending: dict[TopicPartition, Window] = {}
    waiting = deque(asking)
    while waiting or pending:
        # At least one, however large: a window above the limit is read by itself rather than never.
        while waiting and sum(window.size for window in pending.values()) < AT_ONCE:
            partition = waiting.popleft()
            yield from _go_on(asking, partition, None, pending)
        here, there = both(
            partial(_read_around, *source, {p: window.source for p, window in pending.items()}),
            partial(_read_around, *target, {p: window.target for p, window in pending.items()}),
        )
        for partition in tuple(pending):
            del pending[partition]
            yield from _go_on(asking, partition, (here[partition], there[partition]), pending)


def _read_around(
    reader: SpanReader, apart: Apart, windows: Mapping[TopicPartition, tuple[int, int]]
) -> Mapping[TopicPartition, Sequence[RecordId]]:
    """The records of the windows but for those that were stranded: there may be very many."""
    parts = {partition: deque(around(apart.get(partition, ()), window)) for partition, window in windows.items()}
    found: dict[TopicPartition, list[RecordId]] = {partition: [] for partition in windows}
    while spans := {partition: each.popleft() for partition, each in parts.items() if each}:
        for partition, records in reader.identities_all(spans).items():
            found[partition].extend(records)
    return found


def _go_on[T](
    asking: Mapping[TopicPartition, Asking[T]],
    partition: TopicPartition,
    read: tuple[Sequence[RecordId], Sequence[RecordId]] | None,
    pending: dict[TopicPartition, Window],
) -> Iterator[tuple[TopicPartition, T]]:
    """One more step: it asks for another window, or has ended."""
    asked = asking[partition]
    try:
        pending[partition] = next(asked) if read is None else asked.send(read)
    except StopIteration as ended:
        yield partition, ended.value
