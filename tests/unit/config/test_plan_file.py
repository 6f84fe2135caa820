"""The plan file as it is read: frozen values, and what counts where nothing is said."""

from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from drctl.config import duration, load, schema
from drctl.errors import ConfigInvalid
from drctl.model.hooks import Hook, Moment
from drctl.model.routing import RoutingCommands
from tests.unit.config.plan_files import GOOD, written


def test_a_good_file_becomes_frozen_values_with_absolute_paths(tmp_path: Path) -> None:
    plan = load(written(tmp_path, GOOD))
    assert plan.objectives.recovery_time == timedelta(minutes=90)
    assert plan.site("north").canary.client_properties == tmp_path / "c"
    assert plan.link("south", "north").name == "s-n"
    assert plan.state == tmp_path / "state" / "drctl.sqlite"
    assert plan.guards.max_lag == 100_000


def test_a_fencing_agent_is_read_and_nothing_said_is_none(tmp_path: Path) -> None:
    assert load(written(tmp_path, GOOD)).fencing_agent is None
    agent = "  fencingAgent: {command: [./power-off, --hard], timeout: 90s}\n"
    assert load(written(tmp_path, GOOD + agent)).fencing_agent == Hook(("./power-off", "--hard"), timedelta(seconds=90))
    with pytest.raises(ConfigInvalid, match=r"spec\.fencingAgent\.command"):
        load(written(tmp_path, GOOD + "  fencingAgent: {command: []}\n"))


def test_nothing_said_is_no_hook_no_cool_down_and_no_approval(tmp_path: Path) -> None:
    plan = load(written(tmp_path, GOOD))
    assert plan.client_routing == tmp_path / "client-routing.json"
    assert (plan.guards.cool_down, plan.guards.approval) == (timedelta(0), "none")
    assert plan.guards.restart_failed_tasks
    assert not any(plan.hooks.values())


def test_what_clients_bootstrap_through_is_read_and_need_not_be_said(tmp_path: Path) -> None:
    assert not load(written(tmp_path, GOOD)).entry_point
    named = GOOD.replace("{file: client-routing.json}", '{file: client-routing.json, entryPoint: "kafka.example:9094"}')
    assert load(written(tmp_path, named)).entry_point == "kafka.example:9094"
    with pytest.raises(ConfigInvalid, match=r"spec\.clientRouting\.entryPoint"):
        load(written(tmp_path, named.replace("kafka.example:9094", "kafka.example")))


def test_guards_hooks_and_client_routing_by_commands_are_read(tmp_path: Path) -> None:
    routing = "clientRouting: {command: {routeTo: [./routing, to], read: [./routing], timeout: 5s}}"
    more = (
        "  guards: {coolDown: 10m, approval: required, approvalValidity: 30m, restartFailedTasks: false}\n"
        "  hooks: {pre: [{command: [./freeze, now], timeout: 1m}], onState: [{command: [./tell]}]}\n"
    )
    plan = load(written(tmp_path, GOOD.replace("clientRouting: {file: client-routing.json}", routing) + more))
    assert plan.client_routing == RoutingCommands(("./routing", "to"), ("./routing",), timedelta(seconds=5))
    guards = plan.guards
    assert (guards.cool_down, guards.approval) == (timedelta(minutes=10), "required")
    assert guards.approval_validity == timedelta(minutes=30)
    assert not guards.restart_failed_tasks
    assert plan.hooks[Moment.PRE] == (Hook(("./freeze", "now"), timedelta(minutes=1)),)
    assert plan.hooks[Moment.ON_STATE] == (Hook(("./tell",), timedelta(seconds=30)),)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("  hooks: {pre: [{command: []}]}", r"plan\.yaml:20: spec\.hooks\.pre\[0\]\.command"),
        ("  hooks: {pre: [{command: rm -rf}]}", r"spec\.hooks\.pre\[0\]\.command input should be a valid list"),
        ("  hooks: {onfailure: []}", r"spec\.hooks\.onfailure is not known here"),
        ("  guards: {approval: maybe}", r"spec\.guards\.approval input should be 'none' or 'required'"),
        ("  guards: {coolDown: soon}", r"spec\.guards\.coolDown expected a duration"),
        ("  guards: {fenceWindow: 999ms}", r"plan\.yaml:20: guards\.fenceWindow 999ms proves nothing: 1s is least"),
        ("  guards: {fenceWindow: 0s}", r"guards\.fenceWindow expected more than no time at all"),
    ],
)
def test_wrong_hooks_and_guards_are_named(tmp_path: Path, part: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        load(written(tmp_path, GOOD + part + "\n"))


PLACED = "kubeconfig: c, context: x, namespace: y"


@pytest.mark.parametrize(
    "routing",
    [
        "{}",
        "{file: a, command: {routeTo: [a], read: [b]}}",
        f"{{file: a, kubernetes: {{configMap: {{name: r}}, {PLACED}}}}}",
    ],
)
def test_a_client_routing_is_a_file_or_commands_or_in_kubernetes(tmp_path: Path, routing: str) -> None:
    text = GOOD.replace("clientRouting: {file: client-routing.json}", f"clientRouting: {routing}")
    with pytest.raises(
        ConfigInvalid, match=r"plan\.yaml:18: spec\.clientRouting .*one of file, command and kubernetes"
    ):
        load(written(tmp_path, text))


def test_a_plan_may_say_what_clients_are_made_with(tmp_path: Path) -> None:
    told = '  clients: [{clientId: "mill*", software: librdkafka, version: "2.9.0"}]\n'
    (client,) = load(written(tmp_path, GOOD + told)).clients
    assert (client.client_id, client.software, client.version) == ("mill*", "librdkafka", "2.9.0")
    assert client.is_for("mill-7")
    with pytest.raises(ConfigInvalid, match=r"clients\[0\]\.clientId expected a client id"):
        load(written(tmp_path, GOOD + told.replace("mill*", "*")))


def test_witnesses_at_other_places_are_named_once(tmp_path: Path) -> None:
    text = GOOD + '  witnesses: [{name: west, url: "http://w:8080"}]\n'
    assert [each.name for each in load(written(tmp_path, text)).witnesses] == ["west"]
    with pytest.raises(ConfigInvalid, match="witnesses: the name west is used twice"):
        load(written(tmp_path, text.replace("}]\n", '}, {name: west, url: "http://x:1"}]\n')))


def test_the_schema_accepts_what_the_loader_accepts() -> None:
    jsonschema.validate(YAML(typ="safe").load(GOOD), schema())


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("60s", 60), ("2m", 120), ("1h30m", 5400), ("0s", 0)])
def test_durations(text: str, seconds: float) -> None:
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "15minutes", "10d5s", "5", "s", "-1s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ConfigInvalid, match="no duration"):
        duration(text)
