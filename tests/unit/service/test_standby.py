"""The standby's positions as its tail tells them."""

from dataclasses import replace
from threading import Lock
from typing import override

from drctl.model.changes import PositionMoved, TailBatch
from drctl.model.offsets import Committed, TopicPartition
from drctl.monitors import Sessions
from drctl.service.standby import TailedStandby
from tests.fakes import FakeTail, fake_world

PLACE = TopicPartition("turbines.readings", 0)


class LaggingTail(FakeTail):
    """Tells what was committed long ago, and that there is more to read."""

    @override
    def poll(self, seconds: float) -> TailBatch:
        self.site.clock.sleep(max(seconds, 0.01))
        return TailBatch([PositionMoved("dispatch", PLACE, Committed(2), 1)], 5)


def test_until_the_tail_has_come_to_its_end_the_brokers_are_asked() -> None:
    earth = fake_world()
    earth.south.group("dispatch").committed[PLACE] = now = Committed(7)
    south = replace(earth.ports().sites["south"], tail=LaggingTail(earth.south))
    standby = TailedStandby(south, Sessions(), Lock(), earth.clock)
    assert standby.held(["dispatch"]) == {"dispatch": {PLACE: now}}
