"""Commits of an ordinary member: made again while the coordinator is busy, told when they are refused."""

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from drctl.drivers.kafka import member
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


class SlowCoordinator(Coordinator):
    """Takes asynchronous commits; answers the oldest one when it is polled, with the next of these codes, if any."""

    def __init__(self, *codes: int | None) -> None:
        super().__init__()
        self.answers = list(codes)
        self.asked: list[list[TopicPartition]] = []
        self.owned: list[TopicPartition] = []
        self.reader: Any = None

    def commit(self, **asked: Any) -> None:  # type: ignore[override]
        assert asked["asynchronous"], "a synchronous commit holds up every other call of a client"
        self.asked.append(asked["offsets"])

    def poll(self, _: float) -> None:  # type: ignore[override]
        if self.answers:
            code = self.answers.pop(0)
            self.reader._answered(None if code is None else KafkaError(code), self.asked[-1])

    def assignment(self) -> list[TopicPartition]:
        return self.owned

    def positions(self) -> list[int]:
        return [each.offset for asked in self.asked for each in asked]


def _member(*codes: int | None) -> tuple[member.Reader, SlowCoordinator]:
    reader = member.Reader(KafkaSite("north", {"bootstrap.servers": "127.0.0.1:1"}), {"group.id": "billing"}, ["t"])
    reader.consumer.close()
    reader.consumer = coordinator = SlowCoordinator(*codes)
    coordinator.reader = reader
    return reader, coordinator


SEAT = Place(PLACE.topic, PLACE.partition)


def test_while_a_commit_has_no_answer_a_member_goes_on_and_begins_no_other_one() -> None:
    """The other one would come when its site is back, and the partition may be another member's by then."""
    reader, coordinator = _member(None, None)
    said: list[int | None] = []
    reader.before_commit = lambda: said.append(reader.uncommitted.get(SEAT))
    for position in (7, 8):
        reader.uncommitted = {SEAT: position}
        assert not reader.commit()
    assert (coordinator.positions(), said) == ([7], [7, 8])
    reader.poll(0)
    assert reader.uncommitted == {SEAT: 8}, "an answer to 7 says nothing of 8"
    assert not reader.commit()
    reader.poll(0)
    assert reader.commit()
    assert (coordinator.positions(), reader.uncommitted) == ([7, 8], {})


def test_who_ends_waits_for_the_commit_under_way_and_for_its_last_one() -> None:
    reader, coordinator = _member(None, KafkaError.REBALANCE_IN_PROGRESS, None)
    reader.uncommitted = {SEAT: 7}
    reader.commit()
    reader.uncommitted = {SEAT: 8}
    reader.close()
    assert (coordinator.positions(), reader.uncommitted) == ([7, 8, 8], {})


def test_who_ends_gives_up_where_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "PATIENCE", 0.05)
    reader, coordinator = _member()
    reader.uncommitted = {SEAT: 7}
    reader.close()
    assert (coordinator.positions(), reader.uncommitted) == ([7], {SEAT: 7})


def test_who_ends_asks_no_more_once_it_is_refused() -> None:
    reader, coordinator = _member(KafkaError.ILLEGAL_GENERATION)
    coordinator.owned = [PLACE]
    reader.uncommitted = {SEAT: 7, Place("t", 1): 3}
    reader.close()
    assert (len(coordinator.asked), reader.uncommitted) == (1, {SEAT: 7}), "what is another's by now is forgotten"


def test_of_a_commit_that_is_taken_in_part_the_rest_is_committed_with_the_next() -> None:
    reader, _ = _member()
    reader.uncommitted = {SEAT: 7, Place("t", 1): 3}
    taken, busy = PLACE, SimpleNamespace(topic="t", partition=1, offset=3, error=KafkaError(BUSY[0]))
    reader._answered(None, [taken, busy])  # type: ignore[list-item]
    assert reader.uncommitted == {Place("t", 1): 3}


def test_a_client_that_can_never_go_on_ends_without_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, coordinator = _member()

    def fatal(**_: Any) -> None:
        raise KafkaException(KafkaError(KafkaError._FATAL))

    monkeypatch.setattr(coordinator, "commit", fatal, raising=False)
    reader.uncommitted = {SEAT: 7}
    reader.close()
    assert reader.uncommitted == {}


def test_who_leaves_a_site_that_came_back_commits_nothing_and_says_nothing_more() -> None:
    """What it had processed there was written down when it was abandoned, and counts elsewhere by now."""
    reader, coordinator = _member()
    said: list[str] = []
    reader.before_commit = lambda: said.append("processed")
    reader.uncommitted = {SEAT: 7}
    reader.leave()
    assert (coordinator.asked, said, reader.uncommitted) == ([], [], {})
    reader.before_commit()
    assert said == []
