"""The contract of Records, for the fake and the real thing."""

import pytest

from drctl.errors import NotFound
from drctl.model.offsets import LogBounds, TopicPartition
from tests.contract.stage import Stage


@pytest.fixture
def partition(stage: Stage) -> TopicPartition:
    return TopicPartition(stage.topic(), 0)


def offsets(stage: Stage, partition: TopicPartition, start: int, stop: int) -> list[int]:
    return [record.offset for record in stage.records.identities(partition, start, stop)]


def test_an_empty_log_begins_and_ends_at_nought(stage: Stage, partition: TopicPartition) -> None:
    assert stage.records.bounds([partition])[partition] == LogBounds(0, 0, 0)
    assert stage.records.identities(partition, 0, 10) == ()
    assert stage.records.following(partition, 0, 10) == ()


def test_nothing_is_asked_and_nothing_comes(stage: Stage, partition: TopicPartition) -> None:
    stage.write(partition, b"a")
    assert not stage.records.bounds([])
    assert stage.records.identities(partition, 1, 1) == ()
    assert stage.records.following(partition, 0, 0) == ()


def test_identities_are_those_from_start_up_to_stop(stage: Stage, partition: TopicPartition) -> None:
    stage.write(partition, b"a", b"b", b"c", b"d")
    assert stage.records.bounds([partition])[partition] == LogBounds(0, 4, 4)
    assert offsets(stage, partition, 1, 3) == [1, 2]
    assert offsets(stage, partition, 0, 100) == [0, 1, 2, 3]


def test_spans_of_many_partitions_are_read_side_by_side_and_again(stage: Stage) -> None:
    first, second, third = (TopicPartition(stage.topic(), 0) for _ in range(3))
    for partition in (first, second):
        stage.write(partition, *(b"%d" % number for number in range(50)))
    spans = {first: (0, 2), second: (10, 50), third: (0, 9)}
    for _ in range(2):
        found = stage.records.identities_all(spans)
        assert {p: [r.offset for r in records] for p, records in found.items()} == {
            first: [0, 1],
            second: list(range(10, 50)),
            third: [],
        }
    assert offsets(stage, first, 48, 50) == [48, 49]
    assert stage.records.identities_all({}) == {}


def test_following_gives_so_many_or_all_there_are(stage: Stage, partition: TopicPartition) -> None:
    stage.write(partition, b"a", b"b", b"c")
    assert [record.offset for record in stage.records.following(partition, 1, 1)] == [1]
    assert [record.offset for record in stage.records.following(partition, 1, 9)] == [1, 2]


def test_records_of_different_content_have_different_digests(stage: Stage, partition: TopicPartition) -> None:
    stage.write(partition, b"a", b"b")
    first, second = stage.records.identities(partition, 0, 2)
    assert first.digest != second.digest
    assert stage.records.identities(partition, 0, 1) == (first,)


def test_markers_and_aborted_records_are_not_there(stage: Stage, partition: TopicPartition) -> None:
    stage.begin(partition, b"a", b"b").commit()
    stage.begin(partition, b"c").abort()
    stage.write(partition, b"d")
    assert offsets(stage, partition, 0, 100) == [0, 1, 5]
    assert [record.offset for record in stage.records.following(partition, 2, 1)] == [5]
    assert offsets(stage, partition, 2, 5) == []


def test_an_open_transaction_holds_back_what_comes_after_it(stage: Stage, partition: TopicPartition) -> None:
    stage.write(partition, b"a")
    transaction = stage.begin(partition, b"b")
    stage.write(partition, b"c")
    assert stage.records.bounds([partition])[partition] == LogBounds(0, 1, 3)
    assert offsets(stage, partition, 0, 100) == [0]
    transaction.commit()
    assert offsets(stage, partition, 0, 100) == [0, 1, 2]


def test_the_bounds_of_many_partitions_come_at_once(stage: Stage) -> None:
    topic = stage.topic(partitions=3)
    stage.write(TopicPartition(topic, 2), b"a")
    found = stage.records.bounds([TopicPartition(topic, number) for number in range(3)])
    assert [found[TopicPartition(topic, number)].high for number in range(3)] == [0, 0, 1]


@pytest.mark.parametrize("number", [0, 7])
def test_a_partition_that_does_not_exist_is_named(stage: Stage, number: int) -> None:
    missing = TopicPartition(stage.topic() if number else "no-such-topic", number)
    with pytest.raises(NotFound, match=str(missing)):
        stage.records.bounds([missing])
    with pytest.raises(NotFound, match=str(missing)):
        stage.records.following(missing, 0, 1)


def test_with_the_bounds_comes_the_leaders_epoch_which_stays_while_nobody_is_elected(
    stage: Stage, partition: TopicPartition
) -> None:
    """By it alone a log shows that it was cut and has grown again past its old end."""
    first = stage.records.bounds([partition])[partition].leader_epoch
    stage.write(partition, b"a")
    assert first is not None
    assert stage.records.bounds([partition])[partition].leader_epoch == first
