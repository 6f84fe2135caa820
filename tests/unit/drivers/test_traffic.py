"""Commits of an ordinary member: made again while the coordinator is busy, told when they are refused."""

import threading
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from drctl.drivers.kafka import traffic
from drctl.drivers.kafka.commits import BUSY, commit
from drctl.drivers.kafka.site import KafkaSite
from drctl.model.offsets import TopicPartition as Place

PLACE = TopicPartition("turbines.readings", 0, 7)


class Coordinator(Consumer):
    """Answers commits with these codes in turn, then with success."""

    def __new__(cls, *_: object) -> "Coordinator":
        return super().__new__(cls)

    def __init__(self, *codes: int) -> None:
        super().__init__({"group.id": "unused"})
        self.codes = list(codes)
        self.taken: list[TopicPartition] | None = None

    def commit(self, **asked: Any) -> list[TopicPartition]:  # type: ignore[override]
        if self.codes:
            raise KafkaException(KafkaError(self.codes.pop(0)))
        self.taken = asked.get("offsets")
        return [PLACE]


@pytest.mark.parametrize("code", BUSY)
def test_a_commit_is_made_again_while_the_coordinator_is_busy(code: int) -> None:
    coordinator = Coordinator(code, code)
    assert commit(coordinator, [PLACE], seconds=10)
    assert coordinator.taken == [PLACE]


def test_a_coordinator_that_stays_busy_is_told() -> None:
    assert not commit(Coordinator(*[KafkaError._WAIT_COORD] * 100), [PLACE], seconds=0)


def test_nothing_to_commit_is_done() -> None:
    assert commit(Coordinator(KafkaError._NO_OFFSET), seconds=0)


@pytest.mark.parametrize("code", [KafkaError.ILLEGAL_GENERATION, KafkaError.GROUP_AUTHORIZATION_FAILED])
def test_a_commit_that_is_refused_is_not_made_again(code: int) -> None:
    coordinator = Coordinator(code)
    with pytest.raises(KafkaException):
        commit(coordinator, [PLACE], seconds=10)
    assert coordinator.taken is None


class SilentCoordinator(Coordinator):
    """Answers no commit until its site is back."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.back = threading.Event()

    def commit(self, **asked: Any) -> list[TopicPartition]:  # type: ignore[override]
        self.asked.append(asked["offsets"][0].offset)
        assert self.back.wait(60)
        return super().commit(**asked)


def test_a_commit_without_an_answer_holds_up_no_member(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "ANSWER", 0.1)
    reader = traffic.Reader(KafkaSite("north", {"bootstrap.servers": "127.0.0.1:1"}), {"group.id": "billing"}, ["t"])
    reader.consumer.close()
    reader.consumer = coordinator = SilentCoordinator()
    place = Place("turbines.readings", 0)
    for position in (7, 8):
        reader.uncommitted = {place: position}
        assert not reader.commit()
    assert reader.uncommitted == {place: 8}
    coordinator.back.set()
    reader.uncommitted = {place: 9}
    monkeypatch.setattr(traffic, "ANSWER", 60)
    assert reader.commit()
    assert coordinator.asked == [7, 9], "one that had not begun comes late, when the partition may be another's"
    assert reader.uncommitted == {}
    reader.close()


def test_who_leaves_a_site_that_came_back_commits_nothing_and_says_nothing_more() -> None:
    """What it had processed there was written down when it was abandoned, and counts elsewhere by now."""
    reader = traffic.Reader(KafkaSite("north", {"bootstrap.servers": "127.0.0.1:1"}), {"group.id": "billing"}, ["t"])
    reader.consumer.close()
    reader.consumer = coordinator = SilentCoordinator()
    said: list[str] = []
    reader.before_commit = lambda: said.append("processed")
    reader.uncommitted = {Place("turbines.readings", 0): 7}
    reader.leave()
    assert (coordinator.asked, said, reader.uncommitted) == ([], [], {})
    reader.before_commit()
    assert said == []
