"""Bad things happen to MirrorMaker 2 and to the service: the synced standby is never ahead of the group at the source.

What counts is the group's own log: what it has processed, and where it stands after it went back.
"""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drctl.drivers.connect.client import ConnectClient
from drctl.drivers.kafka.provision import create_topics
from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from tests.lab import usage
from tests.lab.following import CLOCK, Group, Watcher, only

pytestmark = pytest.mark.long
SOURCE = "north-to-south.source"
CASES = ("killed", "source-anew", "target-anew", "reset-back", "reset-forward", "service-killed")
FIRST = 60
"""Records that are there before the service begins."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab that copies at least once, with a topic and a group for every case, and the link at work."""
    with Lab.start(tmp_path_factory.mktemp("lab") / "never-ahead", small=True, at_least_once=True) as lab:
        topics = [f"dr.{case}" for case in CASES]
        only(lab, ", ".join(topics), ", ".join(f"{topic}.group" for topic in topics))
        north = lab.site("north").kafka("admin")
        create_topics(north, {topic: (1, 1, {}) for topic in topics})
        north.close()
        yield lab


@contextmanager
def serving(lab: Lab, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The service that keeps the standby in sync; it may be killed."""
    command = [sys.executable, "-m", "drctl", "-v", "-f", str(lab.plan_file), "service", "run", "--sync-groups"]
    with log.open("w") as file, subprocess.Popen([*command, "--listen", "127.0.0.1:0"], stderr=file) as service:
        try:
            usage.wait("it serves", lambda: re.search(r'"port": (\d+)', log.read_text()))
            yield service
        finally:
            service.terminate()


@pytest.fixture
def group(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Group]:
    """The case's group, in the middle of its topic, all of which is copied."""
    group = Group(lab, f"dr.{request.param}")
    group.write(FIRST)
    group.read_on(FIRST // 2)
    usage.wait("it is copied", lambda: quietly(group.all_copied), seconds=120)
    yield group
    group.close()


def quietly(question: Callable[[], bool]) -> bool:
    """Whether it is so; a topic that does not exist yet is no."""
    try:
        return question()
    except Exception:  # noqa: BLE001
        return False


def case(name: str) -> pytest.MarkDecorator:
    """Hand the test that case's group."""
    return pytest.mark.parametrize("group", [name], indirect=True, ids=[name])


def followed(group: Group) -> bool:
    """Whether the standby is where the group is, as far as a reader could tell."""
    position = group.standby()
    return position is not None and not group.ahead(group.to_come())


def follow(group: Group, watcher: Watcher) -> None:
    """Work until the standby has gone along a while: else it could not have got ahead."""
    seen = len(watcher.positions)
    group.work_until("it is followed", lambda: followed(group) and len(watcher.positions) > seen + 3, steps=10)


def require_it_comes_to_rest(group: Group, watcher: Watcher) -> None:
    """It is followed again; and once nobody writes the standby is not ahead where the group has gone back, either."""
    follow(group, watcher)
    group.go_back(20)
    usage.wait("all is copied", group.all_copied, seconds=180)
    usage.wait("the standby goes back, too", lambda: not group.ahead(group.to_come()), seconds=120)
    for _ in range(20):
        assert not group.ahead(group.to_come())
        CLOCK.sleep(0.1)


@case("killed")
def test_a_worker_that_is_killed_and_copies_again(lab: Lab, group: Group, tmp_path: Path) -> None:
    with serving(lab, tmp_path / "log"), Watcher(group) as watcher:
        follow(group, watcher)
        for _ in range(3):  # it may have noted just now how far it was
            FAULTS["kill"](lab, "south-connect")
            FAULTS["restart"](lab, "south-connect")
            group.work_until("it copies on", lambda written=group.written: group.is_copied(written), steps=20)  # type: ignore[misc]
            if twice(group):
                break
        assert twice(group)
        require_it_comes_to_rest(group, watcher)


def twice(group: Group) -> int:
    """How many records were copied again."""
    there = [each for _, each in group.at_south()]
    return len(there) - len(set(there))


@case("source-anew")
def test_a_topic_that_is_made_anew_at_the_source(lab: Lab, group: Group, tmp_path: Path) -> None:
    with serving(lab, tmp_path / "log"), Watcher(group) as watcher:
        follow(group, watcher)
        usage.make_anew(group.north, group.partition.topic)
        group.north.renew()
        group.position = 0
        group.work_until("the new records are copied", group.all_copied, steps=20)
        require_it_comes_to_rest(group, watcher)


@case("target-anew")
def test_a_topic_that_is_made_anew_at_the_standby(lab: Lab, group: Group, tmp_path: Path) -> None:
    with serving(lab, tmp_path / "log"), Watcher(group) as watcher:
        follow(group, watcher)
        usage.make_anew(group.south, group.partition.topic)
        group.south.renew()
        group.work_until("new records are copied", lambda: len(group.at_south()) > 30, steps=20)
        group.read_on(10_000)  # what lies before them is nowhere at the standby
        require_it_comes_to_rest(group, watcher)


@case("reset-back")
def test_a_link_that_is_set_back_by_hand(lab: Lab, group: Group, tmp_path: Path) -> None:
    with serving(lab, tmp_path / "log"), Watcher(group) as watcher:
        follow(group, watcher)
        reset(lab, group, FIRST // 4)
        group.work_until("it copies again", lambda: twice(group) > FIRST // 4, steps=10)
        require_it_comes_to_rest(group, watcher)


@case("reset-forward")
def test_a_link_that_is_set_ahead_by_hand(lab: Lab, group: Group, tmp_path: Path) -> None:
    with serving(lab, tmp_path / "log"), Watcher(group) as watcher:
        follow(group, watcher)
        reset(lab, group, group.written + 20)
        group.work_until("it copies on", lambda: len(missing(group)) > 10 and group.all_copied(), steps=20)
        group.read_on(10_000)  # across the hole
        require_it_comes_to_rest(group, watcher)


def missing(group: Group) -> set[bytes]:
    """What never came to the standby."""
    return {each for _, each in group.at_north()} - {each for _, each in group.at_south()}


def reset(lab: Lab, group: Group, offset: int) -> None:
    """Let the link's connector believe by hand that it has copied up to there."""
    client = ConnectClient(lab.site("south").connect_url)
    where = {"cluster": "north", "topic": group.partition.topic, "partition": 0}
    try:
        client.put(f"/connectors/{SOURCE}/stop")
        group.work_until(
            "it has stopped", lambda: client.get(f"/connectors/{SOURCE}/status")["connector"]["state"] == "STOPPED"
        )
        usage.wait("it has no task", lambda: not client.get(f"/connectors/{SOURCE}/status")["tasks"])
        client.patch(f"/connectors/{SOURCE}/offsets", {"offsets": [{"partition": where, "offset": {"offset": offset}}]})
        client.put(f"/connectors/{SOURCE}/resume")
    finally:
        client.close()


@case("service-killed")
def test_a_service_that_is_killed_while_the_group_goes_back(lab: Lab, group: Group, tmp_path: Path) -> None:
    with Watcher(group) as watcher:
        for round_ in range(3):
            with serving(lab, tmp_path / f"log-{round_}") as service:
                follow(group, watcher)
                service.send_signal(signal.SIGKILL)
                group.go_back(3 * round_)
            for _ in range(10):
                group.step()
            group.go_back(10)
        with serving(lab, tmp_path / "log-last"):
            require_it_comes_to_rest(group, watcher)
