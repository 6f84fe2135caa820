"""How the number of a link's tasks is set: one key at a worker, one field of a resource, and nothing beside it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from drctl.drivers.connect.link_tasks import ConnectLinkTasks
from drctl.drivers.connect.replication import ConnectReplication
from drctl.drivers.strimzi.link_tasks import DEFINER, ConnectorLinkTasks, MirrorLinkTasks
from drctl.errors import Conflict, DeadlinePassed
from drctl.model.links import Link
from tests.fakes import FakeClock, FakeResources
from tests.unit.drivers.serving import served
from tests.unit.drivers.strimzi import StrimziSite
from tests.unit.drivers.strimzi_connect import ConnectSite

ALIASES = {"source.cluster.alias": "north", "target.cluster.alias": "south"}
DEFINED = {
    kind: {"connector.class": f"org.apache.kafka.connect.mirror.Mirror{kind}Connector", **ALIASES}
    for kind in ("Source", "Checkpoint", "Heartbeat")
}
RUNS = {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "RUNNING"}]}


class Worker:
    """A worker with one connector. ``knows`` PATCH, or does not; ``beside`` changes, too; ``changes`` are in order."""

    def __init__(self) -> None:
        self.config: dict[str, Any] = {**DEFINED["Source"], "name": "Source", "secret": "${file:/x:y}"}
        self.knows, self.beside = True, dict[str, str]()
        self.changes: list[tuple[str, Any]] = []

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, RUNS if path.endswith("/status") else self.config
        if method == "PATCH" and not self.knows:
            return 405, {"error_code": 405, "message": "HTTP 405 Method Not Allowed"}
        self.changes.append((method, body))
        self.config = {**(self.config if method == "PATCH" else {}), **body, **self.beside}
        return 200, {"config": self.config}


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def tasks(worker: Worker, tmp_path: Path) -> Iterator[ConnectLinkTasks]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, told = worker.answer(self.command, self.path, json.loads(raw or b"null"))
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_PUT(self) -> None:
            self.do_GET()

        def do_PATCH(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    file = tmp_path / "link.json"
    file.write_text(json.dumps(DEFINED))
    with served(Handler) as url:
        replication = ConnectReplication(Link("n-s", "north", "south", file, "User:mm2"), url, FakeClock())
        yield ConnectLinkTasks(replication)
        replication.close()


def test_a_worker_that_can_is_asked_to_change_the_one_key(worker: Worker, tasks: ConnectLinkTasks) -> None:
    before = dict(worker.config)
    tasks.set_most(5)
    assert worker.changes == [("PATCH", {"tasks.max": "5"})]
    assert worker.config == before | {"tasks.max": "5"}
    assert tasks.state().most == 5


def test_an_older_worker_is_given_all_that_it_told_with_the_one_key_changed(
    worker: Worker, tasks: ConnectLinkTasks
) -> None:
    worker.knows = False
    before = dict(worker.config)
    tasks.set_most(5)
    assert worker.changes == [("PUT", before | {"tasks.max": "5"})]


def test_what_changes_beside_it_is_told_without_its_value(worker: Worker, tasks: ConnectLinkTasks) -> None:
    worker.beside = {"topics": "hunter2"}
    with pytest.raises(Conflict, match=r"more than tasks\.max has changed meanwhile: topics") as caught:
        tasks.set_most(5)
    assert "hunter2" not in str(caught.value)


def test_a_number_that_is_none_is_told_as_such(worker: Worker, tasks: ConnectLinkTasks) -> None:
    worker.config["tasks.max"] = "${env:TASKS}"
    assert tasks.state().most is None


@pytest.mark.parametrize("version", ["v1", "v1beta2"])
def test_of_a_mirror_maker_only_the_one_field_of_the_one_mirror_changes(version: str) -> None:
    site = StrimziSite(version)
    before = deepcopy(site.stored()["spec"])
    MirrorLinkTasks(site.replication, site.clock).set_most(5)
    before["mirrors"][1]["sourceConnector"]["tasksMax"] = 5
    assert site.stored()["spec"] == before


def test_what_strimzi_ignores_in_a_configuration_does_not_count() -> None:
    site = StrimziSite()
    tasks = MirrorLinkTasks(site.replication, site.clock)
    tasks.set_most(5)
    ours = site.stored()["spec"]["mirrors"][1]["sourceConnector"]
    ours["config"]["tasks.max"] = 2
    assert tasks.state().most == 5


def test_a_mirror_maker_of_somebody_elses_is_a_conflict_that_shows_before() -> None:
    site = StrimziSite(take=False)
    tasks = MirrorLinkTasks(site.replication, site.clock)
    for act in (tasks.rehearse, tasks.set_most):
        with pytest.raises(Conflict, match="kubectl"):
            act(5)
    assert "tasksMax" not in site.stored()["spec"]["mirrors"][1]["sourceConnector"]


def test_while_reconciliation_is_paused_nothing_is_set() -> None:
    site = StrimziSite()
    site.annotate(pause_reconciliation="true")
    with pytest.raises(Conflict, match="paused"):
        MirrorLinkTasks(site.replication, site.clock).set_most(5)


def test_an_operator_that_does_not_act_is_waited_for_and_named() -> None:
    site = StrimziSite()
    site.clock.actors.remove(site.operator.reconcile)
    with pytest.raises(DeadlinePassed, match=r"until its operator has set tasks\.max to 5"):
        MirrorLinkTasks(site.replication, site.clock).set_most(5)


def connector_tasks(site: ConnectSite) -> ConnectorLinkTasks:
    setter = FakeResources(site.api, site.clock, manager="drctl-tasks")
    return ConnectorLinkTasks(site.replication, setter, site.clock)


def test_a_kafka_connector_keeps_its_number_through_every_change_of_state_and_its_state_through_that() -> None:
    site = ConnectSite()
    tasks = connector_tasks(site)
    site.replication.resume()
    tasks.set_most(8)
    assert site.stored()["spec"]["state"] == "running"
    site.replication.stop()
    site.clock.sleep(0.2)
    assert (site.stored()["spec"]["tasksMax"], site.stored()["spec"]["state"]) == (8, "stopped")
    site.replication.resume()
    site.clock.sleep(0.2)
    tasks.set_most(2)
    assert (site.stored()["spec"]["tasksMax"], site.stored()["spec"]["state"]) == (2, "running")


def test_a_number_that_drctl_itself_defined_may_be_set_and_one_of_somebody_else_may_not() -> None:
    site = ConnectSite(bare=True, take=False)
    site.replication.resume()
    site.clock.sleep(0.2)
    connector_tasks(site).set_most(8)
    assert site.stored()["spec"]["tasksMax"] == 8
    assert site.stored()["spec"]["config"]["exactly.once.support"] == "required"
    other = ConnectSite(take=False)
    tasks = connector_tasks(other)
    for act in (tasks.rehearse, tasks.set_most):
        with pytest.raises(Conflict, match="kubectl"):
            act(8)
    assert other.stored()["spec"]["tasksMax"] == 4


def test_the_definer_is_the_one_who_defines() -> None:
    site = ConnectSite(bare=True)
    assert isinstance(site.replication.connectors.definer, FakeResources)
    assert site.replication.connectors.definer.manager == DEFINER
