"""The standby's positions as its tail tells them."""

from threading import Lock

from drctl.model.changes import PositionMoved
from drctl.model.offsets import Committed, TopicPartition
from drctl.monitors import Sessions
from drctl.service.standby import TailedStandby
from tests.fakes import fake_world

PLACE = TopicPartition("turbines.readings", 0)


def test_until_the_tail_has_come_to_its_end_the_brokers_are_asked() -> None:
    earth = fake_world()
    earth.south.group("dispatch").committed[PLACE] = now = Committed(7)
    earth.south.history = [[PositionMoved("dispatch", PLACE, Committed(at), 1)] for at in range(9)]
    standby = TailedStandby(earth.ports().sites["south"], Sessions(), Lock(), earth.clock)
    told = [standby.held(["dispatch"]) for _ in range(9)]
    assert told == [{"dispatch": {PLACE: now}}] * 9
