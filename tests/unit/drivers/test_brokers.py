"""What brokers answer about several topics, where one of them is deleted meanwhile."""

from concurrent.futures import Future

import pytest
from confluent_kafka import KafkaError, KafkaException

from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import Forbidden


def answer(found: str | int) -> "Future[str]":
    """An answer, or a Kafka error's code."""
    future: Future[str] = Future()
    if isinstance(found, str):
        future.set_result(found)
    else:
        future.set_exception(KafkaException(KafkaError(found)))
    return future


def test_a_topic_that_was_deleted_since_it_was_listed_is_left_out_and_the_others_are_told() -> None:
    site = KafkaSite("north", {"bootstrap.servers": "localhost:1"})
    told = {"orders": answer("3 partitions"), "gone": answer(KafkaError.UNKNOWN_TOPIC_OR_PART)}
    assert site.wait_present(told.items(), "describe topics") == {"orders": "3 partitions"}


def test_what_may_not_be_seen_is_not_taken_for_deleted() -> None:
    site = KafkaSite("north", {"bootstrap.servers": "localhost:1"})
    told = {"orders": answer(KafkaError.TOPIC_AUTHORIZATION_FAILED)}
    with pytest.raises(Forbidden):
        site.wait_present(told.items(), "describe topics")
