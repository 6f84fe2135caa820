"""The plan file: every error names its line, what was expected and a remedy."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from drctl.config import duration, load, schema
from drctl.errors import ConfigInvalid
from drctl.model.hooks import Hook, Moment
from drctl.model.routing import RoutingCommands

GOOD = """\
apiVersion: drctl.io/v1alpha1
kind: DisasterRecoveryPlan
metadata: {name: plant}
spec:
  sites:
    - name: north
      kafka: {bootstrapServers: "n:1,m:2", clientProperties: c, canary: {clientProperties: c, topic: canary}}
      connect: {url: "http://n:8083"}
    - name: south
      kafka: {bootstrapServers: "s:1", clientProperties: c, canary: {clientProperties: c, topic: canary}}
      connect: {url: "https://s:8083"}
  links:
    - {name: n-s, source: north, target: south, connectors: c, replicationPrincipal: "User:mm2"}
    - {name: s-n, source: south, target: north, connectors: c, replicationPrincipal: "User:mm2"}
  workloads:
    - {name: all, topics: [readings], groups: [billing]}
  objectives: {recoveryTime: 1h30m, recoveryPoint: 0s}
  clientRouting: {file: client-routing.json}
  state: {file: state/drctl.sqlite}
"""


BOMB = '"a": &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n' + "".join(
    f'"{k}": &{k} [{", ".join([f"*{chr(ord(k) - 1)}"] * 9)}]\n' for k in "bcdefghij"
)


def written(folder: Path, text: str | bytes) -> Path:
    (folder / "c").touch()
    path = folder / "plan.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_good_file_becomes_frozen_values_with_absolute_paths(tmp_path: Path) -> None:
    plan = load(written(tmp_path, GOOD))
    assert plan.objectives.recovery_time == timedelta(minutes=90)
    assert plan.site("north").canary.client_properties == tmp_path / "c"
    assert plan.link("south", "north").name == "s-n"
    assert plan.state == tmp_path / "state" / "drctl.sqlite"
    assert plan.guards.max_lag == 100_000


KUBERNETES = "kubernetes: {kubeconfig: c, context: north, namespace: kafka, pods: app=kafka}"
STRIMZI = "strimzi: {cluster: north, listener: external, user: drctl, canaryUser: canary}"
CONNECT = 'connect: {url: "http://n:8083"}'
KAFKA = 'kafka: {bootstrapServers: "n:1,m:2", clientProperties: c, canary: {clientProperties: c, topic: canary}}'


def at_north(*parts: str, kafka: str = KAFKA, connect: str = CONNECT) -> str:
    """The good file with these parts at its first site."""
    whole = "\n      ".join(part for part in (kafka, connect, *parts) if part)
    return GOOD.replace(f"{KAFKA}\n      {CONNECT}", whole)


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


def test_a_site_may_say_where_its_pods_live(tmp_path: Path) -> None:
    place = load(written(tmp_path, at_north(KUBERNETES))).site("north").kubernetes
    assert place is not None
    assert (place.kubeconfig, place.context, place.namespace, place.pods) == (
        tmp_path / "c",
        "north",
        "kafka",
        "app=kafka",
    )
    with pytest.raises(ConfigInvalid, match=r"plan\.yaml:9: spec\.sites\[0\]\.kubernetes\.namespace is missing"):
        load(written(tmp_path, at_north(KUBERNETES.replace(", namespace: kafka", ""))))


def test_a_site_may_name_the_users_of_what_runs_around_it(tmp_path: Path) -> None:
    assert all(not site.platform_principals for site in load(written(tmp_path, GOOD)).sites)
    plan = load(written(tmp_path, at_north('platformPrincipals: ["User:connect", "User:registry"]')))
    assert plan.site("north").platform_principals == {"User:connect", "User:registry"}
    with pytest.raises(ConfigInvalid, match=r"platformPrincipals.*one principal as User:name"):
        load(written(tmp_path, at_north('platformPrincipals: ["User:*"]')))


def test_a_site_that_strimzi_runs_needs_neither_addresses_nor_credentials(tmp_path: Path) -> None:
    text = at_north(KUBERNETES.replace(", pods: app=kafka", ""), STRIMZI, kafka="kafka: {canary: {topic: canary}}")
    site = load(written(tmp_path, text)).site("north")
    assert (site.bootstrap_servers, site.client_properties, site.canary.client_properties) == ("", None, None)
    assert site.strimzi is not None
    assert site.strimzi.user == "drctl"
    assert not site.strimzi.take_ownership
    assert site.kubernetes is not None
    assert site.kubernetes.pods == "strimzi.io/cluster=north,strimzi.io/broker-role=true"


def test_a_link_that_strimzi_runs_names_its_resource(tmp_path: Path) -> None:
    home = "source: south, target: north, connectors: c"
    text = at_north(KUBERNETES, STRIMZI, connect="").replace(home, home.replace("connectors: c", "mirrorMaker2: home"))
    assert load(written(tmp_path, text)).link("south", "north").mirror_maker == "home"


def test_a_link_of_kafka_connectors_names_their_kafka_connect(tmp_path: Path) -> None:
    home = "source: south, target: north, connectors: c"
    link = load(written(tmp_path, at_north(KUBERNETES, STRIMZI, connect="").replace(home, f"{home}, kafkaConnect: k")))
    found = link.link("south", "north")
    assert (found.kafka_connect, found.mirror_maker, found.connectors) == ("k", "", tmp_path / "c")
    assert found.has_operator


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (at_north(STRIMZI), r":6: site north: strimzi needs kubernetes"),
        (at_north(KUBERNETES.replace(", pods: app=kafka", "")), r":6: .*kubernetes\.pods is missing"),
        (at_north(KUBERNETES.replace("kubeconfig: c", "kubeconfig: d")), "there is no file d"),
        (at_north(KUBERNETES.replace("kubeconfig: c, ", "")), "kubeconfig is missing"),
        (at_north(kafka="kafka: {canary: {topic: canary}}"), r":6: .*or strimzi\.listener and strimzi\.user"),
        (at_north(kafka="kafka: {canary: {topic: canary}}"), r":6: .*or strimzi\.listener and strimzi\.canaryUser"),
        (at_north(kafka=KAFKA.replace("clientProperties: c, canary", "canary")), "belong together"),
        (
            at_north(kafka=KAFKA.replace("topic: canary", "topic: drctl.canary-records")),
            "is what 'drctl canary' writes",
        ),
        (at_north(connect=""), r"link s-n: connectors need connect\.url at north"),
        (GOOD.replace("connectors: c", "mirrorMaker2: home"), "needs a strimzi part at south"),
        (GOOD.replace("connectors: c", "connectors: c, mirrorMaker2: home"), "name either connectors, or mirrorMaker2"),
        (GOOD.replace("connectors: c, ", ""), "name either connectors, or mirrorMaker2"),
        (
            GOOD.replace("connectors: c", "connectors: c, kafkaConnect: k"),
            "kafkaConnect needs connectors, and a strimzi",
        ),
        (
            at_north(KUBERNETES, STRIMZI).replace(
                "target: north, connectors: c", "target: north, mirrorMaker2: m, kafkaConnect: k"
            ),
            "kafkaConnect needs connectors",
        ),
        (at_north(KUBERNETES, STRIMZI.replace("cluster: north", "cluster: North")), "name of a Kubernetes resource"),
    ],
)
def test_what_could_not_be_reached_or_driven_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        load(written(tmp_path, text))


def test_witnesses_at_other_places_are_named_once(tmp_path: Path) -> None:
    text = GOOD + '  witnesses: [{name: west, url: "http://w:8080"}]\n'
    assert [each.name for each in load(written(tmp_path, text)).witnesses] == ["west"]
    with pytest.raises(ConfigInvalid, match="witnesses: the name west is used twice"):
        load(written(tmp_path, text.replace("}]\n", '}, {name: west, url: "http://x:1"}]\n')))


def test_the_schema_accepts_what_the_loader_accepts() -> None:
    jsonschema.validate(YAML(typ="safe").load(GOOD), schema())


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("http://n", "ftp://n", r"plan\.yaml:8: spec\.sites\[0\]\.connect\.url expected an http"),
        ("1h30m", "soon", r"plan\.yaml:17: spec\.objectives\.recoveryTime expected a duration"),
        ("source: north, target", "source: west, target", r"plan\.yaml:13: link n-s: source west is no site"),
        ("target: south", "target: north", r"plan\.yaml:13: link n-s: source and target are the same"),
        ("source: south, target: north", "source: north, target: south", r"plan\.yaml:14: .*this direction already"),
        ("name: south", "name: north", r"plan\.yaml:9: sites: the name north is used twice"),
        ("connectors: c,", "connectors: d,", r"plan\.yaml:13: there is no file d"),
        ("topics: [readings]", "topics: ['read*']", r"plan\.yaml:16: .*expected an exact name, no pattern"),
        ("topics: [readings]", "topics: []", r"plan\.yaml:16: spec\.workloads\[0\]\.topics"),
        ("topics: [readings]", "topics: [a, a]", r"plan\.yaml:16: workload all: topic a is named twice"),
        ("User:mm2", "User:*", r"plan\.yaml:13: .*expected one principal"),
        ("kind: Dis", "kind: Dat", r"plan\.yaml:2: kind"),
        ("v1alpha1", "v2", r"plan\.yaml:1: apiVersion"),
        ("url:", "uri:", r"uri is not known here"),
        ("metadata:", "metadata: {name: x}\nmetadata:", r"plan\.yaml:4: found duplicate key"),
        ("[readings]", "[no]", ""),
    ],
)
def test_every_error_names_line_and_expectation(tmp_path: Path, good: str, bad: str, said: str) -> None:
    path = written(tmp_path, GOOD.replace(good, bad))
    if not said:  # YAML 1.2: no is a word
        assert load(path).topics == ("no",)
        return
    with pytest.raises(ConfigInvalid, match=said) as caught:
        load(path)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("http://n:8083", "ftp://admin:s3cret@n", r":8: .*got 'ftp://\*\*\*@n'"),
        ("http://n:8083", "admin:s3cret@n", r":8: .*url expected an http"),
        ("http://n:8083", "http://u:pa/s3cret@n:8083", r":8: .*in a password write / as %2F"),
        ("http://n:8083", "http://u:pa@s3cret@n:8083", r":8: .*url expected an address"),
        ("http://n:8083", "http://n:8083/?token=s3cret", r":8: .*url expected an address"),
        ('"http://n:8083"', "{sasl.password: s3cret}", r":8: .*got a mapping"),
        ('"http://n:8083"', "[s3cret]", r":8: .*got a list"),
        (
            "clientProperties: c,",
            "clientProperties: {sasl.password: s3cret},",
            r":7: .*clientProperties .*got a mapping",
        ),
        ("clientProperties: c,", "clientProperties: [password=s3cret],", r":7: .*clientProperties .*got a list"),
        ("n:1,m:2", "SASL_SSL://me:s3cret@n:1", r":7: .*bootstrapServers expected host:port"),
        ("n:1,m:2", "me:s3cret@n:1", r":7: .*bootstrapServers expected host:port"),
        ("state: {file", "state: {password: s3cret, file", r":19: .*password is not known here"),
        ("{file: client-routing.json}", "{command: 's3cret --go'}", r":18: .*command .*got another value"),
        ("metadata: {name: plant}", 'metadata: {name: plant, name: "s3cret"}', ':3: found duplicate key "name"$'),
        ("metadata: {name: plant}", "metadata: {name: *s3cret}", "anchors and aliases"),
        ("metadata: {name: plant}", "metadata: {name: !s3cret!x plant}", ":3: "),
        ("metadata: {name: plant}", "password s3cret", ":"),
        ("metadata: {name: plant}", '"password": "s3cret', ":"),
    ],
)
def test_no_error_repeats_what_may_be_a_secret(tmp_path: Path, good: str, bad: str, said: str) -> None:
    assert good in GOOD
    with pytest.raises(ConfigInvalid, match=said) as caught:
        load(written(tmp_path, GOOD.replace(good, bad)))
    assert "s3cret" not in str(caught.value) + caught.value.remedy


def test_a_login_in_an_address_is_kept_and_shown_nowhere(tmp_path: Path) -> None:
    plan = load(written(tmp_path, GOOD.replace("http://n:8083", "http://me:s3cret@n:8083")))
    assert plan.site("north").connect_url == "http://me:s3cret@n:8083"
    assert "s3cret" not in repr(plan)


@pytest.mark.parametrize("url", ["http://h_1", "https://h:8083/", "http://[::1]:8083", "http://me:a%2Fb@h:1/x/y"])
def test_addresses_that_can_be_used_are_taken(tmp_path: Path, url: str) -> None:
    assert load(written(tmp_path, GOOD.replace("http://n:8083", url))).site("north").connect_url == url


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        load(written(tmp_path, GOOD.replace("http", "ftp").replace("1h30m", "soon")))
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    "text", ["", "- a", "a: [", "text", b"\xff\xfe", b"a: \x00", "a: &x 1\nb: *x\n", BOMB, "x" * (1 << 21)]
)
def test_what_is_no_plan_file_is_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(ConfigInvalid, match=r"plan\.yaml"):
        load(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="nowhere"):
        load(tmp_path / "nowhere.yaml")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.data())
def test_mangled_files_give_no_other_error(tmp_path: Path, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(GOOD)))
    length = data.draw(st.integers(0, 30))
    mangled = GOOD[:place] + data.draw(st.text(max_size=10)) + GOOD[place + length :]
    with suppress(ConfigInvalid):
        load(written(tmp_path, mangled.encode("utf-8", "surrogatepass")))


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("60s", 60), ("2m", 120), ("1h30m", 5400), ("0s", 0)])
def test_durations(text: str, seconds: float) -> None:
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "15minutes", "10d5s", "5", "s", "-1s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ConfigInvalid, match="no duration"):
        duration(text)
