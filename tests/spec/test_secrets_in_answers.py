"""No secret is shown that a Connect worker repeats in every answer: commands run to success and to failure.

The sites are the fakes. Real are the command line, logs, and Connect's REST interface.
"""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from drctl.drivers.connect.connectors import ConnectConnectors
from drctl.drivers.connect.replication import ConnectReplication
from drctl.ports import World
from tests.fakes import fake_world
from tests.spec.planted import CANARIES, URL_PASSWORD, Terminal, definitions, repeated, require_nothing_shown


@dataclass
class Worker:
    """A Connect worker that answers with canaries; ``answers`` decides how for each path."""

    server: HTTPServer
    answers: Callable[[str, str], tuple[int, object]] = field(default=lambda _, __: (200, {}))
    asked: int = 0

    @property
    def url(self) -> str:
        return f"http://ops:{URL_PASSWORD}@localhost:{self.server.server_port}"


@pytest.fixture
def worker() -> Iterator[Worker]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = made.answers(self.command, self.path)
            made.asked += 1
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_PUT = do_POST = do_PATCH = do_GET  # noqa: N815 - as the library wants them

        def log_message(self, *_: object) -> None: ...

    made = Worker(HTTPServer(("localhost", 0), Answers))
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


COMMANDS = [
    ("status",),
    ("status", "-o", "json"),
    ("plan", "switchover", "--to", "south"),
    ("plan", "switchover", "--to", "south", "-o", "json"),
    ("plan", "failover", "--to", "south"),
    ("switchover", "--to", "south", "--yes"),
    ("doctor", "--no-fix"),
    ("groups", "list"),
    ("runs", "list"),
    ("runs", "show", "--evidence"),
    ("runs", "show", "--evidence", "-o", "json"),
]


def _says(status: int) -> Callable[[str, str], tuple[int, object]]:
    return lambda _, __: (status, {"error_code": status, "message": repeated()})


def _failed(_: str, path: str) -> tuple[int, object]:
    """Connectors whose tasks have failed with a trace full of canaries."""
    if path.endswith("/config"):
        return 200, CANARIES
    if path.endswith("/offsets"):
        return 200, {"offsets": []}
    trace = f"{repeated()}\n\tat x.Y\nCaused by: {repeated()}"
    state = {"state": "FAILED", "worker_id": "w:1", "trace": trace}
    return 200, {"name": "x", "connector": state, "tasks": [{"id": 0, **state}]}


ANSWERS = {
    **{f"answers {status}": _says(status) for status in (400, 401, 404, 409, 422, 500, 503)},
    "tasks failed": _failed,
    "no tasks in it": lambda _, path: (200, CANARIES if path.endswith("/config") else {"connector": dict(CANARIES)}),
    "a list": lambda _, __: (200, [repeated()]),
    "a text": lambda _, __: (200, repeated()),
    "nothing": lambda _, __: (200, None),
    "odd offsets": lambda method, path: (
        (200, {"offsets": [repeated()]}) if "offsets" in path else _failed(method, path)
    ),
}


@pytest.mark.parametrize("answers", ANSWERS)
def test_what_a_worker_repeats_is_not_shown(
    answers: str, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earth = fake_world()
    earth.come_to_rest()
    terminal = Terminal(earth, monkeypatch)
    worker.answers = ANSWERS[answers]

    def real_connect(world: World) -> World:
        links = {}
        for (source, target), ports in world.links.items():
            link = replace(ports.link, connectors=definitions(tmp_path, source, target))
            links[source, target] = replace(
                ports, link=link, replication=ConnectReplication(link, worker.url, earth.clock)
            )
        sites = {
            name: replace(site, connectors=ConnectConnectors(worker.url, earth.clock))
            for name, site in world.sites.items()
        }
        return replace(world, links=links, sites=sites)

    terminal.change = real_connect
    for words in COMMANDS:
        terminal.types(*words)
    assert terminal.types("switchover", "--to", "south", "--yes").exit_code != 0
    assert worker.asked > len(COMMANDS)
    assert "***" in terminal.shown or not answers.startswith(("answers 4", "answers 5", "tasks"))
    require_nothing_shown(terminal.shown, terminal.journal())
