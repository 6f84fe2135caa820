"""When a proof may be used again, and which logs are known to have been cut."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from drctl.errors import Conflict, Unreachable
from drctl.model.cluster import Topic
from drctl.model.offsets import LogBounds, RecordId, TopicPartition
from drctl.model.translation import Exact, Proof
from drctl.plans.known_records import Spans
from drctl.plans.proofs import Bounds, Proofs, SiteLogs, Topics
from tests.fakes import FakeWorld

P = TopicPartition("turbines.readings", 0)
ANSWER = Exact(P, 5, 6, Proof.COUNTED, 3)
WHOLE = LogBounds(0, 10, 10, 4)
GROWN = LogBounds(0, 40, 50, 4)
RECORDS = tuple(RecordId(offset, b"%d" % offset) for offset in range(10))


class Logs:
    """A site's log of ten records, or of what it has become; one that is ``silent`` cannot be read."""

    def __init__(self) -> None:
        self.records, self.silent = RECORDS, False

    def identities_all(self, spans: Spans) -> Mapping[TopicPartition, tuple[RecordId, ...]]:
        if self.silent:
            raise Unreachable("no broker answers")
        return {p: tuple(r for r in self.records if start <= r.offset < stop) for p, (start, stop) in spans.items()}


class Ahead:
    """What was proven under the leader of epoch 4, with all ten records of both logs read."""

    def __init__(self, topic: Topic) -> None:
        self.topics: Topics = {P.topic: topic}, {P.topic: topic}
        self.here, self.there, self.proofs = Logs(), Logs(), Proofs()
        self.look(WHOLE, WHOLE)
        readers = self.proofs.readers(self.topics, {P: (WHOLE, WHOLE)}, self.here, self.there)
        for reader in readers:
            reader.identities_all({P: (0, 10)})
        self.proofs.add(P, self.topics, [ANSWER])

    def look(self, here: LogBounds, there: LogBounds) -> None:
        sites = SiteLogs("north", self.here), SiteLogs("south", self.there)
        self.proofs.look(self.topics, {P: (here, there)}, *sites)

    def proven(self, *bounds: LogBounds) -> bool:
        """Look, and tell whether what was proven counts still."""
        here, there = bounds or (GROWN, GROWN)
        self.look(here, there)
        return bool(self.proofs.still(P, self.topics, (here, there), {5}))


@pytest.fixture
def ahead() -> Ahead:
    return Ahead(FakeWorld().ports().sites["north"].brokers.topics([P.topic])[P.topic])


def _at(here: bool, bounds: LogBounds) -> Bounds:
    return (bounds, GROWN) if here else (GROWN, bounds)


def test_a_proof_holds_while_both_logs_only_grow(ahead: Ahead) -> None:
    assert ahead.proven(LogBounds(2, 40, 50, 4), GROWN)
    assert ahead.proofs.still(P, ahead.topics, (GROWN, GROWN), {5, 7}) == {5: ANSWER}


@pytest.mark.parametrize("here", [True, False])
def test_a_log_that_lost_records_before_the_position_is_compared_anew(ahead: Ahead, *, here: bool) -> None:
    assert not ahead.proven(*_at(here, LogBounds(7, 40, 40, 4)))
    assert not ahead.proven()


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize("epoch", [4, 5])
def test_a_log_that_ends_before_where_it_ended_is_told_as_cut(ahead: Ahead, epoch: int, *, here: bool) -> None:
    site = "north" if here else "south"
    for bounds in (LogBounds(0, 9, 9, epoch), LogBounds(0, 60, 60, epoch)):  # as long as nobody has taken note of it
        with pytest.raises(Conflict, match=f"site {site}: {P} ended at 10, and ends at 9 now"):
            ahead.look(*_at(here, bounds))
    assert ahead.proofs.take_cut() == {P}
    assert not ahead.proven(*_at(here, LogBounds(0, 60, 60, epoch)))


@pytest.mark.parametrize("here", [True, False])
def test_a_log_that_grew_again_past_its_old_end_is_told_as_cut_by_its_newest_known_record(
    ahead: Ahead, *, here: bool
) -> None:
    log = ahead.here if here else ahead.there
    log.records = (*RECORDS[:-1], RecordId(9, b"another"))
    with pytest.raises(Conflict, match=f"{P} had another record at 9, and another leader since"):
        ahead.look(*_at(here, replace(GROWN, leader_epoch=5)))
    assert ahead.proofs.take_cut() == {P}
    assert not ahead.proven(*_at(here, replace(GROWN, leader_epoch=5)))


@pytest.mark.parametrize("here", [True, False])
def test_where_the_newest_known_record_is_gone_the_log_was_cut_too(ahead: Ahead, *, here: bool) -> None:
    log = ahead.here if here else ahead.there
    log.records = RECORDS[:-1]
    with pytest.raises(Conflict, match="had another record at 9"):
        ahead.look(*_at(here, replace(GROWN, leader_epoch=5)))


@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize("epoch", [5, None])
def test_after_an_election_nothing_is_proven_though_the_newest_known_record_is_the_same(
    ahead: Ahead, epoch: int | None, *, here: bool
) -> None:
    """Behind it the log may have been cut: markers that a position at the end counts were there."""
    assert not ahead.proven(*_at(here, replace(GROWN, leader_epoch=epoch)))
    assert not ahead.proofs.take_cut()
    assert not ahead.proven(*_at(here, replace(GROWN, leader_epoch=epoch)))


def test_a_record_that_retention_took_tells_nothing(ahead: Ahead) -> None:
    ahead.there.records = ()
    assert not ahead.proven(GROWN, LogBounds(10, 40, 40, 5))
    assert not ahead.proofs.take_cut()


def test_a_leader_that_is_none_any_more_is_not_believed_and_is_no_cut(ahead: Ahead) -> None:
    with pytest.raises(Conflict, match="none any more"):
        ahead.look(GROWN, LogBounds(0, 9, 9, 3))
    assert not ahead.proofs.take_cut()
    assert not ahead.proven()


def test_where_the_log_cannot_be_read_after_an_election_nothing_of_it_is_proven_any_more(ahead: Ahead) -> None:
    ahead.there.silent = True
    with pytest.raises(Unreachable):
        ahead.look(GROWN, replace(GROWN, leader_epoch=5))
    assert not ahead.proven(GROWN, replace(GROWN, leader_epoch=5))


def test_who_was_elected_since_is_told_without_forgetting_anything(ahead: Ahead) -> None:
    elected = {P: (GROWN, replace(GROWN, leader_epoch=5))}
    assert ahead.proofs.differ(ahead.topics, elected) == {P}
    assert not ahead.proofs.differ(ahead.topics, {P: (GROWN, GROWN)})
    assert ahead.proven()


def test_what_is_not_asked_for_any_more_is_forgotten(ahead: Ahead) -> None:
    assert not ahead.proofs.still(P, ahead.topics, (WHOLE, WHOLE), {4})
    assert not ahead.proofs.still(P, ahead.topics, (WHOLE, WHOLE), {5})


def test_a_recreated_topic_has_no_proofs(ahead: Ahead) -> None:
    topics = ahead.topics[0], {P.topic: replace(ahead.topics[1][P.topic], topic_id="another")}
    assert not ahead.proofs.still(P, topics, (WHOLE, WHOLE), {5})
    assert ahead.proofs.differ(topics, {P: (WHOLE, WHOLE)}) == {P}
