"""Commits of an ordinary member: made again while the coordinator is busy, told when they are refused."""

from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from drctl.drivers.kafka.traffic import BUSY, commit

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
