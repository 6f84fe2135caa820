"""The canary's real clients against librdkafka's own cluster: what they are given, and that silence holds nobody up."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import pytest
from confluent_kafka import KafkaError, Message

from drctl.drivers.kafka import canary_topic
from drctl.drivers.kafka.canary_topic import KafkaCanaryReader, KafkaCanarySite
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Forbidden, NotFound, Unreachable
from drctl.model.canary import CANARY_RECORDS, WriteAnswer
from tests.unit.drivers.mock_cluster import MockCluster, mock_cluster

CLOCK = SystemClock()
HEADER = "number"
PRODUCE, PRODUCER_ID = 0, 22
"""Kinds of requests, by Kafka's protocol."""
LONG = 30.0


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mock_cluster() as running:
        running.create(CANARY_RECORDS, 3)
        running.create(f"north.{CANARY_RECORDS}", 1)
        yield running


class GivesOnly:
    """A consumer to which the brokers give one message, and none after it."""

    def __init__(self, message: Message) -> None:
        self.messages = [message]

    def consume(self, _: int, __: float) -> list[Message]:
        found, self.messages = self.messages, []
        return found


@contextmanager
def canary(cluster: MockCluster, *copies: str) -> Iterator[KafkaCanarySite]:
    site = KafkaSite("north", {"bootstrap.servers": cluster.servers}, doubted=True)
    try:
        yield KafkaCanarySite(site, HEADER, copies)
    finally:
        site.close()


def minute_ago() -> float:
    return CLOCK.now().timestamp() - 60


def gathered[T](ask: Callable[[], Sequence[T]], count: int) -> list[T]:
    """Ask again until that many have come."""
    found: list[T] = []
    deadline = CLOCK.monotonic() + LONG
    while len(found) < count and CLOCK.monotonic() < deadline:
        found += ask()
        CLOCK.sleep(0.02)
    return found


def test_what_is_sent_is_acknowledged_and_found_by_reader_and_group(cluster: MockCluster) -> None:
    with canary(cluster) as site:
        assert site.partitions() == 3
        with closing(site.reader(minute_ago())) as reader, closing(site.producer()) as producer:
            assert reader.has_all()
            for number in range(12):
                producer.send(number, number % 3, b"header %d" % number, b"value %d" % number)
            answers = gathered(producer.answers, 12)
            assert sorted(answers) == [(number, WriteAnswer.WRITTEN) for number in range(12)]
            assert not reader.has_all()
            found = gathered(reader.read, 12)
            assert sorted((each.partition, each.offset, each.number, each.value) for each in found) == sorted(
                (number % 3, number // 3, b"header %d" % number, b"value %d" % number) for number in range(12)
            )
            assert reader.has_all()
            with closing(site.member()) as member:
                processed = gathered(member.read, 12)
            assert sorted(processed, key=str) == sorted(found, key=str)
            producer.send(99, 0, b"header", b"value")
            with closing(site.member()) as again:
                assert [each.value for each in gathered(again.read, 1)] == [b"value"]


def test_copies_under_another_name_are_read_too(cluster: MockCluster) -> None:
    with canary(cluster, "north.") as site:
        reader = site.reader(minute_ago())
        assert isinstance(reader, KafkaCanaryReader)
        assert sorted(reader.reached) == [*((CANARY_RECORDS, n) for n in range(3)), (f"north.{CANARY_RECORDS}", 0)]
        reader.close()


def test_a_topic_that_is_created_later_is_read_from_its_beginning(cluster: MockCluster) -> None:
    with canary(cluster, "south.") as site:
        reader = site.reader(minute_ago())
        cluster.create(f"south.{CANARY_RECORDS}", 1)
        assert reader.has_all()
        assert isinstance(reader, KafkaCanaryReader)
        assert (f"south.{CANARY_RECORDS}", 0) in reader.reached
        reader.close()


def test_a_site_without_the_topic_says_so() -> None:
    with mock_cluster() as cluster, canary(cluster) as site:
        with pytest.raises(NotFound, match=f"no topic {CANARY_RECORDS}"):
            site.partitions()
        with pytest.raises(NotFound, match=f"no topic {CANARY_RECORDS}"):
            site.reader(0.0)


def test_who_may_write_to_no_topic_gets_no_producer_id_and_is_denied_each_record(cluster: MockCluster) -> None:
    with canary(cluster) as site, closing(site.reader(minute_ago())) as reader:
        cluster.refuse(PRODUCER_ID, KafkaError.CLUSTER_AUTHORIZATION_FAILED)
        with closing(site.producer()) as producer:
            for number in (1, 2):
                producer.send(number, 0, b"header", b"value")
            assert sorted(gathered(producer.answers, 2)) == [(1, WriteAnswer.DENIED), (2, WriteAnswer.DENIED)]
            assert producer.answers() == []
        assert reader.has_all()


def test_a_record_that_is_denied_is_told_and_the_ones_before_it_are_written(cluster: MockCluster) -> None:
    with canary(cluster) as site, closing(site.producer()) as producer:
        producer.send(1, 0, b"header", b"value")
        assert gathered(producer.answers, 1) == [(1, WriteAnswer.WRITTEN)]
        cluster.refuse(PRODUCE, KafkaError.TOPIC_AUTHORIZATION_FAILED)
        producer.send(2, 0, b"header", b"value")
        assert gathered(producer.answers, 1) == [(2, WriteAnswer.DENIED)]


def test_a_site_that_falls_silent_is_told_and_leaves_writes_in_doubt(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary_topic, "PATIENCE", 1.5)
    with canary(cluster) as site, closing(site.reader(minute_ago())) as reader, closing(site.producer()) as producer:
        cluster.stop()
        producer.send(1, 0, b"header", b"value")
        assert producer.answers() == []
        assert reader.read() == []
        with pytest.raises(Unreachable):
            reader.has_all()
        assert gathered(producer.answers, 1) == [(1, WriteAnswer.DOUBTFUL)]


def test_two_members_of_the_group_know_that_they_are_not_alone(cluster: MockCluster) -> None:
    with canary(cluster) as site, closing(site.member()) as one:
        assert one.is_alone()
        with closing(site.member()) as other:
            deadline = CLOCK.monotonic() + LONG
            while (one.is_alone() or other.is_alone()) and CLOCK.monotonic() < deadline:
                one.read()
                other.read()
                CLOCK.sleep(0.02)
            assert (one.is_alone(), other.is_alone()) == (False, False)


def test_a_reader_that_is_denied_to_read_says_so_and_not_only_that_records_are_missing(cluster: MockCluster) -> None:
    with canary(cluster) as site, closing(site.reader(minute_ago())) as reader, closing(site.producer()) as producer:
        assert isinstance(reader, KafkaCanaryReader)
        denied = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
        consumer, reader.consumer = reader.consumer, GivesOnly(Message(CANARY_RECORDS, 0, error=denied))  # type: ignore[assignment]
        assert reader.read() == []
        producer.send(1, 0, b"header", b"value")
        assert gathered(producer.answers, 1) == [(1, WriteAnswer.WRITTEN)]
        for _ in range(2):
            with pytest.raises(Forbidden, match=f"cannot read {CANARY_RECORDS}"):
                reader.has_all()
        reader.consumer = consumer
        assert [each.value for each in gathered(reader.read, 1)] == [b"value"]
        assert reader.has_all()
