"""Bad input meets the real command line: each its own message and exit code, and nothing half done."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drctl import errors
from drctl.config import load
from drctl.decide.readiness import GateCategory
from drctl.drivers.connect.client import ConnectClient
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.lease import FileLease
from drctl.lab import Lab
from drctl.lab.certificates import Authority
from drctl.model.offsets import Committed, TopicPartition
from drctl.wiring.world import open_world

CLOCK = SystemClock()

type Drctl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def drctl(lab: Lab, folder: Path) -> Drctl:
    with open_world(load(folder / "plan.yaml")) as world:
        positions = world.sites["north"].positions
        if "dispatch" not in positions.groups():
            positions.commit("dispatch", {TopicPartition("turbines.readings", 0): Committed(0)})

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "drctl", "-f", str(folder / "plan.yaml"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        assert "Traceback" not in done.stderr
        assert "this is a bug" not in done.stderr
        return done

    return run


def spoil(path: Path, pattern: str, by: str, *, count: int = 0) -> None:
    text = path.read_text()
    assert re.search(pattern, text)
    path.write_text(re.sub(pattern, by, text, count=count))


def test_nothing_stands_in_the_way_of_the_unspoiled_plan(drctl: Drctl) -> None:
    done = drctl("plan", "switchover", "--to", "south")
    assert "Nothing stands in the way." in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_a_site_that_cannot_be_reached(drctl: Drctl, folder: Path) -> None:
    spoil(folder / "plan.yaml", r'bootstrapServers: "[^"]*"', 'bootstrapServers: "localhost:1"', count=1)
    done = drctl("groups", "--to", "south")
    assert done.returncode == errors.Unreachable.exit_code
    assert "localhost:1" in done.stderr
    assert "remedy: " in done.stderr
    shown = drctl("status", "-o", "json")
    assert shown.returncode == 0
    assert "unknown" in json.loads(shown.stdout)["sites"][0]["brokers"]


def test_a_wrong_password(drctl: Drctl, folder: Path) -> None:
    spoil(folder / "clients" / "north" / "drctl.properties", 'password="[^"]*"', 'password="s3cret-guess"')
    done = drctl("groups", "--to", "south")
    assert done.returncode == errors.Unauthenticated.exit_code
    assert "site north" in done.stderr
    assert "s3cret-guess" not in done.stderr + done.stdout


def test_an_expired_certificate(drctl: Drctl, folder: Path) -> None:
    authority = Authority.create("lab-south", folder / "authority", CLOCK.now())
    expired = authority.issue("drctl", folder / "expired", expired=True)
    properties = folder / "clients" / "south" / "drctl.properties"
    spoil(properties, "ssl.keystore.location=.*", f"ssl.keystore.location={expired}")
    done = drctl("groups", "--to", "south")
    assert done.returncode == errors.Unauthenticated.exit_code
    assert "expired" in done.stderr


def test_a_certificate_of_somebody_else(drctl: Drctl, folder: Path) -> None:
    foreign = Authority.create("elsewhere", folder / "authority", CLOCK.now()).issue("drctl", folder / "foreign")
    properties = folder / "clients" / "south" / "drctl.properties"
    spoil(properties, "ssl.keystore.location=.*", f"ssl.keystore.location={foreign}")
    done = drctl("groups", "--to", "south")
    assert done.returncode == errors.Unauthenticated.exit_code
    assert "site south" in done.stderr


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("topics", "[turbines.readings, turbines.none]", "turbines.none"), ("groups", "[dispatch, nobody]", "nobody")],
)
def test_a_plan_that_names_what_does_not_exist(drctl: Drctl, folder: Path, field: str, value: str, said: str) -> None:
    spoil(folder / "plan.yaml", f"{field}: .*", f"{field}: {value}")
    done = drctl("switchover", "--to", "south", "--yes")
    assert done.returncode == GateCategory.NAMES
    assert said in done.stderr


def test_connect_is_down(drctl: Drctl, folder: Path) -> None:
    spoil(folder / "plan.yaml", r'url: "[^"]*"', 'url: "http://localhost:1"')
    done = drctl("switchover", "--to", "south", "--yes")
    assert done.returncode == GateCategory.WORKER
    assert "http://localhost:1" in done.stderr


@pytest.fixture
def broken_connector(lab: Lab, folder: Path) -> Iterator[str]:
    """A link's source connector, by name, that is broken for the time of a test."""
    client = ConnectClient(lab.site("south").connect_url)
    name = "north-to-south.source"
    good = client.get(f"/connectors/{name}/config")
    client.put(f"/connectors/{name}/config", {**good, "source.cluster.ssl.truststore.location": "/nowhere.pem"})
    deadline = CLOCK.monotonic() + 60

    def state() -> str:
        status = client.get(f"/connectors/{name}/status")
        return "/".join([status["connector"]["state"], *(t["state"] for t in status["tasks"])])

    while "FAILED" not in state():
        assert CLOCK.monotonic() < deadline, state()
        CLOCK.sleep(0.3)
    yield name
    client.put(f"/connectors/{name}/config", good)
    client.post(f"/connectors/{name}/restart?includeTasks=true", None)
    deadline = CLOCK.monotonic() + 60
    while not (state().startswith("RUNNING/") and "FAILED" not in state()):
        assert CLOCK.monotonic() < deadline, state()
        CLOCK.sleep(0.3)
    client.close()


def test_a_connector_that_has_failed(drctl: Drctl, broken_connector: str) -> None:
    done = drctl("switchover", "--to", "south", "--yes")
    assert done.returncode == GateCategory.CONNECTORS
    assert broken_connector in done.stderr


def test_a_second_drctl_is_refused(drctl: Drctl, folder: Path) -> None:
    lease = FileLease(load(folder / "plan.yaml").state.with_suffix(".lock"))
    lease.acquire("a switchover by somebody else")
    done = drctl("switchover", "--to", "south", "--yes")
    lease.release()
    assert done.returncode == errors.Locked.exit_code
    assert "a switchover by somebody else" in done.stderr


def test_nobody_to_ask_is_a_refusal(drctl: Drctl) -> None:
    done = drctl("switchover", "--to", "south")
    assert done.returncode == errors.Refused.exit_code
    assert "--yes" in done.stderr


def test_a_site_that_the_plan_does_not_name(drctl: Drctl) -> None:
    done = drctl("switchover", "--to", "west", "--yes")
    assert done.returncode == errors.NotFound.exit_code
    assert "west" in done.stderr
