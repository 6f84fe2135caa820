"""Records as they are read: an end that comes too early, no timestamp, and headers that nobody can read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn, cast

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, KafkaError, Message

from drctl.drivers.kafka import records as driver
from drctl.drivers.kafka.contents import content
from drctl.drivers.kafka.headers import headers_of
from drctl.drivers.kafka.journal_copy import _joined
from drctl.drivers.kafka.records import KafkaRecords, identity, read
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.traffic import incoming
from drctl.errors import Conflict, NotProven, Unreachable, Unsupported
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.salvage import Fate
from tests.unit.drivers.brokers import Brokers
from tests.unit.drivers.logged_in import LoggedIn
from tests.unit.drivers.message import message

ORDERS = TopicPartition("orders", 0)


class Foreign(Message):
    """A record with a header name that is not UTF-8, as confluent-kafka hands it out."""

    def headers(self) -> NoReturn:
        raise SystemError("<method 'headers'> returned NULL without setting an exception")


FOREIGN = Foreign(topic="orders", partition=0, offset=7, key=b"k", value=b"v", timestamp=(TIMESTAMP_CREATE_TIME, 5))


def at(offset: int) -> Message:
    return Message(topic="orders", partition=0, offset=offset, key=b"k", value=b"%d" % offset, timestamp=(1, 5))


def end(offset: int) -> Message:
    return Message(topic="orders", partition=0, offset=offset, error=KafkaError(KafkaError._PARTITION_EOF))


class Site(LoggedIn):
    """A site whose leader tells these bounds, and what a consumer is then given."""

    def __init__(self, brokers: Brokers) -> None:
        super().__init__()
        self.brokers = brokers

    @contextmanager
    def borrow(self) -> Iterator[Brokers]:
        yield self.brokers


class Told(KafkaRecords):
    """Bounds that say that the log holds a hundred records."""

    def bounds(self, partitions: object) -> dict[TopicPartition, LogBounds]:
        del partitions
        return {ORDERS: LogBounds(0, 100, 100)}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gets nothing any more gives up at once."""
    monkeypatch.setattr(driver, "TIMEOUT", driver.PATIENCE)
    monkeypatch.setattr(driver, "KafkaRecords", Told)


def site(*messages: Message) -> KafkaSite:
    return cast("KafkaSite", Site(Brokers(messages, 100)))


def offsets(messages: Sequence[Message]) -> list[int | None]:
    return [each.offset() for each in messages]


def test_an_end_before_the_place_to_reach_is_an_error_and_not_the_end() -> None:
    with pytest.raises(Conflict, match=r"orders-0 ends at 90 .* reaches 100"):
        Told(site(*(at(n) for n in range(90)), end(90))).identities(ORDERS, 0, 100)
    with pytest.raises(Conflict, match=r"orders-0 ends at 90 .* reaches 100"):
        list(read(site(*(at(n) for n in range(90)), end(90)), ORDERS, 0))
    with pytest.raises(Conflict, match=r"orders-0 ends at 90 .* reaches 100"):
        Told(site(*(at(n) for n in range(90)), end(90))).following(ORDERS, 0, 95)


def test_an_end_that_moves_on_when_a_new_leader_knows_the_rest_is_read_on_to() -> None:
    given = (at(0), end(1), at(1), at(98), end(100))
    assert [record.offset for record in Told(site(*given)).identities(ORDERS, 0, 100)] == [0, 1, 98]
    assert offsets(list(read(site(*given), ORDERS, 0))) == [0, 1, 98]


def test_markers_before_the_end_are_not_missed() -> None:
    assert [record.offset for record in Told(site(at(3), end(100))).identities(ORDERS, 0, 100)] == [3]


def test_no_answer_at_all_is_silence() -> None:
    with pytest.raises(Unreachable, match="no records and no end from orders-0"):
        Told(site(at(0))).identities(ORDERS, 0, 100)


def test_a_record_without_a_timestamp_has_none_and_is_the_same_without_it() -> None:
    without = identity(7, message("61", "62", timestamp=(TIMESTAMP_CREATE_TIME, -1)))
    copied = identity(9, message("61", "62", timestamp=(TIMESTAMP_CREATE_TIME, 1000)))
    assert without.milliseconds is None
    assert without.digest != copied.digest
    assert without.bare == copied.bare != b""
    assert identity(9, message("61", "63")).bare != without.bare
    stamped = identity(7, message("61", "62", timestamp=(TIMESTAMP_LOG_APPEND_TIME, 1000)))
    assert stamped.digest == stamped.bare == without.bare


def test_a_record_whose_headers_cannot_be_read_says_why_and_equals_no_other() -> None:
    one, other = identity(7, FOREIGN), identity(7, FOREIGN)
    assert "not UTF-8" in one.fault
    assert one.digest != other.digest
    assert not identity(7, message("61", "62")).fault
    assert one.key == other.key != b"", "its key can be read"


def test_whoever_else_reads_headers_goes_on_or_names_the_record() -> None:
    assert headers_of(FOREIGN) is None
    assert incoming(FOREIGN).headers == {}
    with pytest.raises(Unsupported, match="orders-0 offset 7: a header name is not UTF-8"):
        content(ORDERS, FOREIGN, Fate.COMMITTED)
    with pytest.raises(NotProven, match=r"offset 7 .* is no line of a journal"):
        list(_joined("north", [FOREIGN]))
