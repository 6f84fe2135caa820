"""Faults of the link on processes that only sleep, and on a wire that carries what real sockets say."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from chaoslib.exceptions import ActivityFailed

from drctl.chaos import link_actions, undo
from drctl.lab import Lab, injecting
from drctl.lab.injecting import connects, forwards
from drctl.lab.layout import wire
from drctl.lab.tcp_proxy import SLOW_BY
from drctl.lab.wholeness import shortcomings
from drctl.lab.wire_faults import mark
from tests.unit.chaos.struck import armed, lab, listen, noted, sockets
from tests.unit.lab.stand_ins import await_state, state

__all__ = ["lab", "sockets"]


def test_a_killed_worker_is_noted_by_a_client(lab: Lab) -> None:
    link_actions.kill_worker("south")
    (fault,) = noted(lab)
    assert (fault["fault"], fault["target"], fault["observer"]) == ("kill", "south-connect", "a client of it")
    assert armed(lab) == ["restart-worker-south"]


def test_a_cut_link_is_noted_by_two_probes(lab: Lab, sockets: ExitStack) -> None:
    first = lab.layout["north"].nodes[0]
    listen(sockets, first.client, first.wire)
    link_actions.cut_link("north")
    await_state(lab, "stopped", wire("north"))
    assert [fault["fault"] for fault in noted(lab)] == ["cut-link"]
    assert armed(lab) == ["mend-link-north"]


def test_a_worker_that_is_gone_already_cannot_be_killed_and_nothing_is_noted(lab: Lab) -> None:
    lab.processes.signal("south-connect", "SIGKILL")
    lab.processes.wait_gone("south-connect")
    with pytest.raises(ActivityFailed, match="gone already"):
        link_actions.kill_worker("south")
    assert noted(lab) == []


def test_a_stopped_worker_is_noted_by_a_client(lab: Lab) -> None:
    link_actions.stop_worker("south")
    (fault,) = noted(lab)
    assert (fault["fault"], fault["target"], fault["observer"]) == ("stop", "south-connect", "a client of it")
    assert armed(lab) == ["restart-worker-south"]


def test_a_frozen_worker_is_noted_by_a_client_and_thawed_twice(lab: Lab, sockets: ExitStack) -> None:
    listen(sockets, lab.layout["south"].connect)
    link_actions.freeze_worker("south")
    await_state(lab, "stopped", "south-connect")
    (fault,) = noted(lab)
    assert (fault["fault"], fault["target"], fault["observer"]) == ("pause", "south-connect", "a client of it")
    assert "takes connections and answers nothing" in fault["observation"]
    assert armed(lab) == ["thaw-south"]
    assert undo.thaw_brokers("south") == ["south-connect"]
    assert undo.thaw_brokers("south") == []


def test_a_killed_wire_is_noted_by_a_client_of_it_and_one_past_it(lab: Lab, sockets: ExitStack) -> None:
    listen(sockets, lab.layout["north"].nodes[0].client)
    link_actions.kill_wire("north")
    await_state(lab, "gone", wire("north"))
    (fault,) = noted(lab)
    assert (fault["fault"], fault["target"], fault["observer"]) == ("kill", wire("north"), "a client of it")
    assert armed(lab) == ["mend-link-north"]


@contextmanager
def hanging_up(*ports: int) -> Iterator[None]:
    """Read something from whoever connects, then hang up, as a broker does that is not greeted by TLS."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", port))) for port in ports]

        def serve(server: socket.socket) -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1 << 10)

        threads = [threading.Thread(target=serve, args=[server]) for server in servers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for server in servers:
                server.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


@pytest.fixture
def node(lab: Lab) -> Iterator[Lab]:
    """A lab with the real wire from north, and a broker behind it, reached past it as well."""
    lab.processes.signal(wire("north"), "SIGKILL")
    lab.processes.wait_gone(wire("north"))
    first = lab.layout["north"].nodes[0]
    with hanging_up(first.client, first.link):
        lab.start_wire("north")
        await_answer(lab)
        yield lab


def await_answer(lab: Lab) -> None:
    deadline = lab.clock.monotonic() + 60
    while not forwards(lab.layout["north"].nodes[0].wire):
        assert lab.clock.monotonic() < deadline
        lab.clock.sleep(0.05)


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (link_actions.hold_answers, "hold-answers"),
        (link_actions.slow_link, "slow-link"),
        (link_actions.cut_link, "cut-link"),
        (link_actions.kill_wire, "kill"),
    ],
    ids=["one way", "slow", "cut", "killed"],
)
def test_a_wire_is_mended_whatever_was_done_to_it_and_twice(node: Lab, act: Callable[[str], str], kind: str) -> None:
    port = node.layout["north"].nodes[0].wire
    act("north")
    (fault,) = noted(node)
    assert fault["fault"] == kind
    assert armed(node) == ["mend-link-north"]
    assert any(wire("north") in each for each in shortcomings(node))
    assert undo.mend_link("north") == [wire("north")]
    assert forwards(port)
    assert armed(node) == []
    assert not mark(node, "north").exists()
    assert state(node, wire("north")) == "running"
    pid = node.processes.status(wire("north")).pid
    assert undo.mend_link("north") == []
    assert node.processes.status(wire("north")).pid == pid


def test_a_wire_one_way_takes_connections_and_does_not_even_tell_that_the_broker_hung_up(node: Lab) -> None:
    port = node.layout["north"].nodes[0].wire
    link_actions.hold_answers("north")
    (fault,) = noted(node)
    assert fault["observer"] == "the kernel's table of connections"
    assert state(node, wire("north")) == "running"
    assert connects(port)
    with socket.create_connection(("127.0.0.1", port), 5) as waiting:
        waiting.sendall(b"hello")
        waiting.settimeout(0.5)
        with pytest.raises(TimeoutError):
            waiting.recv(1)
        undo.mend_link("north")
        waiting.settimeout(30)
        assert waiting.recv(1) == b""  # told late, and told


def test_a_slow_wire_is_told_apart_from_a_slow_broker(node: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(injecting, "PATIENCE", 3.0)
    told = iter([10.0, 10.0, SLOW_BY, 0.4])
    monkeypatch.setattr("drctl.lab.wire_faults.answers_after", lambda *_: next(told, 0.0))
    with pytest.raises(ActivityFailed, match="slow-link of north was not seen"):
        link_actions.slow_link("north")
    assert noted(node) == []


@pytest.mark.parametrize("act", [link_actions.hold_answers, link_actions.slow_link], ids=["one way", "slow"])
def test_a_wire_that_only_seems_to_be_turned_is_no_evidence(
    node: Lab, monkeypatch: pytest.MonkeyPatch, act: Callable[[str], str]
) -> None:
    monkeypatch.setattr(injecting, "PATIENCE", 1.0)
    monkeypatch.setattr("drctl.lab.wire_faults.signalled", lambda lab, *_: lab.clock.now())
    with pytest.raises(ActivityFailed, match="of north was not seen"):
        act("north")
    assert noted(node) == []
    assert undo.mend_link("north") == [wire("north")]
