"""Who is still at work at a site that was left: a metric, and a line of the log when it begins and when it ends."""

from datetime import timedelta

from prometheus_client import generate_latest
from structlog.testing import capture_logs

from drctl.monitors import status
from drctl.service.watch import Watch
from tests.fakes import FakeWorld, fake_world
from tests.spec.handing_over import hand_over, stop
from tests.spec.harness import switch


def watching(earth: FakeWorld) -> Watch:
    return Watch(earth.ports(), status, timedelta(seconds=15))


def shown(watch: Watch) -> list[str]:
    lines = generate_latest(watch.metrics.registry).decode().splitlines()
    return [line for line in lines if line.startswith("drctl_clients_left_groups{")]


def test_where_everybody_is_at_the_site_that_serves_nobody_is_left_before_a_move_and_after_it() -> None:
    earth = fake_world()
    watch = watching(earth)
    watch.cycle()
    assert shown(watch) == ['drctl_clients_left_groups{site="south"} 0.0']
    switch(earth.ports())
    earth.settle(2)
    watch.cycle()
    assert shown(watch) == ['drctl_clients_left_groups{site="north"} 0.0']


def test_a_group_that_stays_is_counted_and_told_once_until_it_is_gone() -> None:
    earth = fake_world()
    switch(earth.ports())
    earth.settle(2)
    earth.north.group("dispatch").members = earth.south.group("dispatch").members
    watch = watching(earth)
    with capture_logs() as logs:
        watch.cycle()
        watch.cycle()
        counted = shown(watch)
        earth.north.group("dispatch").members = ()
        watch.cycle()
    assert counted == ['drctl_clients_left_groups{site="north"} 1.0']
    assert shown(watch) == ['drctl_clients_left_groups{site="north"} 0.0']
    told = [each for each in logs if each["event"] in ("clients-left", "clients-gone")]
    assert [each["event"] for each in told] == ["clients-left", "clients-gone"]
    assert told[0]["detail"].startswith("north: dispatch: 1 member: dispatch at")
    assert told[0]["remedy"] == "restart them: they belong to south"


def test_a_group_that_was_handed_over_alone_is_where_it_belongs() -> None:
    earth = fake_world()
    routing = stop(earth, "dispatch")
    hand_over(earth.ports(), "dispatch")
    routing.route_to("south")
    earth.settle(2)
    assert earth.south.groups["dispatch"].members
    watch = watching(earth)
    watch.cycle()
    assert shown(watch) == ['drctl_clients_left_groups{site="south"} 0.0']


def test_of_a_site_that_is_silent_and_while_nobody_knows_who_serves_nothing_is_shown() -> None:
    earth = fake_world()
    switch(earth.ports())
    watch = watching(earth)
    earth.north.down = True
    watch.cycle()
    assert shown(watch) == []
    earth.north.down = False
    earth.routing.route_to(None)
    watch.cycle()
    assert shown(watch) == []
