"""The index of sessions: what moved, what went, and who was there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.drivers.kafka.polled_tail import FallbackTail, PolledTail
from drctl.errors import DeadlinePassed, Forbidden
from drctl.model.changes import (
    Change,
    GroupForgotten,
    GroupSeen,
    PositionForgotten,
    PositionMoved,
    TailBatch,
    partition_of,
)
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupProtocol, Member
from drctl.monitors.sessions import Held, Sessions, follow, read_sessions
from tests.fakes import FakePositions, FakeSite, FakeTail
from tests.fakes.site import COORDINATORS

A, B = TopicPartition("orders", 0), TopicPartition("orders", 1)


def moved(partition: TopicPartition, offset: int, group: str = "g", at: int = 1) -> PositionMoved:
    return PositionMoved(group, partition, Committed(offset), at)


def test_what_moved_is_told_once() -> None:
    sessions = Sessions()
    sessions.apply([moved(A, 5), moved(B, 6), moved(A, 7)])
    assert sessions.take_moved() == {"g": {A, B}}
    assert not sessions.take_moved()
    assert sessions.positions("g") == {A: Held(Committed(7), 1), B: Held(Committed(6), 1)}


def test_a_commit_of_the_same_offset_is_no_move_and_renews_its_time() -> None:
    sessions = Sessions()
    sessions.apply([moved(A, 5)])
    sessions.take_moved()
    sessions.apply([moved(A, 5, at=9)])
    assert not sessions.take_moved()
    assert sessions.positions("g")[A].milliseconds == 9


def test_other_metadata_at_the_same_offset_is_a_move() -> None:
    sessions = Sessions()
    sessions.apply([moved(A, 5)])
    sessions.take_moved()
    sessions.apply([PositionMoved("g", A, Committed(5, "new"), 2)])
    assert sessions.take_moved() == {"g": {A}}
    assert sessions.positions("g")[A].committed == Committed(5, "new")


def test_a_rewind_is_a_move() -> None:
    sessions = Sessions()
    sessions.apply([moved(A, 5)])
    sessions.take_moved()
    sessions.apply([moved(A, 2)])
    assert sessions.take_moved() == {"g": {A}}


def test_a_position_that_was_deleted_is_forgotten_and_may_come_again() -> None:
    sessions = Sessions()
    sessions.apply([moved(A, 5), moved(B, 5), PositionForgotten("g", A)])
    assert sessions.take_moved() == {"g": {B}}
    assert sessions.take_forgotten() == {"g": {A}}
    sessions.apply([PositionForgotten("g", B), moved(B, 1)])
    assert not sessions.take_forgotten().get("g")
    assert sessions.take_moved() == {"g": {B}}


def test_members_are_those_told_last_and_a_group_without_anything_is_gone() -> None:
    sessions = Sessions()
    member = Member("m", "c", "/h", "static")
    sessions.apply([GroupSeen("g", GroupProtocol.CLASSIC, (member,)), moved(A, 1)])
    assert sessions.members("g") == (member,)
    assert sessions.protocol("g") is GroupProtocol.CLASSIC
    sessions.apply([PositionForgotten("g", A), GroupForgotten("g")])
    assert not sessions.groups()
    assert sessions.members("g") == ()
    assert sessions.positions("g") == {}
    assert sessions.protocol("g") is GroupProtocol.OTHER


CHANGES = st.lists(
    st.one_of(
        st.builds(moved, st.sampled_from([A, B]), st.integers(0, 3), st.sampled_from("gh")),
        st.builds(PositionForgotten, st.sampled_from("gh"), st.sampled_from([A, B])),
        st.builds(GroupForgotten, st.sampled_from("gh")),
    ),
    max_size=30,
)


@given(batches=st.lists(CHANGES, max_size=5))
def test_whoever_follows_what_moved_and_what_went_holds_the_same_positions(batches: list[list[Change]]) -> None:
    sessions, copy = Sessions(), dict[tuple[str, TopicPartition], int]()
    for batch in batches:
        sessions.apply(batch)
        for group, partitions in sessions.take_forgotten().items():
            for partition in partitions:
                copy.pop((group, partition), None)
        for group, partitions in sessions.take_moved().items():
            for partition in partitions:
                copy[group, partition] = sessions.positions(group)[partition].committed.offset
    held = {(g, p): h.committed.offset for g in sessions.groups() for p, h in sessions.positions(g).items()}
    assert copy == held


def test_a_group_that_a_transaction_hides_is_unknown_and_the_others_are_read() -> None:
    site = FakeSite("north", {"orders": 2})
    for group in ("billing", "dispatch"):
        site.group(group).committed[A] = Committed(5)
    site.hidden = {partition_of("dispatch", COORDINATORS)}
    sessions = read_sessions(FakeTail(site), site.clock, "north", 5.0, ("billing",))
    assert sessions.groups() == {"billing"}
    with pytest.raises(DeadlinePassed, match="hides the commits of dispatch"):
        read_sessions(FakeTail(site), site.clock, "north", 5.0, ("billing", "dispatch"))


def test_a_round_of_asking_goes_on_for_all_groups_but_the_one_whose_transaction_is_open() -> None:
    site = FakeSite("north", {"orders": 2})
    for group in ("billing", "dispatch"):
        site.group(group).committed.update({A: Committed(5), B: Committed(6)})
    tail, sessions = PolledTail(FakePositions(site), site.clock), Sessions()
    follow(tail, sessions, site.clock, 1.0)
    site.pending = {"billing": {A}}
    site.groups["billing"].committed |= {A: Committed(9), B: Committed(7)}
    site.groups["dispatch"].committed[A] = Committed(8)
    followed = follow(tail, sessions, site.clock, 1.0)
    assert followed.behind == 1
    assert sessions.undecided.hides("billing")
    assert not sessions.undecided.hides("dispatch")
    assert {p: held.committed.offset for p, held in sessions.positions("dispatch").items()} == {A: 8, B: 6}
    assert {p: held.committed.offset for p, held in sessions.positions("billing").items()} == {A: 5, B: 7}
    assert not sessions.take_forgotten()
    site.pending = {}
    follow(tail, sessions, site.clock, 1.0)
    assert sessions.positions("billing")[A].committed.offset == 9
    assert not sessions.undecided.hides("billing")


class Denied(FakeTail):
    """A tail that may be read until the right to it is taken away."""

    denied = False

    def poll(self, seconds: float) -> TailBatch:
        if self.denied:
            raise Forbidden("north: topic __consumer_offsets may not be read")
        return super().poll(seconds)


def test_what_is_gone_when_asking_takes_over_from_the_tail_is_forgotten() -> None:
    site = FakeSite("north", {"orders": 2})
    for group in ("billing", "dispatch", "gone", "open"):
        site.group(group).committed.update({A: Committed(5), B: Committed(6)})
    written, sessions = Denied(site), Sessions()
    tail = FallbackTail(written, PolledTail(FakePositions(site), site.clock))
    follow(tail, sessions, site.clock, 1.0)
    sessions.take_moved()
    written.denied = True
    del site.groups["billing"].committed[A], site.groups["gone"]
    site.groups["dispatch"].committed[A] = Committed(9)
    site.pending = {"open": {A}}
    followed = follow(tail, sessions, site.clock, 1.0)
    assert followed.polled is not None
    assert sessions.take_forgotten() == {"billing": {A}, "gone": {A, B}}
    assert sessions.groups() == {"billing", "dispatch", "open"}
    assert sessions.take_moved() == {"dispatch": {A}}
    assert sessions.positions("open").keys() == {A, B}, "what a transaction hides is not gone"
    follow(tail, sessions, site.clock, 1.0)
    assert not sessions.take_forgotten()
