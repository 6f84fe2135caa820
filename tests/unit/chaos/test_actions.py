"""Faults on processes that only sleep: each is noted with its observer, and ends by itself if nobody ends it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from chaoslib.exceptions import ActivityFailed

from drctl.chaos import actions, link_actions, undo
from drctl.chaos.environment import EVIDENCE, LAB, TIME_OFFSET
from drctl.lab import Lab, injecting, observers, roles
from drctl.lab.roles import Leadership
from tests.unit.chaos.struck import agree, armed, lab, listen, noted, replace, sockets
from tests.unit.lab.stand_ins import await_state, sleeping_lab, state

__all__ = ["lab", "sockets"]

PEERS, CONTROLLERS = "the other brokers", "the other controllers"


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
    link_actions.kill_worker("south")
    actions.lose_site("south")
    year = 365 * 86_400
    assert all(0 <= fault["injected_at"] <= fault["observed_at"] < year for fault in noted(lab))
    assert len(noted(lab)) == 3


def test_a_lost_site_is_noted_by_a_client(lab: Lab) -> None:
    actions.lose_site("south")
    await_state(lab, "gone", *lab.layout["south"].brokers, "south-connect")
    assert [fault["fault"] for fault in noted(lab)] == ["lose-site"]
    assert armed(lab) == ["restore-site-south"]


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


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with sleeping_lab(tmp_path_factory.mktemp("unharmed") / "lab") as lab:
        yield lab


@pytest.fixture
def unharmed(shared: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab for whatever harms nothing: one for all of it."""
    monkeypatch.setenv(LAB, str(shared.folder))
    monkeypatch.setenv(EVIDENCE, str(shared.folder.parent / "faults.jsonl"))
    return shared


@pytest.mark.parametrize(
    ("act", "arguments", "said"),
    [
        (actions.kill_brokers, {"site": "east", "brokers": [1]}, "no site east"),
        (actions.kill_brokers, {"site": "north", "brokers": []}, "are not brokers of north"),
        (actions.kill_brokers, {"site": "north", "brokers": [1, 4]}, "are not brokers of north"),
        (actions.freeze_brokers, {"site": "north", "brokers": []}, "are not brokers of north"),
        (actions.stop_broker, {"site": "north", "broker": 4}, "are not brokers of north"),
        (actions.stop_active_controller, {"site": "north"}, "knows an active controller"),
        (actions.freeze_active_controller, {"site": "north"}, "knows an active controller"),
        (link_actions.kill_worker, {"site": "south", "expires_after": 0}, "cannot expire after 0 s"),
        (link_actions.kill_wire, {"source": "east"}, "no site east"),
        (link_actions.hold_answers, {"source": "north", "expires_after": -1}, "cannot expire after -1 s"),
        (actions.kill_active_controller, {"site": "north"}, "knows an active controller"),
        (actions.lose_site, {"site": "east"}, "no site east"),
        (actions.inject, {"fault": "hope", "target": "north"}, "no fault hope"),
        (undo.thaw_brokers, {"site": "east"}, "no site east"),
    ],
)
def test_what_cannot_be_done_fails_its_activity_and_harms_nothing(
    unharmed: Lab, act: Callable[..., object], arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(ActivityFailed, match=said):
        act(**arguments)
    assert noted(unharmed) == []
    assert armed(unharmed) == []
    assert {process.state for process in unharmed.status()} == {"running"}


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let north have roles, and brokers that tell of each other what the process table tells: 2 leads, 3 follows.

    Who does not run is not listed, its groups have broker 1 as their coordinator, and controllers follow node 1.
    """

    def runs(lab: Lab, number: int) -> bool:
        return state(lab, f"north-broker-{number}") == "running"

    def unlisted(lab: Lab, site: str, broker: int) -> str:
        assert site == "north"
        return "" if runs(lab, broker) else f"{broker} is not listed"

    def views(lab: Lab, site: str) -> dict[int, Leadership]:
        assert site == "north"
        now = Leadership(2, 3) if runs(lab, 2) else Leadership(1, 4)
        return dict.fromkeys((1, 2, 3), now)

    monkeypatch.setattr(roles, "leader", lambda *_: 2)
    monkeypatch.setattr(roles, "follower", lambda *_: 3)
    monkeypatch.setattr(roles, "coordinator", lambda *_: 2)
    monkeypatch.setattr(observers, "coordinator", lambda *_: 1)
    monkeypatch.setattr(observers, "unlisted", unlisted)
    monkeypatch.setattr(roles, "quorum_views", views)
    monkeypatch.setattr(observers, "quorum_views", views)


PLACE = {"site": "north", "topic": "turbines.readings", "partition": 0}
GROUP = {"site": "north", "group": "billing"}


@pytest.mark.usefixtures("peers")
@pytest.mark.parametrize(
    ("act", "told", "broker", "seen"),
    [
        (actions.kill_leader, PLACE, 2, ("kill", "gone", PEERS)),
        (actions.stop_leader, PLACE, 2, ("stop", "gone", PEERS)),
        (actions.freeze_leader, {**PLACE, "until_fenced": True}, 2, ("pause", "stopped", PEERS)),
        (actions.kill_follower, PLACE, 3, ("kill", "gone", PEERS)),
        (actions.stop_follower, PLACE, 3, ("stop", "gone", PEERS)),
        (actions.freeze_follower, PLACE, 3, ("pause", "stopped", PEERS)),
        (actions.kill_active_controller, {"site": "north"}, 2, ("kill", "gone", CONTROLLERS)),
        (actions.stop_active_controller, {"site": "north"}, 2, ("stop", "gone", CONTROLLERS)),
        (actions.freeze_active_controller, {"site": "north"}, 2, ("pause", "stopped", CONTROLLERS)),
        (actions.kill_coordinator, GROUP, 2, ("kill", "gone", PEERS)),
        (actions.freeze_coordinator, GROUP, 2, ("pause", "stopped", PEERS)),
        (actions.stop_broker, {"site": "north", "broker": 1}, 1, ("stop", "gone", PEERS)),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_who_has_a_role_is_struck_and_nobody_else_and_others_tell(
    lab: Lab, act: Callable[..., str], told: dict[str, Any], broker: int, seen: tuple[str, str, str]
) -> None:
    kind, left, observer = seen
    struck = f"north-broker-{broker}"
    act(**told)
    assert {each.name: each.state for each in lab.status() if each.state != "running"} == {struck: left}
    (fault,) = noted(lab)
    assert (fault["fault"], fault["target"], fault["observer"]) == (kind, struck, observer)
    assert fault["injected_at"] <= fault["observed_at"]
    assert armed(lab) == ["thaw-north" if kind == "pause" else "restart-brokers-north"]


def test_a_fault_that_its_observer_does_not_see_fails_and_is_not_noted(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "follower", lambda *_: 3)
    monkeypatch.setattr(observers, "unlisted", lambda *_: "")
    monkeypatch.setattr(observers.await_seen, "__defaults__", (0.0,))
    with pytest.raises(ActivityFailed, match="was not seen by the other brokers"):
        actions.freeze_follower("north", "turbines.readings", 0)
    assert noted(lab) == []
    assert armed(lab) == ["thaw-north"]


def test_a_site_that_is_frozen_is_noted_by_a_client_once_all_of_it_is_silent(lab: Lab, sockets: ExitStack) -> None:
    listen(sockets, *(node.client for node in lab.layout["north"].nodes))
    actions.freeze_brokers("north", [1, 2, 3])
    await_state(lab, "stopped", *lab.layout["north"].brokers)
    (fault,) = noted(lab)
    assert (fault["fault"], fault["observer"]) == ("pause", "a client of the site")
    assert set(undo.thaw_brokers("north")) == set(lab.layout["north"].brokers)


WRITES = 'trap "" XFSZ; while echo x >> written; do sleep 0.02; done; exit 3'
"""A broker in this: it writes, is told of an error and not killed by it, and then ends by itself."""


@pytest.mark.usefixtures("peers")
def test_a_broker_whose_writes_fail_ends_by_itself_and_others_tell(lab: Lab) -> None:
    replace(lab, "north-broker-2", "sh", "-c", WRITES)
    deadline = lab.clock.monotonic() + 60
    while not (lab.folder / "written").exists():
        assert lab.clock.monotonic() < deadline
        lab.clock.sleep(0.02)
    actions.fail_writes("north", "turbines.readings", 0)
    (fault,) = noted(lab)
    assert (fault["fault"], fault["target"], fault["observer"]) == ("fail-writes", "north-broker-2", PEERS)
    assert lab.processes.status("north-broker-2").exit_code == 3
    assert armed(lab) == ["restart-brokers-north"]


@pytest.mark.usefixtures("peers")
@pytest.mark.parametrize("end", ["kill -9 $$", "exit 0"], ids=["killed", "as if asked to"])
def test_a_broker_that_ends_otherwise_is_no_evidence_that_its_writes_failed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    replace(lab, "north-broker-2", "sh", "-c", f"while [ $(ulimit -f) = unlimited ]; do sleep 0.02; done; {end}")
    monkeypatch.setattr(injecting, "PATIENCE", 1.0)
    with pytest.raises(ActivityFailed, match="fail-writes of north-broker-2 was not seen by the parent"):
        actions.fail_writes("north", "turbines.readings", 0)
    assert noted(lab) == []
