"""Positions that are followed are the same as those that are asked for."""

from dataclasses import dataclass, replace

from drctl.errors import Forbidden
from drctl.model.changes import TailBatch
from drctl.model.offsets import Committed, TopicPartition
from drctl.plans.followed import FollowedPositions
from drctl.ports import SitePorts, Tail
from tests.fakes import FakeWorld

READINGS = TopicPartition("turbines.readings", 0)


@dataclass
class Slow:
    """A tail that never comes to its end."""

    tail: Tail

    def poll(self, seconds: float) -> TailBatch:
        return self.tail.poll(seconds)

    def catch_up(self, seconds: float) -> TailBatch:
        del seconds
        return TailBatch((), 7)

    def from_now(self) -> Tail:
        return self

    def close(self) -> None:
        """Nothing is open."""


class Closed(Slow):
    """A tail that may not be read."""

    def from_now(self) -> Tail:
        raise Forbidden("no")


def site() -> tuple[FakeWorld, SitePorts]:
    earth = FakeWorld()
    earth.clock.actors.clear()
    earth.north.group("billing").committed[READINGS] = Committed(5)
    return earth, earth.ports().sites["north"]


def test_what_moves_is_seen_and_what_was_told_stays_as_it_was() -> None:
    earth, north = site()
    followed = FollowedPositions(north)
    before = followed.now(("billing", "unknown"))
    assert before == {"billing": {READINGS: Committed(5)}, "unknown": {}}
    earth.north.group("billing").committed[READINGS] = Committed(2, "rewound")
    followed.keep_up()
    assert before["billing"] == {READINGS: Committed(5)}
    assert followed.now(("billing",)) == {"billing": {READINGS: Committed(2, "rewound")}}
    del earth.north.group("billing").committed[READINGS]
    assert followed.now(("billing",)) == {"billing": {}}


def test_a_group_that_is_asked_for_later_is_followed_too() -> None:
    earth, north = site()
    followed = FollowedPositions(north)
    followed.now(("billing",))
    earth.north.group("dispatch").committed[READINGS] = Committed(3)
    assert followed.now(("billing", "dispatch"))["dispatch"] == {READINGS: Committed(3)}


def test_where_the_tail_may_not_be_read_or_falls_behind_the_groups_are_asked() -> None:
    for tail in (Closed, Slow):
        earth, north = site()
        followed = FollowedPositions(replace(north, tail=tail(north.tail)))
        followed.now(("billing",))
        earth.north.group("billing").committed[READINGS] = Committed(8)
        assert followed.now(("billing",)) == {"billing": {READINGS: Committed(8)}}
        followed.close()
