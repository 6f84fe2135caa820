"""The service's metrics and health over a fake world."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from drctl.drivers.witness.service import ServiceWitness
from drctl.errors import JournalBroken
from drctl.model.facts import Status
from drctl.model.link import ConnectorState, Task
from drctl.model.offsets import TopicPartition
from drctl.monitors import status
from drctl.ports import World
from drctl.service.http import listen
from drctl.service.watch import Watch
from tests.fakes import FakeBrokers, fake_world
from tests.spec.harness import switch


@contextmanager
def served(watch: Watch) -> Iterator[str]:
    server = listen("127.0.0.1:0", watch.metrics.registry, watch.health, watch.ready, watch.sightings)
    server.start()
    yield server.address
    server.close()


def test_a_look_becomes_metrics() -> None:
    watch = Watch(fake_world().ports(), status, timedelta(seconds=15))
    watch.cycle()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_site_up{site="north"} 1.0' in text
    assert 'drctl_link_up{link="north-to-south"} 1.0' in text
    assert 'drctl_replication_lag_records{link="north-to-south"}' in text


@pytest.mark.parametrize("state", [ConnectorState.STOPPED, ConnectorState.ABSENT])
def test_a_link_that_is_off_on_purpose_has_no_figures_and_is_nothing_unknown(state: ConnectorState) -> None:
    earth = fake_world()
    earth.mirrors["south", "north"].state = state
    watch = Watch(earth.ports(), status, timedelta(seconds=15))
    watch.cycle()
    lines = generate_latest(watch.metrics.registry).decode().splitlines()
    assert [line for line in lines if 'link="south-to-north"' in line] == []
    assert [line for line in lines if 'of="south-to-north"' in line] == [
        'drctl_reading_unknown{of="south-to-north",reading="link"} 0.0'
    ]


def test_a_link_that_stands_still_and_should_run_is_down_and_one_that_runs_and_should_not_is_up() -> None:
    earth = fake_world()
    earth.mirrors["north", "south"].state = ConnectorState.STOPPED
    earth.mirrors["south", "north"].state = ConnectorState.RUNNING
    watch = Watch(earth.ports(), status, timedelta(seconds=15))
    watch.cycle()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_link_up{link="north-to-south"} 0.0' in text
    assert 'drctl_replication_lag_records{link="north-to-south"}' in text
    assert 'drctl_link_up{link="south-to-north"} 1.0' in text


def test_after_a_switchover_the_link_that_was_turned_around_is_shown_no_more() -> None:
    earth = fake_world()
    watch = Watch(earth.ports(), status, timedelta(seconds=15))
    watch.cycle()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_link_losses{link="north-to-south"' in text
    switch(earth.ports())
    watch.cycle()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'link="north-to-south"' not in text
    assert 'drctl_link_up{link="south-to-north"} 1.0' in text


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


def test_sessions_become_metrics_and_are_unknown_where_the_tail_cannot_be_read() -> None:
    earth = fake_world()
    watch = Watch(earth.ports(), status, timedelta(seconds=15))
    watch.cycle()
    group = next(iter(earth.consumers))
    text = generate_latest(watch.metrics.registry).decode()
    assert f'drctl_group_members{{group="{group}",site="north"}} 1.0' in text
    assert f'drctl_group_last_commit_timestamp_seconds{{group="{group}",site="north"}}' in text
    assert 'drctl_tail_behind_records{site="north"} 0.0' in text
    earth.north.down = True
    watch.cycle()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_reading_unknown{of="north",reading="sessions"} 1.0' in text
    assert f'drctl_group_members{{group="{group}",site="north"}}' not in text
    assert 'drctl_tail_behind_records{site="south"} 0.0' in text


def test_losses_become_metrics_and_are_logged_once() -> None:
    earth = fake_world()
    earth.come_to_rest()
    watch = Watch(earth.ports(), status, timedelta(seconds=15))
    watch.cycle()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_link_losses{link="north-to-south",rule="link_silent"} 0.0' in text
    assert 'drctl_link_losses{link="north-to-south",rule="losses_unknown"} 0.0' in text
    earth.mirrors["north", "south"].holds = True
    earth.north.write(TopicPartition("shop.orders", 0), b"late", "User:shop")
    with capture_logs() as logs:
        for _ in range(4):
            watch.cycle()
            earth.clock.jump(timedelta(seconds=15))
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_link_losses{link="north-to-south",rule="link_silent"} 1.0' in text
    assert [line["rule"] for line in logs if line["event"] == "loss-seen"] == ["LINK_SILENT"]


def test_whether_records_are_lost_is_unknown_while_the_worker_is_silent() -> None:
    earth = fake_world()
    earth.mirrors["north", "south"].worker_down = True
    watch = Watch(earth.ports(), status, timedelta(seconds=15))
    watch.cycle()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_link_losses{link="north-to-south",rule="losses_unknown"} 0.0' not in text
    assert "drctl_link_time_to_loss_seconds{" not in text


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


def test_it_is_ready_while_looks_are_fresh_the_state_file_is_read_and_it_is_not_ending() -> None:
    earth = fake_world()
    watch = Watch(earth.ports(), status, timedelta(seconds=15))
    assert watch.ready() == (False, {**watch.health()[1], "ready": False, "whyNotReady": "looks are not fresh"})
    watch.cycle()
    assert watch.ready()[0]
    earth.clock.sleep(46)
    assert watch.ready()[1]["whyNotReady"] == "looks are not fresh"
    watch.cycle()
    watch.ended.set()
    assert watch.ready()[1]["whyNotReady"] == "it is ending"
    assert watch.health()[0]


def test_a_state_file_that_cannot_be_read_makes_it_unready_and_not_dead() -> None:
    earth = fake_world()
    watch = Watch(earth.ports(), status, timedelta(seconds=15))

    def broken() -> int:
        raise JournalBroken("/state.sqlite cannot be read")

    earth.epochs.current = broken  # type: ignore[method-assign]
    watch.cycle()
    assert (watch.health()[0], watch.ready()[0]) == (True, False)


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
    with served(watch) as url:
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


def test_a_cause_is_told_once_when_it_is_confirmed_and_once_when_it_is_over() -> None:
    earth = fake_world()
    world = earth.ports()
    brokers = world.sites["north"].brokers
    assert isinstance(brokers, FakeBrokers)
    watch = Watch(world, status, timedelta(seconds=15))
    events = []
    for gone in (False, True, True, True, True, False, False, False, False, False, False):
        brokers.alive = [1, 2] if gone else [1, 2, 3]
        with capture_logs() as logs:
            watch.cycle()
        events.append([line["event"] for line in logs if line["event"].startswith("cause")])
        text = generate_latest(watch.metrics.registry).decode()
        shown = 'drctl_site_cause{phase="confirmed",scope="broker",site="north",subject="3"} 1.0' in text
        assert shown == (len(events) in (4, 5))
        assert f'drctl_site_well{{site="north"}} {0.0 if gone else 1.0}' in text
        assert 'drctl_site_well{site="south"} 1.0' in text
        earth.clock.jump(timedelta(seconds=15))
    assert [each for each in events if each] == [["cause-confirmed"], ["cause-over"]]


def test_a_site_that_is_silent_is_not_well_and_nothing_of_it_is_shown_as_zero() -> None:
    earth = fake_world()
    earth.north.down = True
    watch = Watch(earth.ports(), status, timedelta(seconds=15))
    watch.cycle()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_site_well{site="north"} 0.0' in text
    assert 'drctl_site_cause{phase="suspected",scope="unknown",site="north"' in text
    assert 'drctl_site_partitions_refusing_writes{site="north"}' not in text
    assert 'drctl_site_blind_spots{site="north"} 1.0' in text
    assert 'drctl_reading_age_seconds{reading="kafka",site="south"} 0.0' in text


def test_what_it_met_is_told_to_drctl_at_other_places_and_to_nobody_as_its_own() -> None:
    earth = fake_world()
    earth.north.down = True
    watch = Watch(earth.ports(), status, timedelta(seconds=15))
    with served(watch) as url:
        witness = ServiceWitness("west", url)
        assert witness.sightings() == {}
        watch.cycle()
        told = witness.sightings()
        witness.close()
    north = {each.part: each.met.value for each in told["north"]}
    assert north == {"brokers": False, "connect": True}
    assert {each.vantage for each in (*told["north"], *told["south"])} == {"west"}
    assert all(each.met.value for each in told["south"])


def test_a_failed_task_under_a_running_connector_is_counted() -> None:
    env = fake_world()
    world = env.ports()
    watch = Watch(world, status, timedelta(seconds=15))
    seen = status(world)
    link = next(each for each in seen.links if each.link.name == "north-to-south")
    assert link.status.value is not None
    source = link.status.value.source
    task = Task(7, ConnectorState.FAILED, "java.lang.IllegalStateException")
    source = replace(source, state=ConnectorState.RUNNING, tasks=(*source.tasks, task))
    failed = replace(link, status=replace(link.status, value=replace(link.status.value, source=source)))
    watch.metrics.show(seen)
    assert 'drctl_link_failed_tasks{link="north-to-south"} 0.0' in generate_latest(watch.metrics.registry).decode()
    watch.metrics.show(replace(seen, links=(failed,)))
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_link_failed_tasks{link="north-to-south"} 1.0' in text
    assert 'drctl_link_up{link="north-to-south"} 0.0' in text


def test_offset_syncs_that_cannot_be_read_are_unknown_and_no_number() -> None:
    env = fake_world()
    watch = Watch(env.ports(), status, timedelta(seconds=15))
    watch.cycle()
    assert (
        'drctl_link_offset_syncs_partitions{link="north-to-south"} 4.0'
        in generate_latest(watch.metrics.registry).decode()
    )
    env.mirrors["north", "south"].topic_missing = "mm2-offset-syncs.north.internal"
    watch.cycle()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_reading_unknown{of="north-to-south",reading="offset_syncs"} 1.0' in text
    assert "drctl_link_offset_syncs_partitions{" not in text
