"""The service restarts what fails of the link that is to run: with growing pauses, told, and only when it may act."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from drctl.model.link import ConnectorState
from drctl.model.terms import Terms
from drctl.plans.pausing import begin_pause
from tests.fakes import FakeWorld, fake_world
from tests.fakes.mirror import RACED
from tests.spec.harness import killed_at, switch
from tests.spec.serving import EVERY, Service
from tests.spec.test_link_restart import OVER, TASK, failed, restarts


def test_the_service_restarts_it_at_once_then_with_growing_pauses_and_tells() -> None:
    earth = failed(times=1000)
    service, at = Service(earth), list[float]()
    assert 'drctl_link_task_restarts_total{link="north-to-south"} 0.0' in service.shown()
    began = earth.clock.monotonic()
    with capture_logs() as logs:
        for _ in range(90):
            before = restarts(earth)
            service.look()
            if restarts(earth) > before:
                at.append(earth.clock.monotonic() - began)
            earth.clock.sleep(EVERY.total_seconds())
    gaps = [later - sooner for sooner, later in pairwise(at)]
    assert [round(gap / 60) for gap in gaps] == [2, 6, 12]
    lines = [line for line in logs if line["event"] == "link-restarted"]
    assert [line["restarts"] for line in lines] == [1, 2, 3, 4]
    assert lines[0]["failed"] == {TASK: RACED}
    assert 'drctl_link_task_restarts_total{link="north-to-south"} 4.0' in service.shown()


def test_what_has_run_for_a_while_begins_a_new_series() -> None:
    earth = failed()
    service = Service(earth)
    with capture_logs() as logs:
        for _ in range(2):
            service.look()
            for _ in range(10):
                earth.clock.sleep(EVERY.total_seconds())
                service.look()
            earth.mirrors[OVER].failures = 1
            earth.settle(1)
    assert [line["restarts"] for line in logs if line["event"] == "link-restarted"] == [1, 1]
    assert "link-runs-again" in [line["event"] for line in logs]


def _paused(earth: FakeWorld) -> None:
    begin_pause(earth.new_process(), Terms(by="anna"), earth.clock.now() + timedelta(hours=1), "a storm")
    earth.new_process()


def _switched_off(earth: FakeWorld) -> None:
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, restart_failed_tasks=False))


def _left_to_strimzi(earth: FakeWorld) -> None:
    earth.mirrors[OVER].restarts_itself = True


def _stopped(earth: FakeWorld) -> None:
    earth.mirrors[OVER].state = ConnectorState.STOPPED


def _somebody_at_work(earth: FakeWorld) -> None:
    earth.ports().lease.acquire("somebody")


@pytest.mark.parametrize("why", [_paused, _switched_off, _left_to_strimzi, _stopped, _somebody_at_work])
def test_the_service_restarts_nothing_then(why: Callable[[FakeWorld], None]) -> None:
    earth = failed()
    why(earth)
    service = Service(earth)
    for _ in range(3):
        service.look()
        earth.clock.sleep(EVERY.total_seconds())
    assert restarts(earth) == 0


def test_a_service_that_does_not_lead_or_only_watches_restarts_nothing() -> None:
    earth = failed()
    for service in (Service(earth, leads=lambda: False), Service(earth, watch_only=True)):
        service.look()
    assert restarts(earth) == 0


def test_the_service_restarts_nothing_while_a_run_is_unfinished() -> None:
    earth = fake_world()
    with killed_at(earth, "routing to None"):
        switch(earth.ports())
    earth.new_process()
    earth.mirrors[OVER].failures = 1
    earth.settle(1)
    Service(earth).look()
    assert restarts(earth) == 0
