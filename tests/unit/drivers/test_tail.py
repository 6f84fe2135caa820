"""The tail of __consumer_offsets: how far it is, what transactions hide of it, and faults among what it reads."""

from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, Message

from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.tail import TOPIC, KafkaTail
from drctl.drivers.kafka.tail_progress import STUCK, TailProgress
from drctl.errors import Unreachable
from drctl.model.changes import PositionMoved, UndecidedPartitions, partition_of
from tests.unit.drivers.brokers import Brokers
from tests.unit.drivers.logged_in import LoggedIn


def begun(*numbers: int) -> TailProgress:
    return TailProgress(dict.fromkeys(numbers, -2))


def test_the_first_records_of_a_partition_are_not_all_that_was_there() -> None:
    progress = begun(0, 1)
    progress.read(0, 0)
    progress.measure({0: 10, 1: 10}, now=0)
    progress.read(1, 0)
    progress.measure({0: 10, 1: 10}, now=100)
    assert progress.behind() is None
    progress.read(0, 9)
    progress.measure({0: 12, 1: 10}, now=100)
    assert progress.behind() is None
    progress.read(1, 9)
    progress.measure({0: 12, 1: 10}, now=100)
    assert progress.behind() == 2


def test_a_partition_that_told_nothing_keeps_the_rest_unknown() -> None:
    progress = begun(0, 1)
    progress.end(0, 0)
    progress.measure({0: 0}, now=0)
    assert progress.behind() is None
    progress.end(1, 0)
    progress.measure({0: 0, 1: 0}, now=0)
    assert progress.behind() == 0


def test_an_end_below_the_high_watermark_is_not_the_end() -> None:
    progress = begun(0)
    progress.end(0, 5)
    progress.measure({0: 5}, now=0)
    assert progress.behind() == 0
    progress.measure({0: 7}, now=1)
    assert progress.behind() == 2
    assert progress.undecided() == UndecidedPartitions(frozenset(), 1, 0)


def test_what_a_transaction_hides_that_does_not_end_is_named_and_shows_again_once_it_ended() -> None:
    progress = begun(0, 1)
    progress.end(0, 5)
    progress.end(1, 3)
    progress.measure({0: 7, 1: 3}, now=0)
    assert progress.behind() is None
    progress.measure({0: 9, 1: 3}, now=STUCK)
    assert (progress.behind(), progress.undecided()) == (4, UndecidedPartitions(frozenset({0}), 2, 4))
    progress.read(0, 8)
    progress.measure({0: 9, 1: 3}, now=STUCK)
    assert (progress.behind(), progress.undecided()) == (0, UndecidedPartitions(frozenset(), 2, 0))


def test_transactions_that_follow_one_another_hide_nothing_for_good() -> None:
    progress = begun(0)
    for number in range(10):
        progress.end(0, number)
        progress.measure({0: number + 1}, now=number * STUCK * 0.9)
        assert not progress.undecided().partitions


def test_a_backlog_that_is_not_read_yet_is_not_taken_for_hidden() -> None:
    progress = begun(0)
    progress.read(0, 0)
    progress.measure({0: 100}, now=0)
    progress.measure({0: 100}, now=10 * STUCK)
    assert progress.behind() is None
    assert not progress.undecided().partitions


@pytest.mark.parametrize(
    ("group", "number"), [("", 0), ("g", 3), ("streams-eos", 21), ("größe", 7), ("polygenelubricants", 0)]
)
def test_a_group_lives_where_javas_hash_puts_it(group: str, number: int) -> None:
    assert partition_of(group, 50) == number


class OnePartition(LoggedIn):
    """A site with these brokers and one partition of the topic."""

    def __init__(self, brokers: Brokers) -> None:
        super().__init__()
        self.brokers = brokers

    def consumer(self, _: dict[str, Any]) -> Consumer:
        return self.brokers


def tail(*messages: Message, high: int) -> KafkaTail:
    return KafkaTail(cast("KafkaSite", OnePartition(Brokers(messages, high))), {0: 0})


def moved(offset: int, position: int) -> Message:
    """Group ``g`` commits a position in ``orders-0``: key version 1, value version 0."""
    key = b"\x00\x01\x00\x01g\x00\x06orders" + (0).to_bytes(4, "big")
    value = b"\x00\x00" + position.to_bytes(8, "big") + b"\x00\x00" + (1).to_bytes(8, "big")
    return Message(topic=TOPIC, partition=0, offset=offset, key=key, value=value)


def fault(code: int, offset: int = 0) -> Message:
    return Message(topic=TOPIC, partition=0, offset=offset, error=KafkaError(code))


def test_a_fault_in_a_batch_loses_no_change_before_or_after_it_and_is_raised() -> None:
    broken = tail(moved(0, 5), fault(KafkaError._TRANSPORT), moved(1, 2), high=2)
    told = broken.poll(0)
    assert [change.committed.offset for change in told.changes if isinstance(change, PositionMoved)] == [5, 2]
    assert told.behind is None
    with pytest.raises(Unreachable, match=TOPIC):
        broken.poll(0)
    assert broken.poll(0).behind == 0


def test_a_fault_alone_is_raised_at_once() -> None:
    with pytest.raises(Unreachable, match=TOPIC):
        tail(fault(KafkaError._TRANSPORT), high=2).poll(0)


def test_the_end_that_a_reader_is_told_is_held_against_the_high_watermark() -> None:
    hidden = tail(moved(0, 5), fault(KafkaError._PARTITION_EOF, 1), high=3)
    assert hidden.poll(0).behind is None
    known = tail(moved(0, 5), fault(KafkaError._PARTITION_EOF, 1), high=1)
    assert known.poll(0).behind == 0
