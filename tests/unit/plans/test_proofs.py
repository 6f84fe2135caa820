"""When a proof may be used again."""

from dataclasses import replace

import pytest

from drctl.model.cluster import Topic
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.translation import Exact, Proof
from drctl.plans.proofs import Proofs
from tests.fakes import FakeWorld

P = TopicPartition("turbines.readings", 0)
ANSWER = Exact(P, 5, 6, Proof.COUNTED, 3)
WHOLE = LogBounds(0, 10, 10)


@pytest.fixture
def topic() -> Topic:
    return FakeWorld().ports().sites["north"].brokers.topics([P.topic])[P.topic]


@pytest.fixture
def proofs(topic: Topic) -> Proofs:
    proofs = Proofs()
    proofs.add(P, ({P.topic: topic}, {P.topic: topic}), (WHOLE, WHOLE), [ANSWER])
    return proofs


def test_a_proof_holds_while_both_logs_only_grow(proofs: Proofs, topic: Topic) -> None:
    topics = {P.topic: topic}, {P.topic: topic}
    grown = LogBounds(2, 40, 50)
    assert proofs.still(P, topics, (grown, grown), {5, 7}) == {5: ANSWER}


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize("bounds", [LogBounds(7, 10, 10), LogBounds(0, 9, 9)], ids=["deleted", "cut"])
def test_a_log_that_lost_records_before_or_its_end_is_compared_anew(
    proofs: Proofs, topic: Topic, bounds: LogBounds, *, here: bool
) -> None:
    topics = {P.topic: topic}, {P.topic: topic}
    assert not proofs.still(P, topics, (bounds, WHOLE) if here else (WHOLE, bounds), {5})
    assert not proofs.still(P, topics, (LogBounds(0, 20, 20), LogBounds(0, 20, 20)), {5})


def test_what_is_not_asked_for_any_more_is_forgotten(proofs: Proofs, topic: Topic) -> None:
    topics = {P.topic: topic}, {P.topic: topic}
    assert not proofs.still(P, topics, (WHOLE, WHOLE), {4})
    assert not proofs.still(P, topics, (WHOLE, WHOLE), {5})


def test_a_recreated_topic_has_no_proofs(proofs: Proofs, topic: Topic) -> None:
    topics = {P.topic: topic}, {P.topic: replace(topic, topic_id="another")}
    assert not proofs.still(P, topics, (WHOLE, WHOLE), {5})
