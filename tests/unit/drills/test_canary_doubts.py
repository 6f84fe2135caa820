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
from tests.unit.drills.canary_harness import PLACE, RUN, TERMS, CanaryHarness


@pytest.fixture
def harness() -> CanaryHarness:
    return CanaryHarness()


def told(harness: CanaryHarness) -> list[tuple[Verdict, str]]:
    return [(each.verdict, "; ".join(each.reasons)) for each in harness.told]


def test_where_nobody_has_a_copy_nothing_is_proved(harness: CanaryHarness) -> None:
    harness.loop = CanaryLoop(CanaryPorts(harness.fakes, harness.routing, harness.clock), lambda _: (), RUN, TERMS)
    harness.loop.begin()
    harness.work(TERMS.window + 2)
    assert told(harness) == [(Verdict.INCONCLUSIVE, "not witnessed: a link leads from north to a standby")]


def test_what_another_member_of_the_group_has_read_is_not_skipped(harness: CanaryHarness) -> None:
    harness.work(5)
    member = harness.loop._member
    assert member is not None
    harness.fakes["north"].shared = True
    harness.work(1)
    harness.clock.sleep(1)
    harness.loop._send(harness.loop._begun())
    member[1].reader.positions[PLACE] += 1  # type: ignore[attr-defined]
    harness.fakes["north"].shared = False
    harness.work(2 * TERMS.window)
    assert [verdict for verdict, _ in told(harness)] == [Verdict.INCONCLUSIVE, Verdict.PROVED]
    assert "not witnessed: the group has no other member, such as another canary" in told(harness)[0][1]


def test_what_keeps_the_group_from_reading_is_said(harness: CanaryHarness) -> None:
    harness.fakes["north"].trouble = "Broker: Group authorization failed"
    harness.work(TERMS.window + TERMS.settle + 1)
    ((verdict, why),) = told(harness)
    assert verdict is Verdict.INCONCLUSIVE
    assert "not witnessed: the group's member reads (Broker: Group authorization failed)" in why


@dataclass(slots=True)
class Rejecting(FakeCanarySite):
    """Rejects the login of whoever wants to write."""

    asked: int = 0

    def producer(self) -> CanaryProducer:
        self.asked += 1
        raise Unauthenticated(f"{self.site.name}: rejects the canary", remedy="look at its password")


def test_a_rejected_login_is_not_tried_again_at_each_turn(harness: CanaryHarness) -> None:
    rejecting = harness.fakes["north"] = Rejecting(harness.north)
    harness.work(TERMS.window + 1)
    assert 1 < rejecting.asked <= TERMS.window / LOOK + 1
    assert told(harness)[0][0] is not Verdict.PROVED


def test_a_clock_that_is_set_back_hides_no_record_from_a_reader_that_begins_later(harness: CanaryHarness) -> None:
    harness.south.down = True
    harness.loop = harness.canary()
    harness.clock.set(-timedelta(minutes=10))
    harness.work(5)
    harness.south.down = False
    harness.work(TERMS.window + 2 * AGAIN)
    assert Verdict.REFUTED not in {verdict for verdict, _ in told(harness)}, told(harness)
    assert told(harness)[0][0] is Verdict.PROVED, told(harness)


def test_a_log_that_is_being_read_again_has_lost_nothing(harness: CanaryHarness) -> None:
    harness.link.holds = True  # so that the window waits as long as it may
    harness.work(TERMS.window + TERMS.settle - 0.5)
    reader = harness.loop._state["north"].reader
    harness.fakes["north"].batch = 1
    reader.positions = dict.fromkeys(reader.positions, 0)  # type: ignore[union-attr]
    harness.work(1)
    ((verdict, why),) = told(harness)
    assert verdict is Verdict.INCONCLUSIVE, why
    assert "not witnessed: north has all of it, less" in why


def test_what_was_acknowledged_after_a_site_was_last_read_to_its_end_is_not_lost(harness: CanaryHarness) -> None:
    harness.work(TERMS.window - 5)
    north = harness.loop._state["north"]
    harness.loop._read()
    north.look_due = 0.0
    harness.loop._look(harness.clock.monotonic())
    assert north.read_to_end_at == harness.clock.monotonic()
    # As if all stood still from here until the window is due, and the reader had to catch up.
    north.look_due = math.inf
    harness.fakes["north"].batch = 0
    harness.work(TERMS.settle + 6)
    ((verdict, why),) = told(harness)
    assert verdict is Verdict.INCONCLUSIVE, why
    assert "not witnessed: north has all of it, less" in why
