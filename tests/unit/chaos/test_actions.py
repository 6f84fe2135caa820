"""Faults on processes that only sleep: each is noted with its observer, and ends by itself if nobody ends it."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from chaoslib.exceptions import ActivityFailed

from drctl.chaos import actions, undo
from drctl.chaos.environment import EVIDENCE, LAB, TIME_OFFSET
from drctl.chaos.expiry import PREFIX
from drctl.lab import Lab
from drctl.lab.layout import wire
from tests.unit.lab.stand_ins import await_state, sleeping_lab, state


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv(LAB, str(tmp_path / "lab"))
    monkeypatch.setenv(EVIDENCE, str(tmp_path / "faults.jsonl"))
    with sleeping_lab(tmp_path / "lab") as lab:
        yield lab


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def noted(lab: Lab) -> list[dict[str, Any]]:
    path = lab.folder.parent / "faults.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def armed(lab: Lab) -> list[str]:
    return [each.name.removeprefix(PREFIX) for each in lab.status() if PREFIX in each.name and each.state != "gone"]


def listen(sockets: ExitStack, *ports: int) -> None:
    """Take connections and answer nothing, as a frozen process does."""
    for port in ports:
        sockets.enter_context(socket.create_server(("127.0.0.1", port)))


def agree(lab: Lab, controller: int) -> None:
    """Let every node of north write down who is the active controller."""
    for name in lab.layout["north"].brokers:
        folder = lab.folder / "data" / name / "__cluster_metadata-0"
        folder.mkdir(parents=True)
        (folder / "quorum-state").write_text(json.dumps({"leaderId": controller, "leaderEpoch": 3}))


def test_killed_brokers_are_noted_by_a_client_and_come_back_by_themselves(lab: Lab) -> None:
    actions.kill_brokers("north", [1, 3])
    await_state(lab, "gone", "north-broker-1", "north-broker-3")
    assert state(lab, "north-broker-2") == "running"
    (fault,) = noted(lab)
    assert (fault["fault"], fault["target"]) == ("kill", "north-broker-1, north-broker-3")
    assert fault["observer"] == "a client of the site"
    assert fault["injected_at"] <= fault["observed_at"]
    assert armed(lab) == ["restart-brokers-north"]


def test_faults_are_noted_by_the_time_of_the_run_and_not_by_the_wall_clock(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TIME_OFFSET, repr(-lab.clock.monotonic()))
    actions.kill_brokers("north", [1])
    actions.kill_worker("south")
    actions.lose_site("south")
    year = 365 * 86_400
    assert all(0 <= fault["injected_at"] <= fault["observed_at"] < year for fault in noted(lab))
    assert len(noted(lab)) == 3


def test_a_killed_worker_is_noted_by_a_client(lab: Lab) -> None:
    actions.kill_worker("south")
    (fault,) = noted(lab)
    assert (fault["fault"], fault["target"], fault["observer"]) == ("kill", "south-connect", "a client of it")
    assert armed(lab) == ["restart-worker-south"]


def test_a_lost_site_is_noted_by_a_client(lab: Lab) -> None:
    actions.lose_site("south")
    await_state(lab, "gone", *lab.layout["south"].brokers, "south-connect")
    assert [fault["fault"] for fault in noted(lab)] == ["lose-site"]
    assert armed(lab) == ["restore-site-south"]


def test_a_cut_link_is_noted_by_two_probes(lab: Lab, sockets: ExitStack) -> None:
    first = lab.layout["north"].nodes[0]
    listen(sockets, first.client, first.wire)
    actions.cut_link("north")
    await_state(lab, "stopped", wire("north"))
    assert [fault["fault"] for fault in noted(lab)] == ["cut-link"]
    assert armed(lab) == ["mend-link-north"]


@pytest.mark.parametrize(("controller", "frozen"), [(1, {1, 2}), (2, {1, 2}), (3, {1, 3})])
def test_a_frozen_majority_has_the_active_controller_in_it_and_is_thawed_twice(
    lab: Lab, sockets: ExitStack, controller: int, frozen: set[int]
) -> None:
    agree(lab, controller)
    listen(sockets, *(node.client for node in lab.layout["north"].nodes))
    actions.freeze_controllers("north")
    names = {lab.layout["north"].broker(number) for number in frozen}
    await_state(lab, "stopped", *names)
    await_state(lab, "running", *set(lab.layout["north"].brokers) - names)
    assert [fault["fault"] for fault in noted(lab)] == ["pause"]
    assert armed(lab) == ["thaw-north"]
    assert set(undo.thaw_brokers("north")) == names
    assert undo.thaw_brokers("north") == []
    assert armed(lab) == []
    await_state(lab, "running", *lab.layout["north"].brokers)


@pytest.mark.parametrize(
    ("act", "arguments", "said"),
    [
        (actions.kill_brokers, {"site": "east", "brokers": [1]}, "no site east"),
        (actions.kill_brokers, {"site": "north", "brokers": []}, "are not brokers of north"),
        (actions.kill_brokers, {"site": "north", "brokers": [1, 4]}, "are not brokers of north"),
        (actions.kill_worker, {"site": "south", "expires_after": 0}, "cannot expire after 0 s"),
        (actions.kill_active_controller, {"site": "north"}, "knows an active controller"),
        (actions.lose_site, {"site": "east"}, "no site east"),
        (actions.inject, {"fault": "hope", "target": "north"}, "no fault hope"),
        (undo.thaw_brokers, {"site": "east"}, "no site east"),
    ],
)
def test_what_cannot_be_done_fails_its_activity_and_harms_nothing(
    lab: Lab, act: Callable[..., object], arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(ActivityFailed, match=said):
        act(**arguments)
    assert noted(lab) == []
    assert armed(lab) == []
    assert {process.state for process in lab.status()} == {"running"}


def test_a_worker_that_is_gone_already_cannot_be_killed_and_nothing_is_noted(lab: Lab) -> None:
    lab.processes.signal("south-connect", "SIGKILL")
    lab.processes.wait_gone("south-connect")
    with pytest.raises(ActivityFailed, match="gone already"):
        actions.kill_worker("south")
    assert noted(lab) == []
