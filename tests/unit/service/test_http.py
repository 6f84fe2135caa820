"""What the service answers, and to whom it does not listen without end."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client import CollectorRegistry

from drctl.errors import ConfigInvalid
from drctl.service.http import BODY, HEADER, IDLE, LIFETIME, Served, listen

HALF = b"GET /healthz HTTP/1.1\r\nHost: nor"
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: north\r\n\r\n"
PATIENCE = 60


def well() -> tuple[bool, dict[str, Any]]:
    return True, {"healthy": True}


def ill() -> tuple[bool, dict[str, Any]]:
    return False, {"healthy": False}


@contextmanager
def served(health: Callable[[], tuple[bool, dict[str, Any]]] = well) -> Iterator[Served]:
    server = listen("127.0.0.1:0", CollectorRegistry(), health, ill, lambda: {"sites": {}})
    server.start()
    yield server
    server.close()


def connected(server: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)


def status(server: Served, path: str, method: str = "GET") -> int:
    try:
        with urlopen(Request(f"{server.address}{path}", method=method), timeout=PATIENCE) as answer:
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code


def everything(connection: socket.socket) -> bytes:
    """What is answered until the server closes, or resets what it did not read to its end."""
    found = b""
    with suppress(ConnectionResetError):
        while read := connection.recv(65536):
            found += read
    return found


def test_each_question_has_its_answer_and_the_rest_is_named() -> None:
    with served() as server:
        paths = ("/metrics", "/healthz", "/readyz", "/sightings", "/else")
        assert [status(server, path) for path in paths] == [200, 200, 503, 200, 404]
        assert [status(server, "/healthz", method) for method in ("HEAD", "POST", "DELETE")] == [200, 405, 405]


def test_hundreds_of_half_sent_requests_hold_no_thread_and_keep_nobody_from_an_answer() -> None:
    with served() as server, ExitStack() as stack:
        before = threading.active_count()
        for _ in range(400):
            stack.enter_context(connected(server)).sendall(HALF)
        assert status(server, "/healthz") == 200
        assert threading.active_count() <= before


@pytest.mark.parametrize("sent", [b"", HALF])
def test_a_connection_on_which_nothing_comes_is_closed(sent: bytes) -> None:
    with served() as server, connected(server) as silent:
        silent.sendall(sent)
        later(server, IDLE + 1)
        assert everything(silent) == b""


def test_a_request_that_comes_byte_by_byte_is_closed_as_well() -> None:
    with served() as server, connected(server) as slow:
        slow.sendall(HALF)
        (channel,) = accepted(server)
        channel.last_activity += LIFETIME
        later(server, LIFETIME + 1)
        assert everything(slow) == b""


def test_a_request_that_is_being_answered_is_not_cut_off_however_old_its_connection_is() -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow() -> tuple[bool, dict[str, Any]]:
        asked.set()
        go_on.wait(PATIENCE)
        return True, {}

    with served(slow) as server, connected(server) as patient:
        patient.sendall(WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert asked.wait(PATIENCE)
        later(server, 10 * LIFETIME)
        go_on.set()
        assert everything(patient).startswith(b"HTTP/1.1 200")


def accepted(server: Served) -> list[Any]:
    """The connections, once there is one."""
    ticking = threading.Event()
    for _ in range(PATIENCE * 100):
        if found := [each for each in server.server.active_channels.values() if each.request]:
            return found
        ticking.wait(0.01)
    return []


def later(server: Served, seconds: float) -> None:
    """What the server does about its connections when so much time has passed, done in its own thread."""
    while not server.server.active_channels:
        threading.Event().wait(0.01)
    maintenance = server.server.maintenance

    def as_if(now: float) -> None:
        maintenance(now + seconds)

    server.server.maintenance = as_if  # type: ignore[method-assign]
    server.server.next_channel_cleanup = 0
    server.server.pull_trigger()


def test_a_header_or_a_body_that_is_too_large_is_refused() -> None:
    with served() as server:
        with connected(server) as header:
            header.sendall(b"GET /healthz HTTP/1.1\r\nX-Long: " + b"x" * HEADER + b"\r\n\r\n")
            assert everything(header).startswith(b"HTTP/1.0 431")
        with connected(server) as body:
            body.sendall(b"POST /healthz HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (BODY + 1))
            assert everything(body).startswith(b"HTTP/1.1 413")


def test_who_goes_before_the_answer_is_not_worth_a_line(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow() -> tuple[bool, dict[str, Any]]:
        asked.set()
        go_on.wait(PATIENCE)
        return True, {"long": "x" * 5_000_000}

    with served(slow) as server:
        with connected(server) as gone:
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            gone.sendall(WHOLE)
            assert asked.wait(PATIENCE)
        go_on.set()
        assert status(server, "/sightings") == 200
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []


def test_what_is_under_way_at_the_end_is_answered_and_nobody_else_is() -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow() -> tuple[bool, dict[str, Any]]:
        asked.set()
        go_on.wait(PATIENCE)
        return True, {}

    with served(slow) as server, connected(server) as patient, connected(server) as silent:
        silent.sendall(HALF)
        patient.sendall(WHOLE)
        assert asked.wait(PATIENCE)
        ending = threading.Thread(target=server.close)
        ending.start()
        go_on.set()
        assert b"200 OK" in everything(patient)
        assert everything(silent) == b""
        ending.join(PATIENCE)
        assert not ending.is_alive()
        with pytest.raises(ConnectionError):
            connected(server)


def test_an_answer_that_fails_is_an_error_of_that_request_alone() -> None:
    def broken() -> tuple[bool, dict[str, Any]]:
        raise ValueError("a bug")

    with served(broken) as server:
        assert [status(server, path) for path in ("/healthz", "/sightings")] == [500, 200]


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:x", "127.0.0.1:99999", "no.such.host.invalid:80"])
def test_an_address_that_cannot_be_used_is_refused(address: str) -> None:
    with pytest.raises(ConfigInvalid, match="listen") as refused:
        listen(address, CollectorRegistry(), well, well)
    assert "host:port" in refused.value.remedy


def test_an_address_that_is_taken_is_told_as_such() -> None:
    with served() as server, pytest.raises(ConfigInvalid, match="listen") as refused:
        listen(f"127.0.0.1:{server.port}", CollectorRegistry(), well, well)
    assert "another port" in refused.value.remedy


def test_an_ipv6_address_is_one_too() -> None:
    server = listen("[::1]:0", CollectorRegistry(), well, well)
    server.start()
    assert server.address == f"http://[::1]:{server.port}"
    assert json.loads(urlopen(f"{server.address}/healthz", timeout=PATIENCE).read())["healthy"]
    server.close()
