"""A stay that nobody watches has no end: the service tells of it, until somebody goes on with the drill."""

from structlog.testing import capture_logs

from drctl.plans.live import LivePhase, standing_drill
from tests.fakes import fake_world
from tests.spec.serving import Service
from tests.spec.staying import after, perform, ready, staying

UNWATCHED = "drctl_live_drill_unwatched"


def _told(service: Service) -> str:
    service.watch.cycle()
    return next(line for line in service.shown().splitlines() if line.startswith(f"{UNWATCHED} "))


def test_a_stay_whose_drctl_has_died_is_told_until_somebody_goes_on_with_it() -> None:
    earth = staying()
    service = Service(earth, watch_only=True)
    with capture_logs() as logs:
        assert _told(service) == f"{UNWATCHED} 0.0"
        earth.settle(100)
        assert _told(service) == f"{UNWATCHED} 1.0"
        assert _told(service) == f"{UNWATCHED} 1.0"
        standing = standing_drill(earth.new_process())
        assert standing is not None
        done = perform(earth.new_process(), standing.run.id)
        assert done.state.phase is LivePhase.HOME
        assert _told(service) == f"{UNWATCHED} 0.0"
    events = [line["event"] for line in logs if line["event"].startswith("live-drill")]
    assert events == ["live-drill-unwatched", "live-drill-watched-again-or-ended"]


def test_a_stay_that_is_watched_and_a_way_home_that_waits_are_not_told() -> None:
    earth = ready()
    service = Service(earth, watch_only=True)
    told: list[str] = []
    after(earth, 60, lambda: told.append(_told(service)))

    def lose_north() -> None:
        earth.north.down = True

    def heard(line: str) -> None:
        if line.startswith("the way home waits"):
            told.append(_told(service))
            earth.north.down = False

    after(earth, 70, lose_north)
    perform(earth.new_process(), heard=heard)
    assert told == [f"{UNWATCHED} 0.0"] * 2


def test_where_there_is_no_live_drill_nothing_is_told() -> None:
    assert _told(Service(fake_world(), watch_only=True)) == f"{UNWATCHED} 0.0"
