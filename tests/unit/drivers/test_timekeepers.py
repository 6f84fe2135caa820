"""Clocks of others, read from the header of answers; without one they are unknown."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from drctl.drivers.connect.timekeeper import ConnectTimekeeper
from drctl.drivers.kube.client import KubeClient
from drctl.drivers.kube.timekeeper import KubeTimekeeper
from drctl.errors import Unsupported
from tests.unit.drivers.api_server import KUBECONFIG


@contextmanager
def dated(date: str | None) -> Iterator[int]:
    """A web server's port; its answers say that it is then, or nothing."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            if date is not None:
                self.send_header("Date", date)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("localhost", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def told(port: int, who: str, folder: Path) -> datetime:
    if who == "connect":
        worker = ConnectTimekeeper(f"http://localhost:{port}")
        try:
            return worker.time()
        finally:
            worker.close()
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG.format(port=port))
    client = KubeClient("north", kubeconfig, "north")
    try:
        return KubeTimekeeper(client).time()
    finally:
        client.close()


@pytest.mark.parametrize("who", ["connect", "kubernetes"])
def test_the_header_is_the_time_there(who: str, tmp_path: Path) -> None:
    with dated("Sun, 29 Nov 2026 07:33:41 GMT") as port:
        assert told(port, who, tmp_path) == datetime(2026, 11, 29, 7, 33, 41, tzinfo=UTC)


@pytest.mark.parametrize("who", ["connect", "kubernetes"])
@pytest.mark.parametrize("date", [None, "", "noon"])
def test_without_a_header_that_can_be_read_the_time_is_unknown(who: str, date: str | None, tmp_path: Path) -> None:
    with dated(date) as port, pytest.raises(Unsupported, match="have no Date"):
        told(port, who, tmp_path)
