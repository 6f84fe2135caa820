"""A partition as one metadata request tells it: what can be asked of brokers without a quorum."""

from collections.abc import Iterator

import pytest

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import Unreachable
from drctl.model.offsets import TopicPartition
from tests.unit.drivers.mock_cluster import MockCluster, mock_cluster

TOPIC = "turbines.readings"


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mock_cluster() as made:
        made.create(TOPIC, 2)
        yield made


@pytest.fixture
def brokers(cluster: MockCluster) -> Iterator[KafkaBrokers]:
    site = KafkaSite("north", {"bootstrap.servers": cluster.servers})
    yield KafkaBrokers(site)
    site.close()


def test_a_partition_is_told_with_its_leader_and_its_replicas(brokers: KafkaBrokers) -> None:
    for number in (0, 1):
        found = brokers.partition(TopicPartition(TOPIC, number))
        assert found is not None
        assert sorted(found.replicas) == [1, 2]
        assert found.leader in found.replicas
        assert set(found.in_sync) <= set(found.replicas)


def test_a_partition_that_is_not_there_is_none(brokers: KafkaBrokers) -> None:
    assert brokers.partition(TopicPartition(TOPIC, 2)) is None


def test_brokers_that_are_gone_are_no_missing_partition(cluster: MockCluster, brokers: KafkaBrokers) -> None:
    assert brokers.partition(TopicPartition(TOPIC, 0)) is not None
    cluster.stop()
    brokers.site.timeout = 1.0
    with pytest.raises(Unreachable):
        brokers.partition(TopicPartition(TOPIC, 0))
