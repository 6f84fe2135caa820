"""What is asked once more with a renewed login, and what is not."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Message

from drctl.decide.leadership import terms
from drctl.drivers.kafka import asking_again
from drctl.drivers.kafka.asking_again import AGAIN_WITHIN, asked_again, done_again, with_settings
from drctl.drivers.kafka.connections import Connections
from drctl.drivers.kafka.site import CHANGE_TIMEOUT, MARGIN, KafkaSite
from drctl.drivers.kafka.tail import TOPIC, KafkaTail
from drctl.errors import Unauthenticated, Unreachable
from drctl.service.command import SHORTEST_LEASE
from tests.unit.drivers.brokers import Brokers
from tests.unit.drivers.test_login import REJECTED
from tests.unit.drivers.test_tail import moved


class Rotated:
    """A site's login, of which a number tells the passwords that were set."""

    def __init__(self) -> None:
        self.password = 1
        self.site = KafkaSite("north", self._login)

    def _login(self) -> dict[str, str]:
        return {"bootstrap.servers": "localhost:1", "sasl.username": "drctl", "sasl.password": str(self.password)}

    def rotate(self) -> None:
        """Set another password, and let the brokers reject the one before."""
        self.password += 1
        self.site.login.causes.heard(REJECTED)


class Driver:
    """Asks with the login as it is, and is rejected unless that is the newest password, or always."""

    def __init__(self, there: Rotated, *, always: bool = False) -> None:
        self.there, self.site, self.always, self.asked = there, there.site, always, list[str]()

    def _ask(self) -> str:
        self.asked.append(used := str(self.site.config["sasl.password"]))
        if self.always or used != str(self.there.password):
            raise Unauthenticated("rejected")
        return used

    @asked_again
    def question(self) -> str:
        return self._ask()

    @asked_again
    def question_of_several(self) -> str:
        return self.question()

    @done_again
    def change(self) -> str:
        return self._ask()

    def other_change(self) -> str:
        return self._ask()


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Rotated:
    """Known already, and read again without a pause."""
    monkeypatch.setattr("drctl.drivers.kafka.login.LOOK", 0.0)
    made = Rotated()
    made.site.settings()
    monkeypatch.setattr(made.site, "admin", lambda: None)
    return made


@pytest.mark.parametrize("name", ["question", "question_of_several", "change"])
def test_what_may_be_asked_twice_is_answered_with_the_renewed_login(there: Rotated, name: str) -> None:
    driver = Driver(there)
    there.rotate()
    assert getattr(driver, name)() == "2"
    assert driver.asked == ["1", "2"]


@pytest.mark.parametrize("name", ["question", "question_of_several", "change"])
def test_with_the_same_login_nothing_is_asked_twice(there: Rotated, name: str) -> None:
    driver = Driver(there, always=True)
    there.site.login.causes.heard(REJECTED)
    with pytest.raises(Unauthenticated):
        getattr(driver, name)()
    assert driver.asked == ["1"]


@pytest.mark.parametrize("name", ["question", "question_of_several", "change"])
def test_with_a_renewed_login_nothing_is_asked_a_third_time(there: Rotated, name: str) -> None:
    driver = Driver(there, always=True)
    there.rotate()
    with pytest.raises(Unauthenticated):
        getattr(driver, name)()
    assert driver.asked == ["1", "2"]


def test_any_other_change_is_raised_and_meets_the_renewed_login_when_it_is_tried_again(there: Rotated) -> None:
    driver = Driver(there)
    there.rotate()
    with pytest.raises(Unauthenticated):
        driver.other_change()
    assert there.site.settings()["sasl.password"] == "2"
    assert driver.other_change() == "2"


def test_a_change_whose_permission_is_too_old_is_not_made_again(
    there: Rotated, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver(there)
    there.rotate()
    monkeypatch.setattr(asking_again, "AGAIN_WITHIN", -1.0)
    with pytest.raises(Unauthenticated):
        driver.change()
    assert driver.asked == ["1"]
    assert driver.change() == "2", "the login is renewed all the same"


def test_a_change_that_is_made_again_is_over_before_another_service_may_act() -> None:
    spans = terms(SHORTEST_LEASE)
    assert spans.lease - spans.act > AGAIN_WITHIN + CHANGE_TIMEOUT + MARGIN


def test_an_answer_that_is_waited_for_is_given_up_once_there_is_another_login(there: Rotated) -> None:
    nobody: Future[Any] = Future()
    there.rotate()
    with pytest.raises(Unauthenticated, match="reject user drctl: wrong word"):
        there.site.wait(nobody, "describe the cluster")


def test_an_answer_is_waited_for_as_ever_while_the_login_is_the_same(there: Rotated) -> None:
    nobody: Future[Any] = Future()
    there.site.login.causes.heard(REJECTED)
    with pytest.raises(Unreachable) as told:
        there.site.wait(nobody, "describe the cluster", -1.5)
    assert not isinstance(told.value, Unauthenticated)


def test_an_answer_that_came_with_the_rejection_counts(there: Rotated) -> None:
    answered: Future[str] = Future()
    answered.set_result("so")
    there.rotate()
    assert there.site.wait(answered, "describe the cluster") == "so"


def test_a_question_by_a_connection_of_its_own_is_asked_with_what_it_was_renewed_to(there: Rotated) -> None:
    used: list[str] = []

    def ask(settings: Any) -> str:
        used.append(settings["sasl.password"])
        if len(used) == 1:
            there.rotate()
            raise Unauthenticated("rejected")
        return "answer"

    assert with_settings(there.site.settings, there.site.renewed, ask) == "answer"
    assert used == ["1", "2"]


def test_a_connection_is_made_again_with_the_renewed_login(monkeypatch: pytest.MonkeyPatch, there: Rotated) -> None:
    tried: list[str] = []

    @contextmanager
    def connected(name: str, host: str, port: int, settings: Any, seconds: float) -> Iterator[str]:
        tried.append(settings["sasl.password"])
        if tried == ["1"]:
            there.rotate()
            raise Unauthenticated("rejected")
        yield f"{name} {host}:{port} {seconds > 1}"

    monkeypatch.setattr("drctl.drivers.kafka.connections.connected", connected)
    with Connections(there.site.settings, there.site.renewed).to("it", ("here", 1), 5) as line:
        assert str(line) == "it here:1 True"
    assert tried == ["1", "2"]


class TailSite:
    """A site that gives a consumer per login, each with its messages; ``begins`` tells where each was to begin."""

    def __init__(self, there: Rotated, *each: list[Message]) -> None:
        self.name, self._there, self._each, self.begins = "north", there.site, list(each), list[list[int]]()
        self.consumers: list[Placed] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._there, name)

    def consumer(self, _: dict[str, Any]) -> Consumer:
        self.consumers.append(Placed(self._each.pop(0), self.begins))
        return self.consumers[-1]


class Placed(Brokers):
    """Notes where it was to begin, and that it was closed."""

    def __init__(self, messages: list[Message], begins: list[list[int]]) -> None:
        super().__init__(messages, 2)
        self.begins, self.is_closed = begins, False

    def assign(self, *places: Any) -> None:
        self.begins.append([place.offset for place in places[0]])

    def close(self) -> None:
        self.is_closed = True


def test_a_tail_whose_login_was_renewed_goes_on_behind_what_it_told(there: Rotated) -> None:
    site: Any = TailSite(there, [moved(0, 5)], [moved(1, 6)])
    tail = KafkaTail(site, {0: 0})
    first = tail.poll(0)
    there.rotate()
    second = tail.poll(0)
    assert [len(first.changes), len(second.changes)] == [1, 1]
    assert first.changes != second.changes
    assert site.begins == [[0], [1]]
    assert [each.is_closed for each in site.consumers] == [True, False]
    assert second.behind == 0


def test_a_tail_goes_on_behind_what_it_told_although_the_first_attempt_to_connect_failed(
    there: Rotated, monkeypatch: pytest.MonkeyPatch
) -> None:
    site: Any = TailSite(there, [moved(0, 5)], [moved(1, 6)])
    tail = KafkaTail(site, {0: 0})
    tail.poll(0)
    there.rotate()
    with monkeypatch.context() as down:

        def silent(_: object) -> Consumer:
            raise Unreachable("site north: cannot connect")

        down.setattr(site, "consumer", silent, raising=False)
        with pytest.raises(Unreachable):
            tail.poll(0)
    assert len(tail.poll(0).changes) == 1
    assert site.begins == [[0], [1]]


def test_a_fault_of_the_tail_is_no_renewal(there: Rotated) -> None:
    fault = Message(topic=TOPIC, partition=0, offset=0, error=KafkaError(KafkaError._TRANSPORT))
    site: Any = TailSite(there, [fault])
    with pytest.raises(Unreachable):
        KafkaTail(site, {0: 0}).poll(0)
    assert len(site.begins) == 1
