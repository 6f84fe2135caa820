"""The service scales a standby up ahead of a shift: bounded, journaled, told, and in nobody's way."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from drctl.model.loss import AcceptedLoss
from drctl.model.run import Event, RunState
from drctl.model.scaling import Scaler
from drctl.model.terms import Terms
from drctl.plans.pausing import begin_pause
from drctl.plans.unfinished import unfinished
from tests.fakes import FakeWorld
from tests.fakes.effects import Killed
from tests.spec.failing import fail_over, lose, synced
from tests.spec.following import typed
from tests.spec.harness import killed_at, switch
from tests.spec.housing import BILLING, DISPATCH, require_pods
from tests.spec.serving import Service
from tests.spec.standby_scaling import GATE, OBSERVED, POOL, SCALED, demanding, scalings, states, watched


def test_ahead_of_a_shift_the_standby_is_scaled_up_once_and_the_work_stays_where_it_is() -> None:
    earth = demanding()
    service = Service(earth)
    with capture_logs() as logs:
        watched(service, 4)
    assert scalings(earth) == [SCALED, "scale KafkaNodePool/broker to 5 at south"]
    assert earth.scaling["south"].state(GATE).available == 2
    assert earth.scaling["north"].state(GATE).wanted == 1
    require_pods(earth, "north")
    ((run, state),) = [each for each in earth.journal.runs() if each[0].kind == "capacity"]
    assert (run.source, run.target, state) == ("north", "south", RunState.DONE)
    entries = earth.journal.entries(run.id)
    assert entries[0].body["by"] == "drctl service"
    intended = [entry.body for entry in entries if entry.event is Event.STEP_INTENDED]
    assert [(each["what"], each["had"], each["replicas"], each["shift"]) for each in intended] == [
        ("Deployment/gate", 1, 2, "late"),
        ("KafkaNodePool/broker", 3, 5, "late"),
    ]
    assert intended[0]["begins"] is not None
    told = [line for line in logs if line["event"] == "standby-scaled"]
    assert [(line["what"], line["had"], line["replicas"]) for line in told] == [
        ("Deployment/gate", 1, 2),
        ("KafkaNodePool/broker", 3, 5),
    ]
    assert 'drctl_capacity_scalings_total{site="south"} 2.0' in service.shown()
    assert earth.seat.holder == ""


def test_sooner_than_that_nothing_is_scaled_and_later_it_is_all_the_same() -> None:
    early = demanding(begins_in=30)
    watched(Service(early), 4)
    assert scalings(early) == []
    missed = demanding(begins_in=-60)
    watched(Service(missed))
    assert scalings(missed)[0] == SCALED


def _paused(earth: FakeWorld) -> None:
    begin_pause(earth.new_process(), Terms(by="anna"), earth.clock.now() + timedelta(hours=1), "a storm")
    earth.new_process()


def _without_leave(earth: FakeWorld) -> None:
    assert earth.plan.capacity is not None
    earth.plan = replace(earth.plan, capacity=replace(earth.plan.capacity, scale_ahead=None))


def _blocked(earth: FakeWorld) -> None:
    today = earth.clock.now().date()
    days = (today - timedelta(days=1), today + timedelta(days=1))
    assert earth.plan.capacity is not None
    earth.plan = replace(earth.plan, capacity=replace(earth.plan.capacity, blocked=(days,)))


def _somebody_at_work(earth: FakeWorld) -> None:
    earth.ports().lease.acquire("somebody")


def _owned(earth: FakeWorld) -> None:
    for what in (GATE, POOL):
        earth.scaling["south"].objects[str(what)].owners.add("gitops")


def _autoscaled(earth: FakeWorld) -> None:
    for what in (GATE, POOL):
        earth.scaling["south"].objects[str(what)].scalers.append(Scaler("HorizontalPodAutoscaler", "load", 1, 9))


def _closed_routing(earth: FakeWorld) -> None:
    earth.routing.pointer = None


def _unseen(earth: FakeWorld) -> None:
    earth.scaling["south"].down = True


@pytest.mark.parametrize(
    "why",
    [_paused, _without_leave, _blocked, _somebody_at_work, _owned, _autoscaled, _closed_routing, _unseen],
)
def test_the_service_scales_nothing_then(why: Callable[[FakeWorld], None]) -> None:
    earth = demanding()
    why(earth)
    with capture_logs() as logs:
        watched(Service(earth), 3)
    assert scalings(earth) == []
    assert states(earth) == []
    # Nobody's lease is asked for in vain with every look, for as long as it is so.
    assert "standby-not-scaled-now" not in [line["event"] for line in logs]


def test_a_service_that_does_not_lead_or_only_watches_scales_nothing() -> None:
    earth = demanding()
    for service in (Service(earth, leads=lambda: False), Service(earth, watch_only=True)):
        watched(service)
    assert scalings(earth) == []


def test_the_service_scales_nothing_while_a_run_is_unfinished() -> None:
    earth = demanding(begins_in=30)
    with killed_at(earth, "routing to None"):
        switch(earth.ports())
    earth.new_process()
    earth.clock.sleep(20 * 60)
    earth.effects.names.clear()
    with capture_logs() as logs:
        watched(Service(earth), 2)
    assert scalings(earth) == []
    # Nobody's lease is asked for in vain with every look, for as long as it is left.
    assert "standby-not-scaled-now" not in [line["event"] for line in logs]


def test_the_site_that_serves_after_a_move_is_not_scaled_and_the_other_one_is() -> None:
    earth = demanding(begins_in=60)
    assert switch(earth.ports()).state is RunState.DONE
    earth.new_process()
    earth.clock.sleep(50 * 60)
    earth.effects.names.clear()
    watched(Service(earth))
    assert scalings(earth) == ["scale Deployment/gate to 2 at north", "scale KafkaNodePool/broker to 5 at north"]


INTENDED, ENDED = "journal says step-intended scale-ahead", "journal says run-ended"
AGAIN = [RunState.STOPPED, RunState.DONE]
ONCE = [RunState.DONE]


@pytest.mark.parametrize(
    ("effect", "before", "ended"),
    [
        ("journal begins run", True, ONCE),
        ("journal begins run", False, AGAIN),
        (INTENDED, True, AGAIN),
        (INTENDED, False, AGAIN),
        (SCALED, True, AGAIN),
        (SCALED, False, ONCE),
        (OBSERVED, True, ONCE),
        (OBSERVED, False, ONCE),
        (ENDED, True, ONCE),
        (ENDED, False, ONCE),
    ],
)
def test_killed_anywhere_around_it_the_next_service_ends_it_and_scales_nothing_twice(
    effect: str, before: bool, ended: list[RunState]
) -> None:
    whole = demanding(pools=False)
    Service(whole).look()
    earth = demanding(pools=False)
    earth.effects.cut_off(whole.effects.names.index(effect), before=before)
    with pytest.raises(Killed):
        Service(earth).look()
    assert unfinished(earth.new_process()) == ()
    watched(Service(earth), 3)
    assert scalings(earth) == [SCALED]
    assert earth.scaling["south"].state(GATE).available == 2
    assert states(earth) == ended


def test_metrics_show_what_is_demanded_of_a_standby_and_what_is_there() -> None:
    earth = demanding(begins_in=-60)
    service = Service(earth, watch_only=True)
    service.look()
    shown = service.shown()
    assert 'drctl_capacity_demanded{site="south",what="Deployment/gate"} 2.0' in shown
    assert 'drctl_capacity_present{site="south",what="Deployment/gate"} 1.0' in shown
    assert "Deployment/dispatch" not in shown
    assert 'drctl_capacity_demanded{site="north"' not in shown
    earth.scaling["south"].down = True
    service.look()
    shown = service.shown()
    assert 'drctl_capacity_present{site="south"' not in shown
    assert 'drctl_reading_unknown{of="south",reading="capacity"} 1.0' in shown


def test_status_shows_what_is_due_and_what_was_scaled_last() -> None:
    earth = demanding(pools=False)
    said = typed(earth, ("status",)).text
    assert "scales a standby up 15 minutes before a shift; next: late begins at" in said
    assert "due at south for shift late: Deployment/gate from 1 to 2" in said
    watched(Service(earth))
    said = typed(earth, ("status",)).text
    assert "due at south" not in said
    assert "last: Deployment/gate at south from 1 to 2 for shift late, at" in said
    told = json.loads(typed(earth, ("status", "-o", "json")).text)["capacity"]["scaleAhead"]
    assert (told["seconds"], told["due"], told["last"]["what"]) == (900.0, [], "Deployment/gate")


def test_a_failover_on_a_blocked_date_starts_with_what_the_shift_has_on_other_days_where_nobody_else_tells() -> None:
    earth = demanding(begins_in=-60)
    _blocked(earth)
    synced(earth)
    lose(earth)
    earth.scaling["north"].down = True
    earth.scaling["south"].keep(BILLING, 1)
    result = fail_over(earth.new_process(), accepted=AcceptedLoss(10_000))
    assert result.evidence["scale-up-target"]["said by"][str(DISPATCH)] == "its shift on other days"
    assert earth.scaling["south"].state(DISPATCH).available == 4
    assert earth.scaling["south"].state(BILLING).available == 1
    assert earth.scaling["south"].state(GATE).wanted == 1
