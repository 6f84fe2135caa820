"""Offsets that clients and readers told: two records at one, records that expired; and reads before a commit."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.ledger.checker import check
from drctl.ledger.events import (
    Aborted,
    Acknowledged,
    Doubtful,
    Event,
    LogStart,
    PolledInTransaction,
    Processed,
    Seen,
    Stream,
)
from drctl.ledger.findings import Examples, Findings
from drctl.ledger.offset_runs import LARGEST, OffsetRun, OffsetRuns, contradictions

A, B = Stream(1, "readings", 0), Stream(2, "readings", 0)
READS = {"billing": ("readings",)}


@dataclass
class CleanRun:
    """What clients told of a log that two producers wrote to, and the offset behind its last record."""

    told: list[Event] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    end: int = 0

    def events(self) -> list[Event]:
        return [*self.told, *self.seen, LogStart("north", "readings", 0, 0)]

    def acknowledge(self, stream: Stream, sequence: int, *, offset: int | None) -> None:
        self.told.append(Acknowledged(stream, sequence, 0.0, "north", None, offset))

    def store(self, stream: Stream, sequence: int) -> None:
        self.seen.append(Seen("readings", 0, self.end, stream, sequence, site="north"))
        self.told.append(Processed("billing", stream, sequence, 0.0, "north", self.end))


@st.composite
def clean_runs(draw: st.DrawFn) -> CleanRun:
    """A log with gaps and markers, where each client told what it was told."""
    run, last = CleanRun(), dict.fromkeys((A, B), 0)
    for _ in range(draw(st.integers(1, 40))):
        stream = draw(st.sampled_from((A, B)))
        last[stream] += 1
        sequence = last[stream]
        fate = draw(st.sampled_from(["stored"] * 6 + ["untold", "doubtful", "gone", "aborted", "marker"]))
        if fate in ("stored", "untold", "marker"):
            run.acknowledge(stream, sequence, offset=None if fate == "untold" else run.end)
        elif fate == "aborted":
            run.told.append(Aborted(stream, sequence))
        else:
            run.told.append(Doubtful(stream, sequence))
        if fate not in ("gone", "aborted"):
            run.store(stream, sequence)
        run.end += (fate != "gone") + (fate == "marker")
    return run


def found(events: Iterable[Event]) -> Findings:
    return check(events, groups=READS)


@given(clean_runs())
def test_where_all_tell_the_same_nothing_is_named(run: CleanRun) -> None:
    findings = found(run.events())
    assert findings.clean
    assert not findings.records.expired


@given(clean_runs(), st.data())
def test_a_record_told_at_the_offset_of_another_is_named_and_nothing_else(run: CleanRun, data: st.DataObject) -> None:
    places = [n for n, each in enumerate(run.told) if isinstance(each, Processed)]
    if not places:
        return
    moved = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from(run.seen))
    told = run.told[moved]
    assert isinstance(told, Processed)
    run.told[moved] = replace(told, offset=other.offset)
    findings = found(run.events())
    at = f"readings-0 offset {other.offset} at north: "
    inconsistent = findings.records.inconsistent_offsets
    assert inconsistent.count == ((told.stream, told.sequence) != (other.stream, other.sequence))
    assert all(name.startswith(at) and name.count(" and ") == 1 for name in inconsistent.examples)
    assert replace(findings.records, inconsistent_offsets=Examples()) == found_clean(run, moved, told)


def found_clean(run: CleanRun, moved: int, told: Processed) -> object:
    run.told[moved] = told
    return found(run.events()).records


@given(clean_runs(), st.data())
def test_what_lay_below_the_log_start_has_expired_and_what_lay_above_is_lost(
    run: CleanRun, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, run.end))
    run.seen = [each for each in run.seen if each.offset >= start]
    gone = data.draw(st.sampled_from([None, *run.seen]))
    left = [each for each in run.seen if each is not gone]
    findings = found([*run.told, *left, LogStart("north", "readings", 0, start)])
    expired, lost = _by_hand(run.told, left, start)
    assert set(findings.records.expired.examples) == expired or len(expired) > 20
    assert (findings.records.expired.count, findings.records.lost.count) == (len(expired), len(lost))
    assert (not findings.records.lost) == (gone is None or not _acknowledged(run, gone))
    # A group read them before they went: that they are gone now is no fault of its.
    assert not findings.groups[0].skipped


def _by_hand(told: Iterable[Event], seen: Iterable[Seen], start: int) -> tuple[set[str], set[str]]:
    there = {(each.stream, each.sequence) for each in seen}
    own = defaultdict[tuple[Stream, int], set[int]](set)
    for each in told:
        if isinstance(each, Acknowledged | Processed) and each.offset is not None:
            own[each.stream, each.sequence].add(each.offset)
    expired, lost = set[str](), set[str]()
    for each in told:
        if isinstance(each, Acknowledged) and (each.stream, each.sequence) not in there:
            below = {s for (stream, s), at in own.items() if stream == each.stream and min(at) < start}
            above = any(offset >= start for offset in own[each.stream, each.sequence])
            name = f"readings-0 producer {each.stream.producer} sequence {each.sequence}"
            (lost if above or each.sequence > max(below, default=0) else expired).add(name)
    return expired, lost


def _acknowledged(run: CleanRun, seen: Seen) -> bool:
    acknowledged = {(each.stream, each.sequence) for each in run.told if isinstance(each, Acknowledged)}
    return (seen.stream, seen.sequence) in acknowledged


def test_a_group_that_came_when_records_had_expired_has_skipped_none() -> None:
    acknowledged = [Acknowledged(A, s, 0.0, "north", None, s - 1) for s in range(1, 5)]
    seen = [Seen("readings", 0, s - 1, A, s, site="north") for s in (3, 4)]
    done = [Processed("billing", A, s, 0.0, "north", s - 1) for s in (3, 4)]
    start = [LogStart("north", "readings", 0, 2)]
    findings = found([*acknowledged, *seen, *done, *start])
    assert (findings.records.expired.count, findings.groups[0].skipped.count) == (2, 0)
    without = found([*acknowledged, *seen, *done])
    assert (without.records.lost.count, without.groups[0].skipped.count) == (2, 2)


def test_a_record_told_above_the_log_start_is_lost_whatever_was_told_of_later_ones() -> None:
    told = [Acknowledged(A, 1, 0.0, "north", None, 9), Acknowledged(A, 2, 0.0, "north", None, 3)]
    records = found([*told, LogStart("north", "readings", 0, 5)]).records
    assert records.lost.examples == ("readings-0 producer 1 sequence 1",)
    assert records.expired.examples == ("readings-0 producer 1 sequence 2",)


def test_a_log_of_another_site_says_nothing_of_this_one() -> None:
    told: list[Event] = [Acknowledged(A, 1, 0.0, "north", None, 5), Processed("billing", A, 2, 0.0, "south", 5)]
    findings = found([*told, LogStart("south", "readings", 0, 5)])
    assert not findings.records.inconsistent_offsets
    assert (findings.records.lost.count, findings.records.expired.count) == (1, 0)


def test_only_a_record_that_the_open_transaction_had_sent_is_read_before_its_commit() -> None:
    sent: list[Event] = [Acknowledged(A, s, 0.0, "north") for s in (1, 2)]
    seen: list[Event] = [Seen("readings", 0, s, A, s) for s in (1, 2)]
    polled = [PolledInTransaction(A, 1, own=False), PolledInTransaction(A, 2, own=True)]
    assert check([*sent, *seen, polled[0]]).clean
    records = check([*sent, *seen, *polled]).records
    assert records.precommitted_read.examples == ("readings-0 producer 1 sequence 2",)
    assert [name for name, each in records.faults.items() if each] == ["precommitted_read"]


tellings = st.lists(st.tuples(st.sampled_from((A, B)), st.integers(1, 15), st.integers(0, 20)), max_size=60)


@given(tellings)
def test_contradictions_are_those_of_a_table_of_offsets(told: list[tuple[Stream, int, int]]) -> None:
    runs = defaultdict[Stream, OffsetRuns](OffsetRuns)
    table = defaultdict[int, set[tuple[Stream, int]]](set)
    for stream, sequence, offset in told:
        runs[stream].tell(sequence, offset)
        table[offset].add((stream, sequence))
    named = {
        offset: {(stream, offset - shift) for stream, shift in records}
        for offsets, records in contradictions(runs)
        for offset in offsets
    }
    assert named == {offset: records for offset, records in table.items() if len(records) > 1}


@given(tellings, st.integers(0, 20))
def test_what_lies_below_and_above_an_offset_is_that_of_a_table(told: list[tuple[Stream, int, int]], at: int) -> None:
    runs = OffsetRuns()
    for _, sequence, offset in told:
        runs.tell(sequence, offset)
    assert runs.last_below(at) == max((s for _, s, offset in told if offset < at), default=0)
    assert set(runs.at_or_above(at)) == {s for _, s, offset in told if offset >= at}


def test_a_log_that_one_producer_wrote_is_one_run_whoever_tells_of_it() -> None:
    runs = OffsetRuns()
    for _ in range(3):
        for sequence in range(1, 10_001):
            runs.tell(sequence, sequence + 6)
    assert list(runs.runs()) == [OffsetRun(6, 1, 10_001)]


@pytest.mark.parametrize("sequence", [LARGEST, 2**64 - 1])
def test_a_sequence_that_no_producer_reaches_is_not_held(sequence: int) -> None:
    runs = OffsetRuns()
    runs.tell(sequence, 3)
    assert list(runs.runs()) == []
