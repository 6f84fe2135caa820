"""Whole batches and lines: the state is that of one record after the other, whatever is in them."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.ledger.batches import acknowledge_span, found_events, take_found, take_line
from drctl.ledger.events import Acknowledged, Stream
from drctl.ledger.history import HistoryLine, events_of
from drctl.ledger.offset_runs import OffsetRuns
from drctl.ledger.record import LAYOUT, SITE_AT, Number, Sending, digests, encode
from drctl.ledger.state import CheckerState, SiteLog
from drctl.model.checking import RecordBatch
from drctl.model.offsets import TopicPartition

RUN = UUID(int=9)
BIG = 2**64 - 1

odd = st.sampled_from(
    ["none"] * 40
    + ["again", "header", "torn", "value", "run", "producer", "partition", "zero", "big"]
    + ["plain", "site", "version", "no text"]
)
steps = st.lists(st.tuples(st.integers(1, 3), odd, st.integers(1, 2)), min_size=1, max_size=30)


def content(state: CheckerState) -> dict[str, Any]:
    """What a state holds as plain values: as bytes, equal sets may differ in how they are compressed."""
    kinds = ("acknowledged", "doubtful", "aborted", "superseded")
    return {
        "streams": {
            stream: (
                [list(getattr(held, kind)) for kind in kinds],
                held.newest_of_key,
                held.minutes,
                {name: (list(log.there), log.last) for name, log in held.logs.items()},
            )
            for stream, held in state.streams.items()
        },
        "processed": {group: sorted(streams.items()) for group, streams in state.processed.items()},
        "repeated": {group: each for group, each in state.repeated.items() if each.count},
        "classes": state.classes,
        "told": [
            (place, stream, list(runs.runs())) for place, stream, runs in sorted(told(state), key=itemgetter(0, 1))
        ],
        "seen": state.seen,
    }


def told(state: CheckerState) -> Iterator[tuple[SiteLog, Stream, OffsetRuns]]:
    for place, streams in state.told.items():
        yield from ((place, stream, runs) for stream, runs in streams.items())


def numbered(kind: str, sequence: int, value: bytes, *, told: bool) -> bytes | None:
    """A record's header, with something odd about it; ``told``: it tells of its sending."""
    producer = 2 if kind == "producer" else 1
    partition = 1 if kind == "partition" else 0
    run = UUID(int=8) if kind == "run" else RUN
    sequence = {"again": max(1, sequence - 2), "zero": 0, "big": BIG}.get(kind, sequence)
    sent = None
    if told and kind != "plain":
        sent = Sending(sequence % 3, sequence % 1000, "east" if kind == "site" else "west")
    number = Number(run, producer, partition, sequence, sent=sent)
    header = encode(number, b"k", b"other" if kind == "value" else value)
    if sent and kind in ("version", "no text"):
        place = LAYOUT.size if kind == "version" else SITE_AT
        return header[:place] + b"\xff" + header[place + 1 :]
    return {"header": None, "torn": header[:-1]}.get(kind, header)


def batch(
    given_steps: Sequence[tuple[int, str, int]], sequence: int, offset: int, *, told: bool = False
) -> RecordBatch:
    offsets, headers, values = list[int](), list[bytes | None](), list[bytes | None]()
    for step, kind, apart in given_steps:
        sequence += step if kind == "none" else 1
        offset += apart
        value = b"value %d" % sequence
        offsets.append(offset)
        headers.append(numbered(kind, sequence, value, told=told))
        values.append(value)
    place = TopicPartition("readings", 0)
    return RecordBatch(place, offset + 1, offsets, headers, [b"k"] * len(offsets), values)


@given(
    st.lists(st.tuples(steps, st.integers(0, 90), st.booleans()), min_size=1, max_size=4),
    st.sampled_from(["", "north"]),
)
def test_a_batch_leaves_what_its_records_leave_one_by_one(parts: list[tuple[Any, int, bool]], site: str) -> None:
    whole, single, offset = CheckerState(), CheckerState(), 0
    for given_steps, sequence, told_of in parts:
        each = batch(given_steps, sequence, offset, told=told_of)
        offset = each.offsets[-1]
        take_found(whole, each, site, RUN)
        for event in found_events(each, site, RUN):
            single.take(event)
    assert content(whole) == content(single)


@pytest.mark.parametrize("sending", [False, True])
def test_a_batch_without_fault_is_a_few_numbers(*, sending: bool) -> None:
    state = CheckerState()
    for first in (0, 1000):
        take_found(state, batch([(1, "none", 1)] * 1000, first, first, told=sending), "north", RUN)
    stream = Stream(1, "readings", 0)
    (log,) = state.streams[stream].logs.values()
    assert (state.seen, len(log.there), log.last) == (2000, 2000, 2000)
    assert [list(runs.runs()) for runs in state.told[SiteLog("north", "readings", 0)].values()] == [[(0, 1, 2001)]]


def test_a_batch_that_begins_with_the_last_record_of_the_one_before_has_it_twice() -> None:
    state = CheckerState()
    take_found(state, batch([(1, "none", 1)] * 5, 0, 0), "north", RUN)
    take_found(state, batch([(1, "none", 1)] * 2, 4, 5), "north", RUN)
    assert state.classes["duplicated"].count == 1
    assert state.seen == 7


records = st.lists(
    st.tuples(st.integers(1, 2), st.just("readings"), st.integers(0, 1), st.integers(1, 20)).map(list), max_size=20
)


@st.composite
def lines(draw: st.DrawFn) -> HistoryLine:
    kind = draw(st.sampled_from(["acknowledged", "doubtful", "aborted", "processed", "polled", "denied"]))
    told = [] if kind == "denied" else draw(records)
    if kind == "acknowledged" and draw(st.booleans()):
        told = [[*each, "key"] for each in told]
    more: dict[str, Any] = {"group": draw(st.sampled_from(["billing", "audit"]))} if kind == "processed" else {}
    if kind in ("acknowledged", "processed") and draw(st.booleans()):
        more["offsets"] = [draw(st.none() | st.integers(0, 20)) for _ in told]
    if kind == "polled":
        more["sent"] = [[1, "readings", 0, 5, 9]]
    return HistoryLine(kind, 1.0, "north", told, more)


@given(st.lists(lines(), max_size=8))
def test_a_line_leaves_what_its_records_leave_one_by_one(told: list[HistoryLine]) -> None:
    whole, single = CheckerState(), CheckerState()
    for line in told:
        take_line(whole, line)
        for event in events_of(line):
            single.take(event)
    assert content(whole) == content(single)


def test_a_span_is_every_sequence_in_it() -> None:
    whole, single, stream = CheckerState(), CheckerState(), Stream(1, "readings", 0)
    acknowledge_span(whole, stream, 3, 5, at=70.0)
    for sequence in (3, 4, 5):
        single.take(Acknowledged(stream, sequence, 70.0, "north"))
    assert content(whole) == content(single)


parts = st.none() | st.binary(max_size=20) | st.sampled_from([b"x" * 4095, b"x" * 4096])


@given(st.lists(st.tuples(parts, parts), max_size=5))
def test_digests_of_many_are_those_of_each(pairs: list[tuple[bytes | None, bytes | None]]) -> None:
    headers = [encode(Number(RUN, 1, 0, 1), key, value) for key, value in pairs]
    assert digests([key for key, _ in pairs], [value for _, value in pairs]) == [header[-8:] for header in headers]
