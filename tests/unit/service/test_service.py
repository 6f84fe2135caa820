"""The service's metrics and health over a fake world."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from drctl.errors import ConfigInvalid
from drctl.model.facts import Status
from drctl.monitors import status
from drctl.ports import World
from drctl.service.http import Health, listen
from drctl.service.watch import Watch
from tests.fakes import fake_world


@contextmanager
def served(registry: CollectorRegistry, health: Health) -> Iterator[str]:
    server = listen("127.0.0.1:0", registry, health)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_look_becomes_metrics() -> None:
    watch = Watch(fake_world().ports(), status, timedelta(seconds=15))
    watch.cycle()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_site_up{site="north"} 1.0' in text
    assert 'drctl_link_up{link="north-to-south"} 1.0' in text
    assert 'drctl_replication_lag_records{link="north-to-south"}' in text


def test_what_is_unknown_has_no_value_and_is_counted_as_unknown() -> None:
    earth = fake_world()
    earth.north.down = True
    watch = Watch(earth.ports(), status, timedelta(seconds=15))
    watch.cycle()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_site_up{site="north"} 0.0' in text
    assert 'drctl_site_brokers{site="north"}' not in text
    assert 'drctl_replication_lag_records{link="north-to-south"}' not in text
    assert 'drctl_reading_unknown{of="north",reading="cluster"} 1.0' in text


def test_an_epoch_that_nobody_has_read_is_not_zero() -> None:
    watch = Watch(fake_world().ports(), status, timedelta(seconds=15))
    assert b"drctl_epoch NaN" in generate_latest(watch.metrics.registry)


def test_it_is_healthy_while_looks_are_fresh() -> None:
    earth = fake_world()
    watch = Watch(earth.ports(), status, timedelta(seconds=15))
    assert not watch.health()[0]
    watch.cycle()
    assert watch.health()[0]
    earth.clock.sleep(46)
    assert not watch.health()[0]


def test_a_look_that_fails_is_logged_and_counted_and_the_next_one_comes() -> None:
    looks = iter([ValueError("a bug")])

    def look(world: World) -> Status:
        for error in looks:
            raise error
        return status(world)

    watch = Watch(fake_world().ports(), look, timedelta(seconds=15))
    with capture_logs() as logs:
        watch.cycle_or_tell()
    assert [(line["event"], line["log_level"]) for line in logs] == [("look-failed", "error")]
    assert b"drctl_cycles_failed_total 1.0" in generate_latest(watch.metrics.registry)
    watch.cycle_or_tell()
    assert watch.health()[0]


def test_health_and_metrics_are_served() -> None:
    watch = Watch(fake_world().ports(), status, timedelta(seconds=15))
    with served(watch.metrics.registry, watch.health) as url:
        with pytest.raises(HTTPError, match="503") as unhealthy:
            urlopen(f"{url}/healthz")
        unhealthy.value.close()
        watch.cycle()
        with urlopen(f"{url}/healthz") as answer:
            assert json.load(answer)["healthy"]
        with urlopen(f"{url}/metrics") as answer:
            assert b"drctl_build_info" in answer.read()
        with pytest.raises(HTTPError, match="404") as missing:
            urlopen(f"{url}/else")
        missing.value.close()


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:x", "127.0.0.1:99999"])
def test_an_address_that_cannot_be_used_is_refused(address: str) -> None:
    with pytest.raises(ConfigInvalid, match="listen"):
        listen(address, CollectorRegistry(), lambda: (True, {}))
