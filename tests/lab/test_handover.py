"""Groups handed over alone, by the command line, between two real sites: they go on exactly where they were."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka import Consumer, Producer

from drctl.config import load
from drctl.drivers.store.clock import SystemClock
from drctl.lab import Lab
from drctl.model.session import GroupState
from drctl.wiring.world import open_world
from tests.lab.usage import client, drctl, numbers, wait

pytestmark = pytest.mark.early

CLOCK = SystemClock()
READINGS = "turbines.readings"
PROTOCOLS = {"dispatch": "classic", "pricing": "consumer", "forecast": "classic", "billing": "classic"}


def write(lab: Lab, count: int, since: int = 0) -> None:
    producer = Producer(client(lab, "north", "turbines"))
    for number in range(since, since + count):
        producer.produce(READINGS, str(number), partition=0)
    assert producer.flush(30) == 0


@contextmanager
def member(lab: Lab, site: str, group: str) -> Iterator[Consumer]:
    """A member of the group; it leaves for good, as on an operator's shutdown."""
    settings = {
        "group.id": group,
        "group.protocol": PROTOCOLS[group],
        "client.id": "mills",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
    consumer = Consumer({**client(lab, site, "readers"), **settings})
    consumer.subscribe([READINGS])
    try:
        yield consumer
    finally:
        consumer.close()


def set_step_timeout(lab: Lab, wanted: str) -> None:
    plan = lab.plan_file.read_text()
    lab.plan_file.write_text(re.sub(r"stepTimeout: [^\s,]+", f"stepTimeout: {wanted}", plan))


@pytest.fixture(scope="module")
def written(own_lab: Lab) -> Lab:
    set_step_timeout(own_lab, "25s")  # where nobody comes to the target, a handover watches for so long
    write(own_lab, 500)
    return own_lab


@pytest.mark.parametrize("group", ["dispatch", "pricing"])
def test_a_group_goes_on_at_the_other_site_with_the_very_next_record(written: Lab, group: str) -> None:
    with member(written, "north", group) as consumer:
        assert numbers(consumer, 300) == list(range(300))
    done = drctl(written, "groups", "handover", "--group", group, "--yes", "-o", "json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["run"], result["state"], result["source"]) == ("handover", "done", "north")
    listed = {g["name"]: g for g in json.loads(drctl(written, "groups", "list", "-o", "json").stdout)["groups"]}
    assert listed[group]["moves"] == f"was handed over to south by run {result['id']}"
    assert listed["reporting"]["moves"] == "with a switchover"
    with member(written, "south", group) as consumer:
        assert numbers(consumer, 1) == [300]
        shown = drctl(written, "groups", "show", group)
        assert shown.returncode == 0, shown.stderr
        assert "mills" in shown.stdout
    refused = drctl(written, "groups", "undo", "--group", group, "--yes")
    assert refused.returncode == 3, refused.stderr
    assert f"{group} has moved on at {READINGS}-0" in refused.stderr


def test_a_first_handover_undone_leaves_no_group_behind(written: Lab) -> None:
    with member(written, "north", "forecast") as consumer:
        numbers(consumer, 100)
    assert drctl(written, "groups", "handover", "--group", "forecast", "--yes").returncode == 0
    undone = drctl(written, "groups", "undo", "--yes", "--group", "forecast")
    assert undone.returncode == 0, undone.stderr
    with open_world(load(written.plan_file)) as world:
        told = world.sites["south"].positions.describe(["forecast"])["forecast"]
        assert told.state is GroupState.DEAD
    with member(written, "north", "forecast") as consumer:
        assert numbers(consumer, 1) == [100]


def test_a_group_whose_consumers_stay_is_not_handed_over(written: Lab) -> None:
    with member(written, "north", "billing") as consumer:
        numbers(consumer, 10)
        set_step_timeout(written, "300s")  # longer than other commands take on a machine under pressure
        command = [sys.executable, "-m", "drctl", "-f", str(written.plan_file), "groups", "handover"]
        waiting = subprocess.Popen([*command, "--group", "billing", "--yes"], stderr=subprocess.PIPE, text=True)
        try:
            with open_world(load(written.plan_file)) as world:
                wait("the run has begun", lambda: any(s.value == "running" for _, s in world.journal.runs()))
                CLOCK.sleep(2)
                assert "billing" not in world.sites["south"].positions.groups()
            busy = drctl(written, "groups", "handover", "--group", "dispatch", "--yes")
            assert busy.returncode == 14, busy.stderr
        finally:  # else a failure here would be one of every later test
            waiting.terminate()
            _, told = waiting.communicate(timeout=60)
            set_step_timeout(written, "25s")
        assert waiting.returncode == 130, told
    other = drctl(written, "groups", "handover", "--group", "forecast", "--yes")
    assert other.returncode == 3
    assert "finish it first: 'drctl runs resume " in other.stderr
    done = drctl(written, "groups", "handover", "--group", "billing", "--yes")
    assert done.returncode == 0, done.stderr


def test_what_to_hand_over_has_to_be_said(written: Lab) -> None:
    done = drctl(written, "groups", "handover", "--yes")
    assert done.returncode == 2
    assert "--group, --workload, --topic or --all-groups" in done.stderr
    assert drctl(written, "groups", "handover", "--group", "nobody", "--yes").returncode == 9
    assert drctl(written, "groups", "undo", "--group", "reporting", "--yes").returncode == 9
