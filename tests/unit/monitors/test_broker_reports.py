"""What brokers tell of themselves alone, and how often they are asked."""

from datetime import timedelta

import pytest

from drctl.decide.health import diagnose
from drctl.model.cause import CauseScope, SiteHealth
from drctl.model.sight import KafkaView, QuorumView
from drctl.monitors import SiteObservers, status
from drctl.monitors.broker_reports import EVERY
from tests.fakes import FakeWorld, fake_world


class Harness:
    """Two sites in which all is well, and observers that are kept between looks."""

    def __init__(self) -> None:
        self.earth: FakeWorld = fake_world()
        self.world = self.earth.ports()
        self.observers = SiteObservers(self.world, "here")

    def view(self) -> KafkaView:
        (north,) = [each for each in status(self.world, self.observers).sites if each.facts.name == "north"]
        assert north.sight is not None
        found = north.sight.kafka.value
        assert found is not None
        return found

    def health(self) -> SiteHealth:
        seen = status(self.world, self.observers)
        return diagnose(next(each.sight for each in seen.sites if each.facts.name == "north"), self.earth.clock.now())


def test_a_directory_that_a_broker_took_out_of_service_is_a_volume_of_that_broker() -> None:
    harness = Harness()
    harness.earth.log_dirs["north"].gone = {2: ("/var/lib/kafka/data-1",)}
    found = harness.health()
    assert (found.scope, found.causes[0].brokers) == (CauseScope.VOLUME, frozenset({2}))
    assert "broker 2 took log directory /var/lib/kafka/data-1 out of service" in found.causes[0].reasons


def test_the_controllers_are_told_with_who_is_behind() -> None:
    harness = Harness()
    harness.earth.quorums["north"].view = QuorumView(1, 7, frozenset({1, 2, 3}), frozenset({3}))
    assert "controllers behind in the quorum: 3 of 3 voters, led by 1 in epoch 7" in harness.health().notes


def test_controllers_of_whom_none_leads_are_the_cause_while_brokers_answer() -> None:
    harness = Harness()
    harness.earth.quorums["north"].view = None
    found = harness.health()
    assert (found.scope, found.causes[0].key) == (CauseScope.CONTROLLERS, "controllers of north")
    assert "no controller leads" in found.causes[0].reasons[0]


def test_a_broker_that_answers_nothing_says_nothing_about_the_controllers() -> None:
    harness = Harness()
    harness.earth.log_dirs["north"].mute, harness.earth.quorums["north"].view = {1}, None
    found = harness.health()
    assert found.scope is CauseScope.WELL
    assert "controllers: no signal" in found.notes


def test_what_is_denied_is_no_signal_and_hides_nothing_else() -> None:
    harness = Harness()
    harness.earth.log_dirs["north"].denied = harness.earth.quorums["north"].denied = True
    found = harness.health()
    assert {"log directories: no signal", "controllers: no signal"} <= set(found.notes)
    assert found.scope is CauseScope.WELL


def test_a_site_that_does_not_answer_reports_nothing() -> None:
    harness = Harness()
    harness.earth.north.down = True
    assert any(each.startswith("brokers:") for each in harness.health().blind)


@pytest.mark.parametrize(("seconds", "again"), [(EVERY - 1, False), (EVERY, True)])
def test_they_are_asked_again_after_a_while_and_what_they_told_is_kept_until_then(seconds: float, again: bool) -> None:
    harness = Harness()
    assert harness.view().offline_dirs == {}
    harness.earth.log_dirs["north"].gone = {1: ("/data",)}
    harness.earth.clock.jump(timedelta(seconds=seconds))
    assert harness.view().offline_dirs == ({1: ("/data",)} if again else {})
