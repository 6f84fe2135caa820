"""Windows of which the canary does not know enough: none is proved by accident, and none refuted by one."""

import math
from dataclasses import dataclass
from datetime import timedelta

import pytest

from drctl.drills.canary.loop import AGAIN, LOOK, CanaryLoop
from drctl.errors import Unauthenticated
from drctl.model.verdict import Verdict
from drctl.ports import CanaryPorts, CanaryProducer
from tests.fakes import FakeCanarySite
from tests.unit.drills.canary_stage import PLACE, RUN, TERMS, CanaryStage


@pytest.fixture
def stage() -> CanaryStage:
    return CanaryStage()


def told(stage: CanaryStage) -> list[tuple[Verdict, str]]:
    return [(each.verdict, "; ".join(each.reasons)) for each in stage.told]


def test_where_nobody_has_a_copy_nothing_is_proved(stage: CanaryStage) -> None:
    stage.loop = CanaryLoop(CanaryPorts(stage.fakes, stage.routing, stage.clock), lambda _: (), RUN, TERMS)
    stage.loop.begin()
    stage.work(TERMS.window + 2)
    assert told(stage) == [(Verdict.INCONCLUSIVE, "not witnessed: a link leads from north to a standby")]


def test_what_another_member_of_the_group_has_read_is_not_skipped(stage: CanaryStage) -> None:
    stage.work(5)
    member = stage.loop._member
    assert member is not None
    stage.fakes["north"].shared = True
    stage.work(1)
    stage.clock.sleep(1)
    stage.loop._send(stage.loop._begun())
    member[1].reader.positions[PLACE] += 1  # type: ignore[attr-defined]
    stage.fakes["north"].shared = False
    stage.work(2 * TERMS.window)
    assert [verdict for verdict, _ in told(stage)] == [Verdict.INCONCLUSIVE, Verdict.PROVED]
    assert "not witnessed: the group has no other member, such as another canary" in told(stage)[0][1]


def test_what_keeps_the_group_from_reading_is_said(stage: CanaryStage) -> None:
    stage.fakes["north"].trouble = "Broker: Group authorization failed"
    stage.work(TERMS.window + TERMS.settle + 1)
    ((verdict, why),) = told(stage)
    assert verdict is Verdict.INCONCLUSIVE
    assert "not witnessed: the group's member reads (Broker: Group authorization failed)" in why


@dataclass(slots=True)
class Rejecting(FakeCanarySite):
    """Rejects the login of whoever wants to write."""

    asked: int = 0

    def producer(self) -> CanaryProducer:
        self.asked += 1
        raise Unauthenticated(f"{self.site.name}: rejects the canary", remedy="look at its password")


def test_a_rejected_login_is_not_tried_again_at_each_turn(stage: CanaryStage) -> None:
    rejecting = stage.fakes["north"] = Rejecting(stage.north)
    stage.work(TERMS.window + 1)
    assert 1 < rejecting.asked <= TERMS.window / LOOK + 1
    assert told(stage)[0][0] is not Verdict.PROVED


def test_a_clock_that_is_set_back_hides_no_record_from_a_reader_that_begins_later(stage: CanaryStage) -> None:
    stage.south.down = True
    stage.loop = stage.canary()
    stage.clock.set(-timedelta(minutes=10))
    stage.work(5)
    stage.south.down = False
    stage.work(TERMS.window + 2 * AGAIN)
    assert Verdict.REFUTED not in {verdict for verdict, _ in told(stage)}, told(stage)
    assert told(stage)[0][0] is Verdict.PROVED, told(stage)


def test_a_log_that_is_being_read_again_has_lost_nothing(stage: CanaryStage) -> None:
    stage.link.holds = True  # so that the window waits as long as it may
    stage.work(TERMS.window + TERMS.settle - 0.5)
    reader = stage.loop._state["north"].reader
    stage.fakes["north"].batch = 1
    reader.positions = dict.fromkeys(reader.positions, 0)  # type: ignore[union-attr]
    stage.work(1)
    ((verdict, why),) = told(stage)
    assert verdict is Verdict.INCONCLUSIVE, why
    assert "not witnessed: north has all of it, less" in why


def test_what_was_acknowledged_after_a_site_was_last_read_to_its_end_is_not_lost(stage: CanaryStage) -> None:
    stage.work(TERMS.window - 5)
    north = stage.loop._state["north"]
    stage.loop._read()
    north.look_due = 0.0
    stage.loop._look(stage.clock.monotonic())
    assert north.read_to_end_at == stage.clock.monotonic()
    # As if all stood still from here until the window is due, and the reader had to catch up.
    north.look_due = math.inf
    stage.fakes["north"].batch = 0
    stage.work(TERMS.settle + 6)
    ((verdict, why),) = told(stage)
    assert verdict is Verdict.INCONCLUSIVE, why
    assert "not witnessed: north has all of it, less" in why
