"""Producers whose client ends in the middle of a window, against librdkafka's own cluster: the outcome is told."""

from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError, KafkaException

from drctl.drivers.kafka.errors import fault_of
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.traffic import Outcome, Outgoing, TransactionalWriter, Writer
from drctl.errors import Forbidden
from drctl.model.offsets import TopicPartition
from tests.unit.drivers.mock_cluster import MockCluster, mock_cluster

TOPIC = "shop.orders"
PRODUCE, PRODUCER_ID, ADD_PARTITIONS, END = 0, 22, 24, 26
"""Kinds of requests, by Kafka's protocol."""
DENIED_ID = KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
RACED = KafkaError.INVALID_TXN_STATE
WINDOW = [Outgoing(TopicPartition(TOPIC, number % 3), b"key", b"%d" % number) for number in range(60)]


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mock_cluster() as running:
        running.create(TOPIC, 3)
        yield running


@pytest.fixture
def site(cluster: MockCluster) -> Iterator[KafkaSite]:
    site = KafkaSite("north", {"bootstrap.servers": cluster.servers}, doubted=True)
    yield site
    site.close()


def test_transactions_are_committed_and_aborted(site: KafkaSite) -> None:
    writer = TransactionalWriter(site, "shop-orders")
    assert writer.write(WINDOW) is Outcome.WRITTEN
    assert sorted(filter(None, writer.offsets))
    assert writer.write(WINDOW, commit=False) is Outcome.ABORTED


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize(("request_", "error"), [(ADD_PARTITIONS, DENIED_ID), (END, RACED), (END, DENIED_ID)])
def test_a_client_that_can_never_go_on_tells_doubt_and_raises_nothing(
    cluster: MockCluster, site: KafkaSite, request_: int, error: int, *, commit: bool
) -> None:
    """Denied in the middle of a transaction, as by a fence; its delivery reports come with the fatal error."""
    writer = TransactionalWriter(site, "shop-orders")
    assert writer.write(WINDOW) is Outcome.WRITTEN
    cluster.refuse(request_, error)
    assert writer.write(WINDOW, commit=commit) in (Outcome.DOUBTFUL, Outcome.DENIED)
    assert writer.write(WINDOW) in (Outcome.DENIED, Outcome.DOUBTFUL, Outcome.WRITTEN)
    assert TransactionalWriter(site, "shop-orders").write(WINDOW) is Outcome.WRITTEN


def test_a_transactional_id_that_is_denied_from_the_start_is_forbidden(cluster: MockCluster, site: KafkaSite) -> None:
    cluster.refuse(PRODUCER_ID, DENIED_ID)
    with pytest.raises(Forbidden, match="start transactions as shop-orders"):
        TransactionalWriter(site, "shop-orders")


def test_a_plain_producer_without_the_right_to_any_topic_is_denied(cluster: MockCluster, site: KafkaSite) -> None:
    cluster.refuse(PRODUCER_ID, KafkaError.CLUSTER_AUTHORIZATION_FAILED)
    writer = Writer(site)
    assert set(writer.write(WINDOW)) == {Outcome.DENIED}
    assert writer.broken


def test_a_fatal_error_under_a_callback_is_found_and_a_defect_stays_one() -> None:
    fatal = KafkaException(KafkaError(DENIED_ID))
    wrapped = SystemError("returned a result with an exception set")
    wrapped.__cause__ = fatal
    again = SystemError("once more")
    again.__cause__ = wrapped
    assert fault_of(again).code() == DENIED_ID
    with pytest.raises(SystemError, match="of another cause"):
        fault_of(SystemError("of another cause"))
