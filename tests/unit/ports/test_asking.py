"""Many partitions are asked about at once."""

from threading import Barrier, current_thread
from typing import NoReturn

import pytest

from drctl.errors import NotFound, Unreachable
from drctl.model.offsets import TopicPartition
from drctl.ports import asking
from drctl.ports.asking import NEAR, both, first_records
from tests.fakes.records import FakeRecords
from tests.fakes.site import FakeSite
from tests.unit.ports.noted_records import NotedRecords

PARTITIONS = tuple(TopicPartition("orders", number) for number in range(4))
FULL, MARKED, LATE, EMPTY = PARTITIONS


def aborted(site: FakeSite, partition: TopicPartition, records: int) -> None:
    """A transaction that nobody reads: so many records and a marker."""
    transaction = site.begin()
    for _ in range(records):
        transaction.write(partition, b"never")
    transaction.abort()


def read() -> NotedRecords:
    """Return one partition with records, one with markers only, one with a record behind many aborted ones, one
    empty."""
    site = FakeSite("north", {"orders": len(PARTITIONS)})
    site.allowed.add("User:app")
    for number in range(3):
        site.write(FULL, b"%d" % number)
    aborted(site, MARKED, 2)
    aborted(site, LATE, NEAR + 5)
    site.write(LATE, b"late")
    return NotedRecords(site)


def spans(records: FakeRecords) -> dict[TopicPartition, tuple[int, int]]:
    return {p: (each.start, each.stable) for p, each in records.bounds(PARTITIONS).items()}


def test_the_first_record_of_each_partition_is_found_and_markers_are_none() -> None:
    records = read()
    found = first_records(records, spans(records))
    assert {partition: each.offset for partition, each in found.items()} == {FULL: 0, LATE: NEAR + 6}


def test_all_are_read_together_but_the_one_with_nothing_near() -> None:
    records = read()
    first_records(records, spans(records))
    assert records.together == [{FULL, MARKED, LATE}]
    assert records.alone == [LATE]


def test_of_very_many_partitions_not_all_are_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "AT_ONCE", 2)
    records = read()
    found = first_records(records, spans(records))
    assert (set(found), records.together) == ({FULL, LATE}, [{FULL, MARKED}, {LATE}])


def test_what_lies_behind_a_span_is_not_in_it() -> None:
    records = read()
    assert first_records(records, {LATE: (0, NEAR + 6), FULL: (3, 9)}) == {}


def test_where_every_span_is_empty_nobody_is_asked() -> None:
    records = read()
    assert first_records(records, {FULL: (3, 3), EMPTY: (0, 0)}) == {}
    assert records.together == []


def test_both_are_asked_at_the_same_time() -> None:
    """Each answers only while the other is asked, too."""
    meeting = Barrier(2, timeout=20)

    def met() -> str:
        meeting.wait()
        return current_thread().name

    here, there = both(met, met)
    assert (here, here == there) == (current_thread().name, False)


def unreachable() -> NoReturn:
    raise Unreachable("the second does not answer")


def test_what_the_second_raises_is_raised_and_what_the_first_raises_comes_first_once_both_have_ended() -> None:
    ended = list[str]()

    def slow() -> NoReturn:
        meeting.wait()
        ended.append("second")
        unreachable()

    def quick() -> NoReturn:
        meeting.wait()
        raise NotFound("the first is not there")

    with pytest.raises(Unreachable, match="the second does not answer"):
        both(list, unreachable)
    meeting = Barrier(2, timeout=20)
    with pytest.raises(NotFound, match="the first is not there"):
        both(quick, slow)
    assert ended == ["second"]
