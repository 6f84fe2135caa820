"""The contract of Records, for the fake and the real thing."""

import pytest

from drctl.errors import NotFound
from drctl.model.offsets import LogBounds, TopicPartition
from tests.contract.harness import Harness


@pytest.fixture
def partition(harness: Harness) -> TopicPartition:
    return TopicPartition(harness.topic(), 0)


def offsets(harness: Harness, partition: TopicPartition, start: int, stop: int) -> list[int]:
    return [record.offset for record in harness.records.identities(partition, start, stop)]


def test_an_empty_log_begins_and_ends_at_nought(harness: Harness, partition: TopicPartition) -> None:
    assert harness.records.bounds([partition])[partition] == LogBounds(0, 0, 0)
    assert harness.records.identities(partition, 0, 10) == ()
    assert harness.records.following(partition, 0, 10) == ()


def test_nothing_is_asked_and_nothing_comes(harness: Harness, partition: TopicPartition) -> None:
    harness.write(partition, b"a")
    assert not harness.records.bounds([])
    assert harness.records.identities(partition, 1, 1) == ()
    assert harness.records.following(partition, 0, 0) == ()


def test_identities_are_those_from_start_up_to_stop(harness: Harness, partition: TopicPartition) -> None:
    harness.write(partition, b"a", b"b", b"c", b"d")
    assert harness.records.bounds([partition])[partition] == LogBounds(0, 4, 4)
    assert offsets(harness, partition, 1, 3) == [1, 2]
    assert offsets(harness, partition, 0, 100) == [0, 1, 2, 3]


def test_spans_of_many_partitions_are_read_side_by_side_and_again(harness: Harness) -> None:
    first, second, third = (TopicPartition(harness.topic(), 0) for _ in range(3))
    for partition in (first, second):
        harness.write(partition, *(b"%d" % number for number in range(50)))
    spans = {first: (0, 2), second: (10, 50), third: (0, 9)}
    for _ in range(2):
        found = harness.records.identities_all(spans)
        assert {p: [r.offset for r in records] for p, records in found.items()} == {
            first: [0, 1],
            second: list(range(10, 50)),
            third: [],
        }
    assert offsets(harness, first, 48, 50) == [48, 49]
    assert harness.records.identities_all({}) == {}


def test_following_gives_so_many_or_all_there_are(harness: Harness, partition: TopicPartition) -> None:
    harness.write(partition, b"a", b"b", b"c")
    assert [record.offset for record in harness.records.following(partition, 1, 1)] == [1]
    assert [record.offset for record in harness.records.following(partition, 1, 9)] == [1, 2]


def test_records_of_different_content_have_different_digests(harness: Harness, partition: TopicPartition) -> None:
    harness.write(partition, b"a", b"b")
    first, second = harness.records.identities(partition, 0, 2)
    assert first.digest != second.digest
    assert harness.records.identities(partition, 0, 1) == (first,)


def test_markers_and_aborted_records_are_not_there(harness: Harness, partition: TopicPartition) -> None:
    harness.begin(partition, b"a", b"b").commit()
    harness.begin(partition, b"c").abort()
    harness.write(partition, b"d")
    assert offsets(harness, partition, 0, 100) == [0, 1, 5]
    assert [record.offset for record in harness.records.following(partition, 2, 1)] == [5]
    assert offsets(harness, partition, 2, 5) == []


def test_an_open_transaction_holds_back_what_comes_after_it(harness: Harness, partition: TopicPartition) -> None:
    harness.write(partition, b"a")
    transaction = harness.begin(partition, b"b")
    harness.write(partition, b"c")
    assert harness.records.bounds([partition])[partition] == LogBounds(0, 1, 3)
    assert offsets(harness, partition, 0, 100) == [0]
    transaction.commit()
    assert offsets(harness, partition, 0, 100) == [0, 1, 2]


def test_the_bounds_of_many_partitions_come_at_once(harness: Harness) -> None:
    topic = harness.topic(partitions=3)
    harness.write(TopicPartition(topic, 2), b"a")
    found = harness.records.bounds([TopicPartition(topic, number) for number in range(3)])
    assert [found[TopicPartition(topic, number)].high for number in range(3)] == [0, 0, 1]


@pytest.mark.parametrize("number", [0, 7])
def test_a_partition_that_does_not_exist_is_named(harness: Harness, number: int) -> None:
    missing = TopicPartition(harness.topic() if number else "no-such-topic", number)
    with pytest.raises(NotFound, match=str(missing)):
        harness.records.bounds([missing])
    with pytest.raises(NotFound, match=str(missing)):
        harness.records.following(missing, 0, 1)


def test_with_the_bounds_comes_the_leaders_epoch_which_stays_while_nobody_is_elected(
    harness: Harness, partition: TopicPartition
) -> None:
    """By it alone a log shows that it was cut and has grown again past its old end."""
    first = harness.records.bounds([partition])[partition].leader_epoch
    harness.write(partition, b"a")
    assert first is not None
    assert harness.records.bounds([partition])[partition].leader_epoch == first
