"""drctl's own service is killed: noted by a client of it, started again, and ended; a process stands in for it."""

import sys
from contextlib import ExitStack

import pytest
from chaoslib.exceptions import ActivityFailed

from drctl.chaos import service_actions, undo
from drctl.errors import LabError
from drctl.lab import Lab, observers, service
from drctl.lab.injecting import connects
from drctl.lab.ports import free_ports
from tests.unit.chaos.struck import armed, lab, listen, noted, sockets

__all__ = ["lab", "sockets"]

SERVES = "import socket, sys, time; kept = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(600)"


@pytest.fixture
def serving(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab with a service that takes connections, and keeps as many positions in sync as it is asked for."""
    (port,) = free_ports(1)
    (lab.folder / f"{service.PROCESS}.port").write_text(str(port))
    lab.processes.start(service.PROCESS, [sys.executable, "-c", SERVES, str(port)])
    deadline = lab.clock.monotonic() + 60
    while not connects(port):
        assert lab.clock.monotonic() < deadline
        lab.clock.sleep(0.05)
    monkeypatch.setattr(service, "await_progress", lambda *_: 7)
    return lab


def test_a_killed_service_is_noted_by_a_client_of_it_and_nothing_else_is_struck(serving: Lab) -> None:
    service_actions.kill_service("south")
    (fault,) = noted(serving)
    assert (fault["fault"], fault["target"], fault["observer"]) == ("kill", service.PROCESS, "a client of it")
    assert fault["observation"] == f"connections to port {service.port(serving)} are refused"
    assert fault["injected_at"] <= fault["observed_at"]
    assert [each.name for each in serving.status() if each.state != "running"] == [service.PROCESS]
    assert armed(serving) == []


def test_a_service_that_somebody_still_answers_for_is_not_seen_to_be_gone(
    serving: Lab, sockets: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    (other,) = free_ports(1)
    listen(sockets, other)
    (serving.folder / f"{service.PROCESS}.port").write_text(str(other))
    monkeypatch.setattr(observers.await_seen, "__defaults__", (0.0,))
    with pytest.raises(ActivityFailed, match="kill was not seen by a client of it"):
        service_actions.kill_service("south")
    assert noted(serving) == []


def test_a_service_that_keeps_nothing_in_sync_is_not_killed(serving: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def idle(*_: object) -> int:
        raise LabError("has kept no position in sync")

    monkeypatch.setattr(service, "await_progress", idle)
    with pytest.raises(ActivityFailed, match="kept no position"):
        service_actions.kill_service("south")
    assert service.is_there(serving)
    assert noted(serving) == []


def test_a_service_that_is_there_is_not_started_again_and_is_ended_twice(serving: Lab) -> None:
    pid = serving.processes.status(service.PROCESS).pid
    assert undo.restart_service("south") == "positions at south went on by 7 records"
    assert serving.processes.status(service.PROCESS).pid == pid
    assert undo.end_service() == [service.PROCESS]
    assert undo.end_service() == []


def test_a_service_that_does_not_serve_is_told_with_its_last_words(lab: Lab) -> None:
    """The lab that only sleeps has no plan file."""
    with pytest.raises(ActivityFailed, match=r"(?s)drctl-service does not serve:.*plan\.yaml"):
        undo.restart_service("south")
    assert undo.end_service() == []


def test_a_lab_without_a_service_has_none_to_end_or_to_ask(lab: Lab) -> None:
    assert undo.end_service() == []
    with pytest.raises(LabError, match="was never started"):
        service.port(lab)


def test_positions_have_gone_on_once_they_are_beyond_the_first_that_anybody_told(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = iter([None, None, 5, 5, None, 9])
    monkeypatch.setattr(service, "committed", lambda *_: next(told))
    assert service.await_progress(lab, "south") == 4


@pytest.mark.parametrize("told", [None, 0, 5])
def test_positions_that_stand_or_that_nobody_tells_have_not_gone_on(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, told: int | None
) -> None:
    monkeypatch.setattr(service, "committed", lambda *_: told)
    monkeypatch.setattr(service, "SERVES_WITHIN", 0.0)
    with pytest.raises(LabError, match="kept no position"):
        service.await_progress(lab, "south")
