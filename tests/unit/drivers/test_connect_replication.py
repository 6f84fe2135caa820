"""How a link's state is asked of its Connect worker. The worker is a web server that notes what it is asked."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from drctl.drivers.connect.replication import ConnectReplication
from drctl.errors import Unreachable
from drctl.model.link import ConnectorState
from drctl.model.links import Link
from tests.fakes import FakeClock

ALIASES = {"source.cluster.alias": "north", "target.cluster.alias": "south"}
DEFINED = {
    kind: {"connector.class": f"org.apache.kafka.connect.mirror.Mirror{kind}Connector", **ALIASES}
    for kind in ("Source", "Checkpoint", "Heartbeat")
}
STOPPED = {"connector": {"state": "STOPPED"}, "tasks": []}


class StandIn:
    """A worker: ``answers`` by path, 404 else; ``asked``, ``changed`` in order; ``before`` acts before each answer."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[str] = []
        self.changed: list[str] = []
        self.before: Callable[[str], None] = lambda _: None

    def holds(self, *names: str, status: Any = STOPPED) -> None:
        for name in names:
            self.answers[f"/connectors/{name}/config"] = (200, DEFINED[name])
            self.answers[f"/connectors/{name}/status"] = (200, status)

    def answer(self, path: str) -> tuple[int, Any]:
        self.asked.append(path)
        self.before(path)
        return self.answers.get(path, (404, {"error_code": 404, "message": "not found"}))


@pytest.fixture
def worker() -> StandIn:
    return StandIn()


@pytest.fixture
def link(worker: StandIn, tmp_path: Path) -> Iterator[ConnectReplication]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = worker.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def do_PUT(self) -> None:
            worker.changed.append(self.path)
            self.send_response(202)
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    file = tmp_path / "link.json"
    file.write_text(json.dumps(DEFINED))
    server = ThreadingHTTPServer(("localhost", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    url = f"http://localhost:{server.server_port}"
    replication = ConnectReplication(Link("north-to-south", "north", "south", file, "User:mm2"), url, FakeClock())
    yield replication
    replication.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_link_whose_connectors_exist_is_told_without_reading_the_offsets_topic(
    worker: StandIn, link: ConnectReplication
) -> None:
    worker.holds("Source", "Checkpoint", "Heartbeat")
    assert link.status().halted
    assert not [path for path in worker.asked if path.endswith("/offsets")]


def test_a_state_is_read_only_after_the_herder_has_answered(worker: StandIn, link: ConnectReplication) -> None:
    worker.holds("Source", "Checkpoint", "Heartbeat")
    link.status()
    for name in DEFINED:
        paths = [f"/connectors/{name}/{what}" for what in ("config", "status")]
        assert [path for path in worker.asked if path in paths] == paths
    assert len(worker.asked) == 2 * len(DEFINED)


def test_the_connectors_of_a_link_are_asked_side_by_side(worker: StandIn, link: ConnectReplication) -> None:
    worker.holds("Source", "Checkpoint", "Heartbeat")
    together = threading.Barrier(len(DEFINED), timeout=20)

    def wait_for_the_others(path: str) -> None:
        if path.endswith("/config"):
            together.wait()

    worker.before = wait_for_the_others
    assert link.status().halted


def test_a_connector_that_seems_absent_is_believed_only_from_a_worker_that_has_settled(
    worker: StandIn, link: ConnectReplication
) -> None:
    worker.holds("Source", "Checkpoint")

    def settles(path: str) -> None:
        """Find the third connector, with a task at work, once the offsets request made it read its config topic."""
        if path == "/connectors/Heartbeat/offsets":
            running = {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "RUNNING"}]}
            worker.holds("Heartbeat", status=running)

    worker.before = settles
    status = link.status()
    assert status.heartbeat.state is ConnectorState.RUNNING
    assert not status.halted


def test_a_connector_that_a_settled_worker_does_not_know_is_absent(worker: StandIn, link: ConnectReplication) -> None:
    worker.holds("Source", "Checkpoint")
    assert link.status().heartbeat.state is ConnectorState.ABSENT


def test_a_worker_that_rebalances_is_asked_again_for_a_moment(worker: StandIn, link: ConnectReplication) -> None:
    """Its group forms again whenever a connector is made: no gate says no for that."""
    worker.holds("Source", "Checkpoint", "Heartbeat")
    settled = worker.answers["/connectors/Checkpoint/config"]
    said = "Cannot complete request momentarily due to stale configuration (typically caused by a concurrent change)"
    worker.answers["/connectors/Checkpoint/config"] = (409, {"error_code": 409, "message": said})

    def settles(path: str) -> None:
        if worker.asked.count(path) == 3:
            worker.answers["/connectors/Checkpoint/config"] = settled

    worker.before = settles
    assert link.status().halted


def test_a_link_is_unknown_while_its_worker_rebalances(worker: StandIn, link: ConnectReplication) -> None:
    worker.holds("Source", "Checkpoint", "Heartbeat")
    said = "Cannot complete request momentarily due to no known leader URL"
    worker.answers["/connectors/Checkpoint/config"] = (409, {"error_code": 409, "message": said})
    with pytest.raises(Unreachable, match="is not ready"):
        link.status()


def test_a_link_is_unknown_while_its_worker_does_not_say_which_connectors_it_has(
    worker: StandIn, link: ConnectReplication
) -> None:
    worker.holds("Source", "Checkpoint")
    worker.answers["/connectors/Heartbeat/offsets"] = (500, {"error_code": 500, "message": "Request timed out"})
    with pytest.raises(Unreachable, match="is not ready"):
        link.status()


def test_a_connector_that_was_just_created_has_no_state_yet(worker: StandIn, link: ConnectReplication) -> None:
    worker.holds("Source", "Checkpoint", "Heartbeat")
    del worker.answers["/connectors/Source/status"]
    status = link.status()
    assert status.source.state is ConnectorState.UNASSIGNED
    assert not status.halted


RUNS = {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "RUNNING"}]}


def stops(*names: str) -> list[str]:
    return [f"/connectors/{name}/stop" for name in names]


def test_all_are_asked_to_stop_whatever_they_seem_to_do_and_what_copies_first(
    worker: StandIn, link: ConnectReplication
) -> None:
    """One that is being started is told as STOPPED until it has."""
    worker.holds("Source", "Checkpoint", "Heartbeat")
    link.stop()
    assert worker.changed == stops("Source", "Checkpoint", "Heartbeat")


def test_what_copies_is_asked_to_stop_alone(worker: StandIn, link: ConnectReplication) -> None:
    worker.holds("Source", "Checkpoint", "Heartbeat", status=RUNS)
    link.stop(copying_only=True)
    assert worker.changed == stops("Source")


def test_only_what_is_meant_to_run_and_has_failed_is_restarted(worker: StandIn, link: ConnectReplication) -> None:
    worker.holds("Source", "Checkpoint", "Heartbeat")
    failed = {"id": 1, "state": "FAILED", "trace": "InvalidTxnStateException: raced\n\tat x"}
    running = {"id": 0, "state": "RUNNING"}
    paused = {"connector": {"state": "PAUSED"}, "tasks": [failed]}
    worker.holds("Source", status={"connector": {"state": "RUNNING"}, "tasks": [running, failed]})
    worker.holds("Checkpoint", status=paused)
    restart = "/connectors/Source/restart?includeTasks=true&onlyFailed=true"
    worker.answers[restart] = (202, {})

    def restarts(path: str) -> None:
        if path == restart:
            worker.holds("Source", status={"connector": {"state": "RUNNING"}, "tasks": [running]})

    worker.before = restarts
    asked: list[str] = []
    assert link.restart_failed(lambda: asked.append("may I")) == {"Source, task 1": "InvalidTxnStateException: raced"}
    assert [path for path in worker.asked if "restart" in path] == [restart]
    assert asked == ["may I"]


def test_what_fails_again_at_once_does_not_hold_up_who_restarted_it(worker: StandIn, link: ConnectReplication) -> None:
    worker.holds("Source", "Checkpoint", "Heartbeat")
    tasks = [{"id": 0, "state": "FAILED", "trace": "no"}]
    worker.holds("Source", status={"connector": {"state": "FAILED", "trace": "own"}, "tasks": tasks})
    worker.answers["/connectors/Source/restart?includeTasks=true&onlyFailed=true"] = (202, {})
    assert link.restart_failed() == {"Source": "own", "Source, task 0": "no"}
    assert link.status().failed == {"Source": "own", "Source, task 0": "no"}
