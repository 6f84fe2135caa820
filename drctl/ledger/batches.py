"""Take whole batches into a checker's state: what one record after the other would leave there, and ten times as fast.

What a reader is given of a partition mostly is one producer's, of one run, and rises. Such a batch is recognised by
comparing columns of its headers, byte by byte; any other is taken record by record. So it is known what is slow:
records of several producers in one batch, sequences that do not rise, and everything that will be named as a fault.
"""

import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import lt
from uuid import UUID

from pyroaring import BitMap64

from drctl.ledger.events import Seen, Stream
from drctl.ledger.history import HistoryLine, events_of
from drctl.ledger.offset_runs import LARGEST, OffsetRun
from drctl.ledger.record import LAYOUT, SITE_AT, decode, digests, is_readable
from drctl.ledger.state import CheckerState, SiteLog
from drctl.ledger.stream_state import LogName
from drctl.model.checking import RecordBatch

LEAD = 22
"""Bytes of a number before its sequence: run, producer, intended partition."""
SEQUENCE = slice(LEAD, LEAD + 8)
DIGEST = slice(LEAD + 8, LAYOUT.size)


def found_events(batch: RecordBatch, site: str, run: UUID) -> Iterator[Seen]:
    """Yield what a batch says record by record; of another run than this, a record is foreign. ``site``: as of Seen."""
    topic, partition = batch.partition
    for offset, header, key, value in zip(batch.offsets, batch.numbers, batch.keys, batch.values, strict=True):
        number = decode(header, key, value)
        if number is None:
            yield Seen(topic, partition, offset, None, site=site)
            continue
        stream = Stream(number.producer, topic, number.partition)
        foreign = number.run != run
        yield Seen(topic, partition, offset, stream, number.sequence, number.intact, foreign, site)


def take_found(state: CheckerState, batch: RecordBatch, site: str, run: UUID) -> None:
    """Take in what a fresh reader found; the state is that of taking :func:`found_events` one by one."""
    sequences = _rising(batch, run)
    if not (sequences and _take_rising(state, batch, site, sequences)):
        for event in found_events(batch, site, run):
            state.take(event)


def take_line(state: CheckerState, line: HistoryLine) -> None:
    """Take in one line of a history; the state is that of taking its events one by one."""
    columns = _by_stream(line)
    by_stream = {stream: BitMap64(sequences) for stream, (sequences, _) in columns.items()}
    if not _is_plain(state, line, by_stream):
        for event in events_of(line):
            state.take(event)
        return
    for stream, sequences in by_stream.items():
        if line.kind == "processed":
            state.processed[line.more["group"]][stream] |= sequences
        else:
            held = state.streams[stream]
            setattr(held, line.kind, getattr(held, line.kind) | sequences)
            if line.kind == "acknowledged":
                held.note_time(sequences.max(), line.at)
    if line.more.get("offsets"):
        for stream, (places, offsets) in columns.items():
            _tell_each(
                state, SiteLog(line.site, stream.topic, stream.partition), stream, zip(places, offsets, strict=True)
            )


def _by_stream(line: HistoryLine) -> dict[Stream, tuple[list[int], list[int | None]]]:
    """Return sequences and offsets of a line's records, stream by stream."""
    columns: dict[tuple[int, str, int], tuple[list[int], list[int | None]]] = {}
    offsets = line.more.get("offsets") or [None] * len(line.records)
    for (producer, topic, partition, sequence, *_), offset in zip(line.records, offsets, strict=True):
        key = producer, topic, partition
        found = columns.get(key)
        if found is None:
            found = columns[key] = [], []
        found[0].append(sequence)
        found[1].append(offset)
    return {Stream(*key): found for key, found in columns.items()}


def _tell_each(state: CheckerState, place: SiteLog, stream: Stream, told: Iterable[tuple[int, int | None]]) -> None:
    known = [(sequence, offset) for sequence, offset in told if offset is not None]
    if known:
        runs = state.told[place][stream]
        for sequence, offset in known:
            runs.tell(sequence, offset)


def _is_plain(state: CheckerState, line: HistoryLine, by_stream: Mapping[Stream, BitMap64]) -> bool:
    """Whether the records of a line can be taken in as sets: none has a key, and a group processed each but now."""
    if line.kind not in ("acknowledged", "doubtful", "aborted", "processed") or any(len(r) > 4 for r in line.records):
        return False
    if line.kind != "processed":
        return True
    before: Mapping[Stream, BitMap64] = state.processed.get(line.more["group"], {})
    new = all(stream not in before or not before[stream] & done for stream, done in by_stream.items())
    return new and sum(map(len, by_stream.values())) == len(line.records)


def acknowledge_span(state: CheckerState, stream: Stream, first: int, last: int, *, at: float) -> None:
    """Take in that the brokers acknowledged every sequence of a stream from ``first`` to ``last`` then, wherever."""
    held = state.streams[stream]
    held.acknowledged.add_range(first, last + 1)
    held.note_time(last, at)


def _rising(batch: RecordBatch, run: UUID) -> array[int] | None:
    """Return the sequences of a batch of one stream, of this run, rising, unchanged, and where it was sent to."""
    joined, count = _joined(batch.numbers), len(batch.numbers)
    if not joined:
        return None
    lead = joined[:LEAD]
    meant = run.bytes + joined[16:18] + batch.partition.partition.to_bytes(4, "big", signed=True)
    size = len(joined) // count
    # Epoch and time may differ from record to record, and whatever they are they can be read; version and site may not.
    alike = (*range(LEAD), *([LAYOUT.size, *range(SITE_AT, size)] if size > LAYOUT.size else ()))
    if lead != meant or any(joined[n::size].count(joined[n]) != count for n in alike):
        return None
    if b"".join(digests(batch.keys, batch.values)) != _column(joined, DIGEST, size):
        return None
    sequences = array("Q", bytes(_column(joined, SEQUENCE, size)))
    if sys.byteorder == "little":
        sequences.byteswap()
    rises = all(map(lt, sequences, islice(sequences, 1, None)))
    return sequences if rises else None


def _joined(headers: Sequence[bytes | None]) -> bytes:
    """Return all headers one behind the other; nothing if the first is no number's, or another is of another length."""
    first = headers[0] if headers else None
    if first is None or not is_readable(first):
        return b""
    size = len(first)
    numbers = [header for header in headers if header is not None and len(header) == size]
    return b"".join(numbers) if len(numbers) == len(headers) else b""


def _column(joined: bytes, part: slice, size: int) -> bytes:
    """Return a part of every header, one behind the other; ``size`` is that of one header."""
    width = part.stop - part.start
    column = bytearray(width * (len(joined) // size))
    for place in range(width):
        column[place::width] = joined[part.start + place :: size]
    return bytes(column)


def _take_rising(state: CheckerState, batch: RecordBatch, site: str, sequences: array[int]) -> bool:
    """Whether the batch was taken in whole: it is not where anything in it was found before, or comes too late."""
    producer = int.from_bytes((batch.numbers[0] or b"")[16:18], "big")
    stream, log = Stream(producer, *batch.partition), LogName(*batch.partition)
    held = state.log_state(stream, log)
    if sequences[0] <= held.last or sequences[-1] > LARGEST:
        return False
    first, last, count = sequences[0], sequences[-1], len(sequences)
    dense = last - first + 1 == count
    # Nothing at or above its first was found before, since that is above the highest so far.
    if dense:
        held.there.add_range(first, last + 1)
    else:
        held.there |= BitMap64(sequences)
    held.last = last
    state.seen += count
    if site:
        _tell_offsets(state, SiteLog(site, *batch.partition), stream, batch.offsets, sequences)
    return True


def _tell_offsets(
    state: CheckerState, place: SiteLog, stream: Stream, offsets: Sequence[int], sequences: array[int]
) -> None:
    runs = state.told[place][stream]
    shift = offsets[0] - sequences[0]
    if offsets[-1] - sequences[-1] == shift and sequences[-1] - sequences[0] + 1 == len(sequences):
        # Both rise, and their ends are as far apart as they are many: so is everything in between.
        runs.tell_run(OffsetRun(shift, sequences[0], sequences[-1] + 1))
        return
    for sequence, offset in zip(sequences, offsets, strict=True):
        runs.tell(sequence, offset)
