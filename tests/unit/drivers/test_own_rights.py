"""What brokers tell of drctl's own rights, as they tell it."""

from collections.abc import Collection
from concurrent.futures import Future
from typing import Any, NamedTuple

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation

from drctl.drivers.kafka.access import KafkaAccess
from drctl.drivers.kafka.group_requests import GROUP_RIGHTS
from drctl.drivers.kafka.site import DOUBTED_TIMEOUT, KafkaSite
from drctl.errors import Unreachable, Unsupported

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
    """Stands for the admin client: ``topics`` are errors or operations, ``within`` what time its requests were given.

    As the library, it tells None both of no operation and of operations that a broker keeps to itself.
    """

    def __init__(self, **topics: int | list[AclOperation] | None) -> None:
        self.topics, self.within = topics, set[float]()

    def describe_cluster(self, *, include_authorized_operations: bool, request_timeout: float) -> Future[Any]:
        assert include_authorized_operations
        self.within.add(request_timeout)
        return _done([AclOperation.ALTER, DESCRIBE])

    def describe_topics(
        self, wanted: TopicCollection, *, include_authorized_operations: bool, request_timeout: float
    ) -> dict[str, Future[Any]]:
        assert include_authorized_operations
        assert wanted is not None
        self.within.add(request_timeout)
        return {name: _done(told) for name, told in self.topics.items()}


def _done(told: int | list[AclOperation] | None) -> Future[Any]:
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


def test_operations_that_a_broker_keeps_to_itself_are_unknown_and_no_missing_rights(
    site: KafkaSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(site, monkeypatch, billing=(0, -(1 << 31)))
    with pytest.raises(Unsupported, match="do not tell what drctl may do with group billing"):
        KafkaAccess(site).rights([], ["billing"])
    monkeypatch.setattr(site, "admin", lambda: Brokers(orders=None))
    with pytest.raises(Unsupported, match="do not tell what drctl may do with topic orders"):
        KafkaAccess(site).rights(["orders"], [])


def test_a_site_that_is_doubted_is_not_given_more_time_than_others_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = KafkaSite("north", {"bootstrap.servers": "localhost:1"}, doubted=True)
    brokers = Brokers(orders=[READ, DESCRIBE])
    monkeypatch.setattr(made, "admin", lambda: brokers)
    KafkaAccess(made).rights(["orders"], [])
    KafkaAccess(made).may(["orders"])
    assert brokers.within == {DOUBTED_TIMEOUT}
