"""The command line on a running lab: status, groups, the service."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as Place

from drctl.config import load
from drctl.drivers.kafka.commits import commit
from drctl.drivers.store.clock import SystemClock
from drctl.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from drctl.wiring.world import open_world
from tests.lab.usage import drctl

CLOCK = SystemClock()


def test_status_shows_both_sites_the_link_and_says_nothing_on_standard_error(lab: Lab) -> None:
    done = drctl(lab, "status")
    assert done.returncode == 0
    assert done.stderr == ""
    assert re.search(r"north\s+primary\s+1", done.stdout)
    assert re.search(r"south\s+standby\s+1", done.stdout)
    assert re.search(r"north-to-south\s+running", done.stdout)
    assert re.search(r"south-to-north\s+absent", done.stdout)


def test_status_as_a_document(lab: Lab) -> None:
    document = json.loads(drctl(lab, "status", "-o", "json").stdout)
    assert (document["apiVersion"], document["kind"]) == ("drctl.io/v1alpha1", "Status")
    assert [site["role"] for site in document["sites"]] == ["primary", "standby"]
    assert document["links"][0]["state"] == "running"
    assert "kind: Status" in drctl(lab, "status", "-o", "yaml").stdout


def test_groups_shows_positions_here_and_there_with_their_proof(lab: Lab) -> None:
    with open_world(load(lab.plan_file)) as world:
        tp = TopicPartition("turbines.readings", 1)
        end = world.sites["north"].records.bounds([tp])[tp].stable
        world.sites["north"].positions.commit("forecast", {tp: Committed(end)})
    done = drctl(lab, "groups", "--group", "forecast", "-o", "json")
    assert done.returncode == 0, done.stderr
    (group,) = json.loads(done.stdout)["groups"]
    (position,) = (each for each in group["positions"] if each["partition"] == tp.partition)
    assert position["position"] == end
    assert position["proof"]


def test_sessions_shows_members_and_commits_from_what_the_coordinators_wrote_down(lab: Lab) -> None:
    kafka = lab.site("north").kafka("readers")
    settings = {
        "group.id": "reporting",
        "group.instance.id": "mill-1",
        "client.id": "mills",
        "session.timeout.ms": 6000,
    }
    consumer = Consumer({**kafka.config, **kafka.causes.settings(), **settings, "auto.offset.reset": "earliest"})
    consumer.subscribe(["turbines.readings"])
    deadline = CLOCK.monotonic() + 60
    while not consumer.assignment():
        assert CLOCK.monotonic() < deadline
        consumer.poll(0.2)
    assert commit(consumer, [Place("turbines.readings", 2, 0)])
    done = drctl(lab, "sessions", "-o", "json")
    told = drctl(lab, "sessions", "--all")
    consumer.close()
    kafka.close()
    assert done.returncode == 0, done.stderr
    (group,) = (each for each in json.loads(done.stdout)["groups"] if each["name"] == "reporting")
    assert group["secondsSinceLastCommit"] < 60
    assert [(m["staticId"], m["clientId"], len(m["assigned"])) for m in group["members"]] == [("mill-1", "mills", 6)]
    assert "reporting" in told.stdout
    assert "mill-1" in told.stdout


def test_the_lab_shows_its_processes(lab: Lab) -> None:
    done = drctl(lab, "lab", "status", "--dir", str(lab.folder), "-o", "json")
    states = {each["name"]: each["state"] for each in json.loads(done.stdout)["processes"]}
    assert states["north-broker-1"] == states["south-connect"] == "running"


def test_the_service_tells_metrics_and_health_until_it_is_ended(lab: Lab, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "drctl", "-v", "-f", str(lab.plan_file), "service", "run"]
    with (tmp_path / "log").open("w+") as log:
        service = subprocess.Popen([*command, "--listen", "127.0.0.1:0", "--interval", "2s"], stderr=log)
        port = _port(tmp_path / "log")
        deadline = CLOCK.monotonic() + 60
        while not (text := _read(f"http://127.0.0.1:{port}/metrics")).count('drctl_link_up{link="north-to-south"} 1.0'):
            assert CLOCK.monotonic() < deadline, text
            CLOCK.sleep(0.3)
        assert json.loads(_read(f"http://127.0.0.1:{port}/healthz"))["healthy"]
        service.send_signal(signal.SIGTERM)
        assert service.wait(30) == 0
    assert '"site": "north"' in (tmp_path / "log").read_text()


def _port(log: Path) -> int:
    deadline = CLOCK.monotonic() + 30
    while not (found := re.search(r'"port": (\d+)', log.read_text())):
        assert CLOCK.monotonic() < deadline, log.read_text()
        CLOCK.sleep(0.1)
    return int(found[1])


def _read(url: str) -> str:
    try:
        with urlopen(url) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
