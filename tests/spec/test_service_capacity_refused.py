"""The service scales a standby up ahead of a shift, and something there refuses it, or sets it back."""

from datetime import timedelta

from structlog.testing import capture_logs

from drctl.errors import Forbidden, Unreachable
from drctl.model.run import RunState
from drctl.model.scaling import Scalable
from drctl.plans.capacity_ahead import TIMES
from drctl.service.capacity import LONGEST
from tests.spec.following import typed
from tests.spec.serving import Service
from tests.spec.standby_scaling import GATE, SCALED, demanding, scalings, states, watched


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
