"""What others see of a fault: nothing until it is there, on real sockets."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from drctl.errors import LabError
from drctl.lab import Lab
from drctl.lab.layout import plan_layout
from drctl.lab.observers import all_refuse, all_silent, await_seen, worker_refuses
from tests.fakes.clock import FakeClock


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path, plan_layout(3), FakeClock())


@pytest.fixture
def open_ports() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def listen(stack: ExitStack, port: int) -> None:
    """Take connections and answer nothing, as a frozen process does."""
    stack.enter_context(socket.create_server(("127.0.0.1", port)))


def test_brokers_refuse_only_if_all_do(lab: Lab, open_ports: ExitStack) -> None:
    first, second, _ = (node.client for node in lab.layout["north"].nodes)
    assert all_refuse(lab, "north", [1, 2]) == f"connections to ports {first}, {second} are refused"
    listen(open_ports, second)
    assert all_refuse(lab, "north", [1, 2]) == ""
    assert all_refuse(lab, "north", [1]) == f"connections to port {first} are refused"


def test_who_refuses_is_not_silent_and_who_is_silent_takes_connections(lab: Lab, open_ports: ExitStack) -> None:
    first, second, _ = (node.client for node in lab.layout["north"].nodes)
    listen(open_ports, first)
    assert all_silent(lab, "north", [1, 2]) == ""
    listen(open_ports, second)
    assert all_silent(lab, "north", [1, 2]) == f"ports {first}, {second} take connections and answer nothing"


def test_a_worker_that_takes_connections_is_not_gone(lab: Lab, open_ports: ExitStack) -> None:
    assert worker_refuses(lab, "south") == f"connections to port {lab.layout['south'].connect} are refused"
    listen(open_ports, lab.layout["south"].connect)
    assert worker_refuses(lab, "south") == ""


def test_a_fault_is_waited_for_until_it_is_seen(lab: Lab) -> None:
    told = iter(["", "", "gone"])
    assert await_seen(lab, "kill of x", "a client", lambda: next(told)) == "gone"


def test_a_fault_that_nobody_sees_is_an_error(lab: Lab) -> None:
    with pytest.raises(LabError, match="kill of x was not seen by a client within 60 s"):
        await_seen(lab, "kill of x", "a client", lambda: "")
