"""What brokers tell of drctl's own rights, as they tell it."""

from collections.abc import Collection
from concurrent.futures import Future
from typing import Any, NamedTuple

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation

from drctl.drivers.kafka.access import KafkaAccess
from drctl.drivers.kafka.group_requests import GROUP_RIGHTS
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import Unreachable

DENIED, GONE, DISCONNECTED = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.NETWORK_EXCEPTION,
)
READ, DELETE, DESCRIBE = AclOperation.READ, AclOperation.DELETE, AclOperation.DESCRIBE


class Described(NamedTuple):
    """The one part of a description that matters here."""

    authorized_operations: list[AclOperation] | None


class Brokers:
    """Stands for the admin client: ``topics`` are errors or operations."""

    def __init__(self, **topics: int | list[AclOperation]) -> None:
        self.topics = topics

    def describe_cluster(self, *, include_authorized_operations: bool, **_: object) -> Future[Any]:
        assert include_authorized_operations
        return _done([AclOperation.ALTER, DESCRIBE])

    def describe_topics(
        self, wanted: TopicCollection, *, include_authorized_operations: bool, **_: object
    ) -> dict[str, Future[Any]]:
        assert include_authorized_operations
        assert wanted is not None
        return {name: _done(told) for name, told in self.topics.items()}


def _done(told: int | list[AclOperation]) -> Future[Any]:
    future: Future[Any] = Future()
    if isinstance(told, int):
        future.set_exception(KafkaException(KafkaError(told)))
    else:
        future.set_result(Described(told))
    return future


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> KafkaSite:
    made = KafkaSite("north", {"bootstrap.servers": "localhost:1", "sasl.username": "drctl"})
    monkeypatch.setattr(made, "admin", lambda: Brokers(orders=[READ, DESCRIBE], secret=DENIED, gone=GONE))
    return made


def answering(site: KafkaSite, monkeypatch: pytest.MonkeyPatch, **groups: tuple[int, int | None]) -> None:
    def ask(asked: Collection[str], question: object) -> dict[str, tuple[int, int | None]]:
        assert question is GROUP_RIGHTS
        return {name: groups[name] for name in asked}

    monkeypatch.setattr(site, "ask_coordinators", ask)


def test_what_is_denied_is_nothing_and_what_does_not_exist_is_left_out(
    site: KafkaSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    bits = 1 << READ.value | 1 << DELETE.value | 1 << DESCRIBE.value
    answering(site, monkeypatch, billing=(0, bits), secret=(KafkaError.GROUP_AUTHORIZATION_FAILED, None))
    told = KafkaAccess(site).rights(["orders", "secret", "gone"], ["billing", "secret"])
    assert told.principal == "User:drctl"
    assert told.cluster == {"ALTER", "DESCRIBE"}
    assert told.topics == {"orders": {"READ", "DESCRIBE"}, "secret": frozenset()}
    assert told.groups == {"billing": {"READ", "DELETE", "DESCRIBE"}, "secret": frozenset()}


def test_a_group_that_nobody_tells_of_is_an_error_and_no_missing_right(
    site: KafkaSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(site, monkeypatch, billing=(DISCONNECTED, None))
    with pytest.raises(Unreachable, match="group billing"):
        KafkaAccess(site).rights([], ["billing"])


def test_a_topic_that_nobody_tells_of_is_an_error_and_no_missing_right(
    site: KafkaSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "admin", lambda: Brokers(orders=DISCONNECTED))
    with pytest.raises(Unreachable):
        KafkaAccess(site).rights(["orders"], [])
