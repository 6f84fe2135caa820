"""A Connect worker's answers, translated. The worker is a web server that says what it is told to."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from drctl.decide.leadership import terms
from drctl.drivers.connect import client as client_module
from drctl.drivers.connect.client import CHANGE, ConnectClient, NotSettled
from drctl.drivers.connect.worker import Worker
from drctl.drivers.kafka.site import CHANGE_TIMEOUT, MARGIN
from drctl.drivers.store.clock import SystemClock
from drctl.errors import ConfigInvalid, Conflict, DrctlError, NotFound, Unreachable, Unsupported
from drctl.service.command import SHORTEST_LEASE
from tests.fakes import FakeClock

type Says = Callable[[int, str, str], ConnectClient]


@pytest.fixture
def worker() -> Iterator[Says]:
    """A client of a worker that answers every request with that status, content type and body."""
    answer: list[tuple[int, str, str]] = []

    class Worker(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = answer[-1]
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body.encode())

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("localhost", 0), Worker)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    client = ConnectClient(f"http://localhost:{server.server_port}/")

    def says(status: int, kind: str, body: str) -> ConnectClient:
        answer.append((status, kind, body))
        return client

    yield says
    client.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_answers_are_decoded(worker: Says) -> None:
    assert worker(200, "application/json", '{"a": [1]}').get("/x") == {"a": [1]}
    assert worker(202, "application/json", "").put("/x") is None


@pytest.mark.parametrize(
    ("status", "message", "wanted"),
    [
        (404, "Unknown connector x", NotFound),
        (400, "Offsets are wrong", Conflict),
        (409, "Cannot complete request because of a conflicting operation (e.g. worker rebalance)", NotSettled),
        (500, "Request timed out", NotSettled),
        (503, "not yet", NotSettled),
        (500, "NullPointerException", DrctlError),
        (422, "hm", DrctlError),
    ],
)
def test_each_answer_becomes_an_error_of_ours(
    worker: Says, status: int, message: str, wanted: type[DrctlError]
) -> None:
    client = worker(status, "application/json", json.dumps({"error_code": status, "message": message}))
    with pytest.raises(DrctlError) as told:
        client.put("/connectors/x/stop")
    assert type(told.value) is wanted
    assert message in str(told.value)


def test_the_web_server_s_own_404_is_no_word_on_the_connector(worker: Says) -> None:
    with pytest.raises(Unreachable, match="is starting"):
        worker(404, "text/html", "<h1>Not found</h1>").get("/connectors/x")


def test_an_answer_that_is_no_json_is_not_connect(worker: Says) -> None:
    with pytest.raises(Unreachable, match="no JSON"):
        worker(200, "text/html", "<h1>Welcome</h1>").get("/connectors/x")


@pytest.mark.parametrize(
    "body", ["[" * 100_000, '{"a": 1, "a": 2}', '{"a": NaN}', '{"a": 1e999}', f'{{"a": {"9" * 5000}}}', '"\\ud800"']
)
def test_an_answer_that_only_a_careless_reader_takes_is_not_connect(worker: Says, body: str) -> None:
    with pytest.raises(Unreachable, match="no JSON"):
        worker(200, "application/json", body).get("/connectors/x")
    with pytest.raises(Conflict, match="declines GET"):
        worker(400, "application/json", body).get("/connectors/x")


def test_an_answer_without_end_is_not_read_to_its_end(worker: Says, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "MOST", 1000)
    for status in (200, 500):
        with pytest.raises(Unreachable, match="comes to no end"):
            worker(status, "application/json", " " * 1001).get("/connectors/x")


@pytest.mark.parametrize(
    "message",
    [
        'invalid value password="s3cret word" for it',
        "sasl.jaas.config: s3cret",
        "ssl.key.password=s3cret",
        'sasl.jaas.config=org.x.ScramLoginModule required username="me" password="s3cret";',
        "cannot connect to jdbc:postgresql://me:s3cret@db:5432/shop",
    ],
)
def test_secrets_in_an_answer_are_not_repeated(worker: Says, message: str) -> None:
    with pytest.raises(Conflict) as told:
        worker(400, "application/json", json.dumps({"message": message})).put("/x")
    assert "s3cret" not in str(told.value)


def test_secrets_of_the_configuration_sent_are_not_repeated(worker: Says) -> None:
    config = {"config": {"name": "orders", "connection.password": "hunter2 x", "topics": "orders"}}
    with pytest.raises(Conflict) as told:
        worker(400, "application/json", json.dumps({"message": "orders: hunter2 x is no number"})).put("/x", config)
    assert str(told.value).endswith("orders: *** is no number")


def test_a_worker_that_is_not_there_is_unreachable() -> None:
    client = ConnectClient("http://localhost:1")
    with pytest.raises(Unreachable, match="localhost:1"):
        client.get("/")
    client.close()


def test_a_login_in_the_address_is_used_and_never_told(worker: Says) -> None:
    known = worker(200, "application/json", "{}")
    client = ConnectClient(known.url.replace("//", "//ops:s3cret@"))
    assert client.url == known.url
    assert client.get("/") == {}
    worker(500, "application/json", "no")
    with pytest.raises(Unreachable) as told:
        client.get("/")
    assert "s3cret" not in str(told.value)
    client.close()
    gone = ConnectClient("http://ops:s3cret@localhost:1")
    with pytest.raises(Unreachable, match=r"worker http://localhost:1 does not answer") as silent:
        gone.get("/")
    assert "s3cret" not in str(silent.value)
    gone.close()


@pytest.mark.parametrize("url", ["http://ops:pa/s3cret@h:1", "http://h:port/?password=s3cret"])
def test_an_address_that_cannot_be_used_is_wrong_and_not_a_bug(url: str) -> None:
    with pytest.raises(ConfigInvalid, match=r"is no address of a Connect worker") as told:
        ConnectClient(url)
    assert "s3cret" not in str(told.value) + told.value.remedy


@pytest.mark.parametrize(
    "answer",
    [
        {"connector": {"state": "RUNNING"}},
        {"connector": {"state": "RUNNING"}, "tasks": None},
        {"connector": {"state": "RUNNING"}, "tasks": [{"id": "x", "state": "RUNNING"}]},
        {"connector": {"state": "RUNNING"}, "tasks": [5]},
        {"connector": {}, "tasks": []},
        {"connector": "s3cret", "tasks": []},
        {"tasks": []},
        [],
        ["s3cret"],
        "s3cret",
        None,
        5,
    ],
)
def test_an_answer_that_lacks_what_connect_tells_is_not_connect(worker: Says, answer: object) -> None:
    client = worker(200, "application/json", json.dumps(answer))
    asked = Worker(client.url, SystemClock())
    with pytest.raises(Unsupported, match=r"its answer about orders is not one of Kafka Connect's") as told:
        asked.connector("orders")
    assert "s3cret" not in str(told.value)
    asked.client.close()


def test_secrets_that_the_worker_is_known_to_hold_are_not_repeated(worker: Says) -> None:
    client = worker(400, "application/json", json.dumps({"message": "orders: wrong: hunter2"}))
    client.known["orders"] = {"passphrase.of.theirs": "hunter2", "topics": "orders"}
    with pytest.raises(Conflict, match=r"orders: wrong: \*\*\*$"):
        client.put("/x")


def test_an_answer_that_is_nested_without_end_is_no_json_of_connects(worker: Says) -> None:
    with pytest.raises(Unreachable, match="no JSON"):
        worker(200, "application/json", "[" * 100_000).get("/x")


class _Superseded(BaseException):
    """Stands for what a permit raises."""


def _permit(asked: list[int], allowed: int) -> Callable[[], None]:
    def permit() -> None:
        asked.append(len(asked))
        if len(asked) > allowed:
            raise _Superseded

    return permit


def test_a_change_that_is_made_again_while_the_worker_rebalances_is_permitted_each_time(worker: Says) -> None:
    """A lease that is lost meanwhile ends it, and not only after half a minute."""
    asked: list[int] = []
    rebalancing = Worker(worker(409, "application/json", json.dumps({"message": "rebalance"})).url, FakeClock())
    with pytest.raises(_Superseded):
        rebalancing.settled("PUT", "/connectors/x/stop", permit=_permit(asked, 2))
    assert len(asked) == 3


def test_a_worker_that_keeps_silent_about_a_change_is_not_waited_for_as_long_as_for_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is under way when a lease is lost has to be over before somebody else acts."""
    monkeypatch.setattr(client_module, "CHANGE", (0.05, 0.05))
    with socket.create_server(("localhost", 0)) as silent:
        client = ConnectClient(f"http://localhost:{silent.getsockname()[1]}")
        with pytest.raises(Unreachable, match="does not answer"):
            client.put("/connectors/x/stop")
        client.close()


def test_the_longest_change_is_over_before_another_service_may_act() -> None:
    spans = terms(SHORTEST_LEASE)
    left = spans.lease - spans.act
    assert left > sum(CHANGE)
    assert left > CHANGE_TIMEOUT + MARGIN
