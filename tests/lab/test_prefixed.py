"""The default replication policy on real MirrorMaker 2: copies have the source's name, and both links run."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer

from drctl.config import load
from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from drctl.wiring.world import open_world
from tests.lab.usage import client, drctl, metric, moved, numbers, wait, watched

pytestmark = pytest.mark.early

READINGS = "turbines.readings"


def write(lab: Lab, site: str, first: int, count: int) -> None:
    """Numbers, in small transactions so that offsets differ between the sites."""
    producer = Producer(client(lab, site, "turbines"))
    for number in range(first, first + count):
        producer.produce(READINGS, str(number), partition=0)
        if number % 10 == 0:
            assert producer.flush(30) == 0
    assert producer.flush(30) == 0


def only_dispatch(lab: Lab) -> None:
    """The plan file names one group, and the topics that can have been copied twice are left out."""
    plan = lab.plan_file.read_text().replace(
        "groups: [dispatch, reporting, billing, forecast, pricing]", "groups: [dispatch]"
    )
    lab.plan_file.write_text(plan.replace("shop.orders, shop.prices", "shop.orders"))


@contextmanager
def reader(lab: Lab, site: str) -> Iterator[Consumer]:
    """Group dispatch's only member: reads what is written at the site and what was copied there."""
    settings = {"group.id": "dispatch", "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({**client(lab, site, "readers"), **settings})
    consumer.subscribe([READINGS, f"{'south' if site == 'north' else 'north'}.{READINGS}"])
    try:
        yield consumer
    finally:
        consumer.close()


@pytest.fixture(scope="module")
def prefixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab.start(tmp_path_factory.mktemp("lab") / "prefixed", small=True, prefixed=True) as lab:
        yield lab


def test_work_moves_over_and_home_and_every_record_is_read_once(prefixed: Lab) -> None:
    lab = prefixed
    only_dispatch(lab)
    write(lab, "north", 0, 500)
    with reader(lab, "north") as consumer:
        assert numbers(consumer, 300) == list(range(300))
    over = drctl(lab, "switchover", "--to", "south", "--yes", "-o", "json")
    assert over.returncode == 0, over.stderr
    handed = json.loads(over.stdout)["evidence"]["hand-over-positions"]["groups"]["dispatch"]["positions"]
    assert handed[f"{READINGS}-0"]["as"] == f"north.{READINGS}-0"
    write(lab, "south", 500, 100)
    with reader(lab, "south") as consumer:
        read = numbers(consumer, 250)
    assert sorted(set(read)) == sorted(read)
    assert set(read) <= set(range(300, 600))
    home = moved(lab, "switchover", "--to", "north", "--yes", "-o", "json")
    assert home.returncode == 0, home.stderr
    with reader(lab, "north") as consumer:
        rest = numbers(consumer, 50)
        assert not consumer.consume(1, 3)
    assert sorted(read + rest) == list(range(300, 600))


def test_positions_are_shown_under_both_names_and_what_mirrormaker_gives(prefixed: Lab) -> None:
    shown = drctl(prefixed, "groups", "translate", "--to", "south", "-o", "json")
    assert shown.returncode in (0, 10), shown.stderr
    with open_world(load(prefixed.plan_file)) as world:
        assert world.plan.image("north", "south", READINGS) == f"north.{READINGS}"
        topics = world.sites["south"].brokers.topics([f"north.{READINGS}", f"north.south.{READINGS}"])
        assert set(topics) == {f"north.{READINGS}"}


def test_a_plan_file_that_names_the_other_policy_is_refused(prefixed: Lab) -> None:
    plan = prefixed.plan_file.with_name("wrong.yaml")
    plan.write_text(prefixed.plan_file.read_text().replace("replicationPolicy: default", "replicationPolicy: identity"))
    done = subprocess.run(
        [sys.executable, "-m", "drctl", "-f", str(plan), "plan", "switchover", "--to", "south"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "replication.policy.class is DefaultReplicationPolicy" in done.stdout


@pytest.mark.long
def test_a_lost_site_is_failed_over_and_its_group_goes_on_in_the_copies(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    with Lab.start(tmp_path_factory.mktemp("lab") / "lost", small=True, prefixed=True) as lab:
        only_dispatch(lab)
        write(lab, "north", 0, 500)
        with reader(lab, "north") as consumer:
            assert numbers(consumer, 300) == list(range(300))
        with watched(lab, tmp_path / "log") as port:
            wait("its position is at the standby", lambda: metric(port, "drctl_group_sync_commits_total") >= 1)
            wait("all is copied", lambda: metric(port, 'drctl_forecast_loss_records{source="north"}') == 0)
            FAULTS["lose-site"](lab, "north")
            wait("the service sees it", lambda: metric(port, 'drctl_site_up{site="north"}') == 0)
            done = drctl(lab, "failover", "--to", "south", "--yes", "--accept-loss", "unknown", "-o", "json")
        assert done.returncode == 0, done.stderr
        write(lab, "south", 500, 100)
        with reader(lab, "south") as consumer:
            read = numbers(consumer, 300)
            assert not consumer.consume(1, 3)
    assert sorted(read) == list(range(300, 600))
