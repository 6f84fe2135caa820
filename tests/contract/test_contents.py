"""The contract of Contents, for the fake and the real thing."""

from dataclasses import replace
from uuid import uuid4

import pytest

from drctl.drivers.store.clock import SystemClock
from drctl.errors import Conflict, DrctlError
from drctl.model.offsets import TopicPartition
from drctl.model.salvage import Content, Fate
from tests.contract.harness import Harness

NOW = int(SystemClock().now().timestamp() * 1000)
"""Brokers delete what is older than its topic's retention as soon as they look."""

RECORDS = (
    Content(TopicPartition("", 0), 0, b"key\x00\xff", b"value", (("trace", b"\x01"), ("empty", None)), NOW),
    Content(TopicPartition("", 0), 1, b"key\x00\xff", None, (), NOW + 1),
    Content(TopicPartition("", 0), 2, None, b"", (), NOW + 2),
)


@pytest.fixture
def partition(harness: Harness) -> TopicPartition:
    return TopicPartition(harness.topic(), 0)


@pytest.fixture
def name() -> str:
    return f"contract-{uuid4().hex}"


def read(harness: Harness, partition: TopicPartition, start: int = 0, stop: int = 100) -> list[Content]:
    return list(harness.contents.read(partition, start, stop))


def test_records_of_every_fate_are_read_and_told_apart(harness: Harness, partition: TopicPartition) -> None:
    harness.write(partition, b"plain")
    harness.begin(partition, b"kept").commit()
    harness.begin(partition, b"dropped").abort()
    transaction = harness.begin(partition, b"open")
    harness.write(partition, b"behind it")
    found = [(r.value, r.fate) for r in read(harness, partition)]
    assert found[:3] == [(b"plain", Fate.COMMITTED), (b"kept", Fate.COMMITTED), (b"dropped", Fate.ABORTED)]
    assert found[3:] == [(b"open", Fate.OPEN), (b"behind it", Fate.OPEN)]
    transaction.abort()


def test_records_are_those_from_start_up_to_stop(harness: Harness, partition: TopicPartition) -> None:
    harness.write(partition, *(b"%d" % n for n in range(6)))
    assert [r.value for r in read(harness, partition, 2, 5)] == [b"2", b"3", b"4"]
    assert [r.offset for r in read(harness, partition, 2, 5)] == [2, 3, 4]
    assert read(harness, partition, 6, 9) == []
    assert read(harness, partition, 3, 3) == []


def test_a_tail_of_nothing_but_aborted_records_ends(harness: Harness, partition: TopicPartition) -> None:
    harness.begin(partition, b"a", b"b").abort()
    assert [r.fate for r in read(harness, partition)] == [Fate.ABORTED, Fate.ABORTED]


def test_what_is_replayed_is_there_byte_by_byte_and_its_progress_with_it(
    harness: Harness, partition: TopicPartition, name: str
) -> None:
    with harness.may_replay(partition.topic, name), harness.contents.replay(name, partition) as replay:
        assert replay.reached() == 0
        replay.write(RECORDS[:2], 41)
        assert replay.reached() == 41
        replay.write(RECORDS[2:], 42)
    found = read(harness, partition)
    assert [(r.key, r.value, r.headers, r.milliseconds) for r in found] == [
        (r.key, r.value, r.headers, r.milliseconds) for r in RECORDS
    ]
    assert [r.fate for r in found] == [Fate.COMMITTED] * 3
    first, second, third = (record.key for record in harness.records.identities(partition, 0, found[-1].offset + 1))
    assert first == second != third == b"", "a tombstone has its record's key, and no key is none"


def test_whoever_goes_on_knows_how_far_it_came_and_shuts_the_other_out(
    harness: Harness, partition: TopicPartition, name: str
) -> None:
    with harness.may_replay(partition.topic, name), harness.contents.replay(name, partition) as old:
        old.write(RECORDS[:1], 1)
        with harness.contents.replay(name, partition) as new:
            assert new.reached() == 1
            with pytest.raises(Conflict):
                old.write(RECORDS[1:2], 2)
            new.write(RECORDS[1:], 3)
    assert [r.key for r in read(harness, partition) if r.fate is Fate.COMMITTED] == [r.key for r in RECORDS]


def test_progress_is_kept_by_name_and_partition(harness: Harness, name: str) -> None:
    first, second = (TopicPartition(harness.topic(), 0) for _ in range(2))
    with harness.may_replay(first.topic, name), harness.contents.replay(name, first) as replay:
        replay.write([replace(RECORDS[0], partition=first)], 7)
    with harness.may_replay(second.topic, name), harness.contents.replay(name, second) as replay:
        assert replay.reached() == 0


def test_who_may_not_write_is_told_and_nothing_is_written(
    harness: Harness, partition: TopicPartition, name: str
) -> None:
    with pytest.raises(DrctlError), harness.contents.replay(name, partition) as replay:
        replay.write(RECORDS, 3)
    assert read(harness, partition) == []


def test_a_record_shows_nothing_of_its_bytes() -> None:
    assert "value" not in repr(RECORDS[0])
    assert "key" not in repr(RECORDS[0])
