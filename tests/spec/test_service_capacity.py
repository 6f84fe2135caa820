"""The service scales a standby up ahead of a shift: bounded, journaled, told, and in nobody's way."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from drctl.errors import Forbidden, Unreachable
from drctl.model.capacity import Capacity, Demand, Shift
from drctl.model.loss import AcceptedLoss
from drctl.model.run import Event, RunState
from drctl.model.scaling import DEPLOYMENT, NODE_POOL, Scalable, Scaler
from drctl.model.terms import Terms
from drctl.plans.capacity_ahead import TIMES
from drctl.plans.pausing import begin_pause
from drctl.plans.unfinished import unfinished
from drctl.service.capacity import LONGEST
from tests.fakes import FakeWorld
from tests.fakes.effects import Killed
from tests.spec.failing import fail_over, lose, synced
from tests.spec.following import typed
from tests.spec.harness import killed_at, switch
from tests.spec.housing import BILLING, DISPATCH, housed, require_pods
from tests.spec.serving import EVERY, Service

GATE, POOL = Scalable(DEPLOYMENT, "gate"), Scalable(NODE_POOL, "broker")
ALL = tuple(range(7))
SCALED = "scale Deployment/gate to 2 at south"
OBSERVED = "journal says step-observed scale-ahead"


def demanding(*, begins_in: int = 10, pools: bool = True) -> FakeWorld:
    """A shift begins in so many minutes and demands two gates and five brokers; the service may scale 15 min ahead."""
    earth = housed()
    zone = ZoneInfo("Europe/Berlin")
    begins = earth.clock.now().astimezone(zone) + timedelta(minutes=begins_in)
    minute = begins.hour * 60 + begins.minute
    late = Shift("late", ALL, minute, (minute + 480) % 1440, Demand({"gate": 2, "dispatch": 4}, {"broker": 5}))
    rest = Shift("rest", ALL, (minute + 480) % 1440, minute)
    earth.plan = replace(
        earth.plan,
        capacity=Capacity(zone, "Europe/Berlin", (late, rest), pools, timedelta(0), timedelta(minutes=15)),
    )
    for scaling in earth.scaling.values():
        scaling.create(GATE, 1)
        scaling.create(POOL, 3)
    earth.effects.names.clear()
    return earth


def scalings(earth: FakeWorld) -> list[str]:
    return [name for name in earth.effects.names if name.startswith("scale ")]


def watched(service: Service, looks: int = 1) -> None:
    for _ in range(looks):
        service.look()
        service.earth.clock.sleep(EVERY.total_seconds())


def states(earth: FakeWorld) -> list[RunState]:
    return [state for run, state in earth.journal.runs() if run.kind == "capacity"]


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


def test_what_is_set_back_again_and_again_is_left_and_told_once_also_by_the_next_service() -> None:
    earth = demanding(pools=False)
    service = Service(earth)
    with capture_logs() as logs:
        for _ in range(TIMES + 3):
            watched(service)
            earth.scaling["south"].scale(GATE, 1)
    assert scalings(earth).count(SCALED) == TIMES
    (told,) = [line for line in logs if line["event"] == "standby-not-scaled"]
    assert "something sets it back" in told["why"]
    earth.new_process()
    watched(Service(earth), 2)
    assert scalings(earth).count(SCALED) == TIMES


def test_one_that_cannot_be_scaled_holds_up_no_other_and_is_tried_again_with_pauses() -> None:
    earth = demanding()
    south = earth.scaling["south"]
    real = south.scale

    def scale(what: Scalable, replicas: int) -> None:
        if what == GATE:
            south.objects[str(GATE)].owners.add("gitops")
        real(what, replicas)

    south.scale = scale  # type: ignore[method-assign]
    service = Service(earth)
    with capture_logs() as logs:
        service.look()
    assert scalings(earth) == ["scale KafkaNodePool/broker to 5 at south"]
    (told,) = [line for line in logs if line["event"] == "standby-scaling-failed"]
    assert "gitops" in told["why"]
    assert states(earth) == [RunState.STOPPED]
    service.look()
    assert states(earth) == [RunState.STOPPED]


def test_what_was_refused_is_not_called_scaled_and_is_scaled_once_it_may_be() -> None:
    earth = demanding(pools=False)
    south, real = earth.scaling["south"], earth.scaling["south"].scale
    asked: list[int] = []

    def refuse(what: Scalable, replicas: int) -> None:
        asked.append(replicas)
        raise Forbidden(f"cannot patch {what} to {replicas}", remedy="grant that verb")

    south.scale = refuse  # type: ignore[method-assign]
    service = Service(earth)
    with capture_logs() as logs:
        for _ in range(TIMES + 1):
            service.look()
            earth.clock.jump(timedelta(seconds=LONGEST))
    assert len(asked) == TIMES + 1
    assert "standby-not-scaled" not in [line["event"] for line in logs]
    assert "last: " not in typed(earth, ("status",)).text
    south.scale = real  # type: ignore[method-assign]
    earth.clock.jump(timedelta(seconds=LONGEST))
    service.look()
    assert scalings(earth) == [SCALED]


def test_behind_a_silent_api_server_no_other_object_is_waited_for() -> None:
    earth = demanding()
    south = earth.scaling["south"]
    asked: list[Scalable] = []

    def silent(what: Scalable, replicas: int) -> None:
        asked.append(what)
        raise Unreachable("the API server does not answer", remedy="check that it runs")

    south.scale = silent  # type: ignore[method-assign]
    Service(earth).look()
    assert asked == [GATE]
    assert earth.seat.holder == ""


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
