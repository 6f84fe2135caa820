"""What brokers answer about several topics, where one of them is deleted meanwhile."""

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, ClassVar, override

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource

from drctl.drivers.kafka.brokers import KafkaBrokers
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


class DeletedMeanwhile(AdminClient):
    """Lists a topic that is deleted before anything else is asked of it. Otherwise the client itself."""

    def list_topics(self, *_: object, **__: object) -> SimpleNamespace:  # type: ignore[override]
        return SimpleNamespace(topics={"orders": None})

    def describe_topics(self, *_: object, **__: object) -> dict[str, "Future[str]"]:  # type: ignore[override]
        return {"orders": answer(KafkaError.UNKNOWN_TOPIC_OR_PART)}

    def describe_configs(self, *_: object, **__: object) -> dict[object, "Future[str]"]:  # type: ignore[override]
        return {}


def test_where_every_topic_was_deleted_since_it_was_listed_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    site = KafkaSite("north", {"bootstrap.servers": "localhost:1"})
    monkeypatch.setattr(site, "admin", lambda: DeletedMeanwhile({"bootstrap.servers": "localhost:1"}))
    assert KafkaBrokers(site).topics(["orders"]) == {}


class Noted(Future[Any]):
    """Notes that somebody waits for it."""

    def __init__(self, asked: list[str], found: object) -> None:
        super().__init__()
        self.asked = asked
        self.set_result(found)

    @override
    def result(self, timeout: float | None = None) -> Any:
        self.asked.append("waited")
        return super().result(timeout)


class Noting(DeletedMeanwhile):
    """Notes what is asked, and in which order."""

    asked: ClassVar[list[str]] = []

    def describe_topics(self, *_: object, **__: object) -> dict[str, Noted]:  # type: ignore[override]
        self.asked.append("topics")
        return {"orders": Noted(self.asked, SimpleNamespace(topic_id="a+b/c", partitions=[]))}

    def describe_configs(self, resources: list[ConfigResource], **__: object) -> dict[ConfigResource, Noted]:  # type: ignore[override]
        self.asked.append("configs")
        return {resources[0]: Noted(self.asked, {"cleanup.policy": SimpleNamespace(value="compact")})}


def test_partitions_and_settings_are_asked_for_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    site, admin = KafkaSite("north", {"bootstrap.servers": "localhost:1"}), Noting({"bootstrap.servers": "localhost:1"})
    monkeypatch.setattr(site, "admin", lambda: admin)
    found = KafkaBrokers(site).topics(["orders"])
    assert (found["orders"].topic_id, found["orders"].compacted) == ("a-b_c", True)
    assert admin.asked == ["topics", "configs", "waited", "waited"]


def test_what_may_not_be_seen_is_not_taken_for_deleted() -> None:
    site = KafkaSite("north", {"bootstrap.servers": "localhost:1"})
    told = {"orders": answer(KafkaError.TOPIC_AUTHORIZATION_FAILED)}
    with pytest.raises(Forbidden):
        site.wait_present(told.items(), "describe topics")
