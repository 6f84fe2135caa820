"""What the service notes for the moment in which a site is lost, and what it tells afterwards."""

from datetime import timedelta

from prometheus_client import generate_latest
from structlog.testing import capture_logs

from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import TopicPartition
from drctl.monitors import status
from drctl.service.watch import Watch
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import fail_over, lose, synced


def watching(earth: FakeWorld) -> Watch:
    return Watch(earth.ports(), status, timedelta(seconds=15))


def shown(watch: Watch) -> str:
    return generate_latest(watch.metrics.registry).decode()


def test_every_look_notes_where_the_logs_of_a_site_end() -> None:
    earth = fake_world()
    watch = watching(earth)
    for _ in range(2):
        watch.cycle()
        earth.settle(2)
    last = earth.sightings.last("north")
    assert last is not None
    assert {p.topic for p in last.ends} == {"turbines.readings", "shop.orders"}
    assert all(rate > 0 for rate in last.rates.values())
    assert earth.sightings.last("south") is not None


def test_what_lies_behind_an_open_transaction_may_be_acknowledged_and_counts() -> None:
    earth = fake_world()
    readings = TopicPartition("turbines.readings", 0)
    earth.north.begin("User:turbines", timeout=600).write(readings, b"open")
    earth.settle(1)
    watching(earth).cycle()
    last, bounds = earth.sightings.last("north"), earth.north.logs[readings].bounds
    assert last is not None
    assert last.ends[readings] == bounds.high > bounds.stable + 5


def test_a_topic_that_was_made_anew_is_noted_as_such() -> None:
    earth = fake_world()
    watch = watching(earth)
    watch.cycle()
    earth.north.drop("turbines.readings")
    earth.north.make("turbines.readings", 2, {})
    earth.settle(1)
    watch.cycle()
    last = earth.sightings.last("north")
    assert last is not None
    assert last.anew == {"turbines.readings"}
    assert {p.topic for p in last.rates} == {"shop.orders"}


def test_a_site_that_is_silent_keeps_its_last_sighting_and_when_it_fell_silent() -> None:
    earth = fake_world()
    watch = watching(earth)
    watch.cycle()
    seen = earth.sightings.last("north")
    lose(earth)
    watch.cycle()
    last = earth.sightings.last("north")
    assert seen is not None
    assert last is not None
    assert (last.ends, last.at) == (seen.ends, seen.at)
    assert last.silent_since is not None


def test_what_a_failover_would_cost_is_a_metric_and_unknown_where_nobody_can_tell() -> None:
    earth = synced(fake_world())
    watch = watching(earth)
    watch.cycle()
    assert 'drctl_forecast_loss_records{source="north"}' in shown(watch)
    assert 'drctl_forecast_uncovered_groups{source="north"} 0.0' in shown(watch)
    assert 'drctl_forecast_recovery_seconds{source="north"}' not in shown(watch)
    earth.sightings.known.clear()
    lose(earth)
    watch.cycle()
    assert 'drctl_forecast_loss_records{source="north"}' not in shown(watch)
    assert 'drctl_reading_unknown{of="north",reading="forecast_loss"} 1.0' in shown(watch)


def test_a_left_site_that_is_back_and_not_fenced_is_told_loudly_until_it_is() -> None:
    earth = synced(fake_world())
    lose(earth)
    fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True))
    watch = watching(earth)
    with capture_logs() as quiet:
        watch.cycle()
    assert 'drctl_left_site_fence{site="north",state="pending"} 1.0' in shown(watch)
    assert 'drctl_left_site_fence{site="north",state="proven"} 0.0' in shown(watch)
    earth.north.down = False
    with capture_logs() as loud:
        watch.cycle()
    told = [[line["event"] for line in lines if line["log_level"] == "error"] for lines in (quiet, loud)]
    assert told == [[], ["left-site-is-back-and-not-fenced"]]
