"""Records that were read before: only what came since is read, and what is told is what a reading would tell."""

from collections.abc import Mapping
from typing import override

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.model.offsets import LogBounds, RecordId, TopicPartition
from drctl.plans import known_records
from drctl.plans.known_records import KnownRecords
from tests.fakes.records import FakeRecords
from tests.unit.plans.known_log import ORDERS, NotedLog, Spans, asked


@pytest.fixture
def log() -> NotedLog:
    log = NotedLog()
    log.write(60)
    return log


@pytest.fixture
def known(log: NotedLog) -> KnownRecords:
    known = KnownRecords()
    asked(log, known, {ORDERS: (40, 60)})
    log.read.clear()
    return known


def test_what_is_known_is_not_read_again(log: NotedLog, known: KnownRecords) -> None:
    asked(log, known, {ORDERS: (45, 60)}, {ORDERS: (40, 41)})
    assert log.read == []


def test_only_what_came_since_is_read_with_the_last_known_record(log: NotedLog, known: KnownRecords) -> None:
    log.write(10)
    asked(log, known, {ORDERS: (45, 70)}, {ORDERS: (41, 70)})
    assert log.read == [{0: (59, 70)}]


def test_of_a_log_that_has_grown_the_last_known_record_is_looked_at_first(log: NotedLog, known: KnownRecords) -> None:
    log.write(10)
    asked(log, known, {ORDERS: (45, 50)}, {ORDERS: (45, 60)})
    assert log.read == [{0: (59, 60)}]


def test_markers_at_the_end_are_read_once_in_each_translation(log: NotedLog, known: KnownRecords) -> None:
    log.end_transaction()
    asked(log, known, {ORDERS: (45, 62)}, {ORDERS: (50, 62)})
    log.write(1)
    asked(log, known, {ORDERS: (45, 63)}, {ORDERS: (50, 63)})
    assert log.read == [{0: (59, 62)}, {0: (60, 63)}]


@pytest.mark.parametrize(("start", "stop"), [(30, 70), (65, 70), (30, 45)], ids=["earlier", "apart", "earlier part"])
def test_what_is_not_known_from_its_beginning_on_is_read(
    log: NotedLog, known: KnownRecords, start: int, stop: int
) -> None:
    log.write(10)
    asked(log, known, {ORDERS: (start, stop)})
    assert log.read == [{0: (start, stop)}]


def test_an_earlier_part_does_not_replace_the_end(log: NotedLog, known: KnownRecords) -> None:
    asked(log, known, {ORDERS: (10, 20)}, {ORDERS: (45, 60)})
    assert log.read == [{0: (10, 20)}]


def test_a_log_that_was_cut_and_has_grown_anew_is_read_anew(log: NotedLog, known: KnownRecords) -> None:
    log.lose_end(50)
    log.write(20)
    asked(log, known, {ORDERS: (45, 70)})
    assert log.read == [{0: (59, 70)}, {0: (45, 70)}]
    asked(log, known, {ORDERS: (45, 70)})
    assert len(log.read) == 2


def test_a_log_that_was_seen_to_be_shorter_is_read_anew(log: NotedLog, known: KnownRecords) -> None:
    log.lose_end(50)
    log.write(1)
    asked(log, known, {ORDERS: (45, 51)})
    assert log.read == [{0: (45, 51)}]


class TooEarly(FakeRecords):
    """A new leader that does not know the last records yet."""

    @override
    def identities_all(self, spans: Spans) -> Mapping[TopicPartition, tuple[RecordId, ...]]:
        return super().identities_all({p: (start, min(stop, 57)) for p, (start, stop) in spans.items()})


def test_what_a_reading_did_not_tell_is_not_taken_for_missing(log: NotedLog) -> None:
    known = KnownRecords()
    known.before(TooEarly(log.site), {ORDERS: (("id", 0), LogBounds(0, 60, 60))}).identities_all({ORDERS: (40, 60)})
    asked(log, known, {ORDERS: (45, 60)})
    assert log.read == [{0: (56, 60)}]


def test_a_topic_that_was_recreated_is_another_one(log: NotedLog, known: KnownRecords) -> None:
    asked(log, known, {ORDERS: (45, 60)}, topic_id="another id")
    assert log.read == [{0: (45, 60)}]


def test_of_partitions_that_are_not_named_all_is_read(log: NotedLog, known: KnownRecords) -> None:
    reader = known.before(log, {})
    for _ in range(2):
        reader.identities_all({ORDERS: (45, 60)})
    assert log.read == [{0: (45, 60)}, {0: (45, 60)}]


def test_many_partitions_are_asked_about_at_once() -> None:
    log, known = NotedLog(3), KnownRecords()
    for partition in range(3):
        log.write(2, partition)
    first, second, third = (TopicPartition("orders", number) for number in range(3))
    asked(log, known, {first: (0, 2), second: (0, 2)})
    log.write(1, 1)
    asked(log, known, {first: (0, 2), second: (0, 3), third: (0, 2)})
    assert log.read == [{0: (0, 2), 1: (0, 2)}, {1: (1, 3), 2: (0, 2)}]


def test_of_a_partition_so_many_records_are_kept_at_most(log: NotedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_records, "EACH", 10)
    known = KnownRecords()
    for start in (0, 50, 49):
        asked(log, known, {ORDERS: (start, 60)})
    assert log.read == [{0: (0, 60)}, {0: (49, 60)}]


def test_of_a_site_so_many_records_are_kept_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_records, "ALL", 4)
    log, known = NotedLog(3), KnownRecords()
    for partition in range(3):
        log.write(2, partition)
    spans = {TopicPartition("orders", number): (0, 2) for number in range(3)}
    for _ in range(2):
        asked(log, known, spans)
    assert log.read == [{0: (0, 2), 1: (0, 2), 2: (0, 2)}, {2: (0, 2)}]
    known.forget([("id", 0)])
    last = {TopicPartition("orders", 2): (0, 2)}
    for _ in range(2):
        asked(log, known, last)
    assert log.read[2:] == [{2: (0, 2)}]


WORK = st.sampled_from(["write", "commit", "abort", "lose its end"])


@given(st.lists(st.tuples(WORK, st.integers(1, 6), st.floats(0, 1), st.floats(0, 1), st.booleans()), max_size=25))
def test_whatever_was_read_before_what_is_told_is_what_the_log_holds(
    works: list[tuple[str, int, float, float, bool]],
) -> None:
    log, known = NotedLog(), KnownRecords()
    for what, count, begin, end, to_the_end in works:
        if what == "write":
            log.write(count)
        elif what == "lose its end":
            before = log.ends().high
            log.lose_end(int(begin * before))
            # To the very offset of before it is not noticed, as the module says.
            log.write(max(count, 1 + before - log.ends().high) if to_the_end else 0)
        else:
            log.end_transaction(aborted=what == "abort")
        stable = log.ends().stable
        start = int(begin * stable)
        stop = stable if to_the_end else start + int(end * (stable - start))
        asked(log, known, {ORDERS: (start, stop)}, {ORDERS: (int(end * start), stop)})
