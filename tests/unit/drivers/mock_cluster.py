"""A cluster of librdkafka's own, inside this process: real clients talk Kafka's protocol to it.

It has no replication and no rights; what it is good for is what a client does with answers, and with none.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import confluent_kafka

LIBRARIES = Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"


class MockCluster:
    """Brokers numbered from 1. ``servers`` is what clients bootstrap from."""

    def __init__(self, brokers: int) -> None:
        self._library = ctypes.CDLL(str(next(LIBRARIES.glob("librdkafka-*.so*"))))
        for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
            getattr(self._library, name).restype = ctypes.c_void_p
        self._library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        told = ctypes.create_string_buffer(512)
        conf = ctypes.c_void_p(self._library.rd_kafka_conf_new())
        producer = 0
        self._handle = ctypes.c_void_p(self._library.rd_kafka_new(producer, conf, told, ctypes.c_size_t(512)))
        assert self._handle.value, told.value
        self._cluster = ctypes.c_void_p(self._library.rd_kafka_mock_cluster_new(self._handle, brokers))
        self._library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, ctypes.c_int32(50))  # not 3000
        self.brokers = brokers
        self.servers = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def create(self, topic: str, partitions: int) -> None:
        """Create a topic."""
        create = self._library.rd_kafka_mock_topic_create
        assert create(self._cluster, topic.encode(), partitions, self.brokers) == 0

    def refuse(self, request: int, error: int) -> None:
        """Answer the next request of that kind with that error; both are numbers of Kafka's protocol."""
        errors = (ctypes.c_int * 1)(error)
        push = self._library.rd_kafka_mock_push_request_errors_array
        push(self._cluster, ctypes.c_int16(request), ctypes.c_size_t(1), errors)

    def stop(self) -> None:
        """Let no broker answer any more."""
        for number in range(1, self.brokers + 1):
            assert self._library.rd_kafka_mock_broker_set_down(self._cluster, number) == 0

    def close(self) -> None:
        """Take the cluster down."""
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._handle)


@contextmanager
def mock_cluster(brokers: int = 2) -> Iterator[MockCluster]:
    """Give a cluster for the time of a test."""
    cluster = MockCluster(brokers)
    try:
        yield cluster
    finally:
        cluster.close()
