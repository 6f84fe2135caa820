"""What Kubernetes may send to those who look: denied verbs, other versions and shapes, wrong clocks, foreign pods."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from drctl.decide.freshness import Limits
from drctl.drivers.kube import client
from drctl.drivers.kube.kubelets import ProxiedKubelets
from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Forbidden, Unreachable
from drctl.model.resources import CONFIG_MAP, KAFKA, POD, STRIMZI, Where
from drctl.monitors.kube_objects import pod
from drctl.monitors.strimzi_objects import strimzi
from drctl.monitors.watched import Watched
from tests.unit.drivers.api_server import KUBECONFIG, Server, dribbling, serving

CLOCK = SystemClock()
EMPTY: dict[str, Any] = {"metadata": {"resourceVersion": "1"}, "items": []}
OURS = Where(labels="app=kafka")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as said:
        yield said


@pytest.fixture
def api(server: Server, tmp_path: Path) -> Iterator[KubeResources]:
    made = KubeResources("north", server.kubeconfig(tmp_path), "north", "kafka", CLOCK)
    yield made
    made.close()


ACTS: dict[str, Callable[[KubeResources], object]] = {
    "list": lambda api: api.list(CONFIG_MAP),
    "watch": lambda api: list(api.watch(CONFIG_MAP, "1", 1)),
    "get": lambda api: api.get(CONFIG_MAP, "one"),
    "create": lambda api: api.apply(CONFIG_MAP, "one", {"data": {}}),
    "patch": lambda api: api.patch(CONFIG_MAP, "one", {"data": {}}),
}


@pytest.mark.parametrize("verb", ACTS)
def test_each_verb_that_is_denied_is_named_with_what_to_do(api: KubeResources, server: Server, verb: str) -> None:
    said = f'configmaps "one" is forbidden: User "drctl" cannot {verb} resource "configmaps" in API group ""'
    server.say(403, {"kind": "Status", "status": "Failure", "message": said, "reason": "Forbidden", "code": 403})
    with pytest.raises(Forbidden, match=f'cannot {verb} resource "configmaps"') as caught:
        ACTS[verb](api)
    assert "grant that verb" in caught.value.remedy


@pytest.mark.parametrize("verb", ["list", "watch"])
def test_an_answer_that_comes_to_no_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    monkeypatch.setattr(client, "WHOLE", 0.2)
    monkeypatch.setattr(client, "ANSWER", 0.5 if verb == "watch" else 5.0)
    with dribbling() as port:
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.format(port=port))
        api = KubeResources("north", path, "north", "kafka", CLOCK)
        with pytest.raises(Unreachable, match=r"comes to no end|does not answer"):
            list(api.watch(CONFIG_MAP, "1", 0)) if verb == "watch" else api.list(CONFIG_MAP)
        api.close()


def test_a_verb_that_is_taken_away_while_watching_is_named(api: KubeResources, server: Server) -> None:
    server.say(200, EMPTY)
    pods = Watched(api, POD, CLOCK, pod, OURS)
    pods.look()
    assert pods.reading().known
    status = {"kind": "Status", "code": 403, "message": 'User "drctl" cannot watch resource "pods"'}
    server.stream = lambda line: line({"type": "ERROR", "object": status})
    assert not pods.follow(1)
    assert 'cannot watch resource "pods"' in pods.reading().unknown


@pytest.mark.parametrize("versions", [["v1"], ["v1beta2"], ["v2"], ["v2", "v1", "v1beta2"]], ids="-".join)
def test_the_version_that_is_served_is_the_one_that_is_asked(
    api: KubeResources, server: Server, versions: list[str]
) -> None:
    server.say(200, {"kind": "APIGroup", "versions": [{"version": each} for each in versions], "new": {"x": 1}})
    server.say(200, EMPTY)
    seen = Watched(api, KAFKA, CLOCK, strimzi)
    seen.look()
    assert seen.reading().value == {}
    chosen = "v1" if "v1" in versions else versions[0]
    asked = [urlsplit(path).path for method, path, _ in server.asked if method == "GET"]
    assert asked == [f"/apis/{STRIMZI}", f"/apis/{STRIMZI}/{chosen}/namespaces/kafka/kafkas"]


def test_definitions_that_are_missing_are_no_empty_list(api: KubeResources, server: Server) -> None:
    server.say(404, {"kind": "Status", "message": "the server could not find the requested resource", "code": 404})
    seen = Watched(api, KAFKA, CLOCK, strimzi)
    seen.look()
    assert seen.reading().value is None
    assert "kafka.strimzi.io is not served" in seen.reading().unknown


@pytest.mark.parametrize(
    "body", [{"versions": 5}, {"versions": [{}]}, {"versions": ["v1"]}, {"preferredVersion": "v1"}]
)
def test_groups_of_another_shape_are_no_api_servers(api: KubeResources, server: Server, body: object) -> None:
    server.say(200, body)
    with pytest.raises(Unreachable, match="no Kubernetes API server"):
        api.served(STRIMZI)


WELL = {
    "metadata": {"name": "kafka-1", "unheard": {"a": [1]}, "ownerReferences": [{"kind": "StrimziPodSet"}]},
    "spec": {"nodeName": "node-1", "volumes": [{"image": {"reference": "x"}}], "schedulingGates": [{"name": "y"}]},
    "status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True", "observedGeneration": 3}],
        "new": 1,
    },
}
ODD: list[dict[str, Any]] = [
    {"spec": "text"},
    {"spec": {"volumes": {"data": 1}}},
    {"status": {"conditions": {"Ready": "True"}}},
    {"status": {"containerStatuses": [{"restartCount": "many"}]}},
    {"status": [1]},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_a_pod_of_another_shape_is_named_and_fields_that_nobody_knows_are_no_reason(
    api: KubeResources, server: Server, odd: dict[str, Any]
) -> None:
    server.say(200, {**EMPTY, "items": [WELL, {"metadata": {"name": "kafka-0"}, **odd}], "kind": "PodList", "new": 1})
    pods = Watched(api, POD, CLOCK, pod, OURS)
    pods.look()
    assert list(pods.reading().value or ()) == ["kafka-1"]
    assert pods.strange == {"Pod/kafka-0"}
    server.stream = lambda line: line({"type": "MODIFIED", "object": {**WELL, "metadata": {"name": "kafka-0"}}})
    assert pods.follow(1)
    assert sorted(pods.reading().value or ()) == ["kafka-0", "kafka-1"]
    assert not pods.strange


@pytest.mark.parametrize("ahead", [timedelta(minutes=-10), timedelta(0), timedelta(minutes=10)], ids=str)
def test_the_servers_clock_is_told_apart_from_ours_and_ages_are_by_ours(
    api: KubeResources, server: Server, ahead: timedelta
) -> None:
    server.say(200, EMPTY)
    before = CLOCK.now()
    server.date = format_datetime(before + ahead, usegmt=True)
    pods = Watched(api, POD, CLOCK, pod, OURS)
    pods.look()
    # The header has whole seconds, and the answer takes a moment.
    assert abs(pods.ahead - ahead) < timedelta(minutes=1)
    assert before <= pods.reading().seen_at <= CLOCK.now()
    assert (abs(pods.ahead) > Limits().skew) == bool(ahead)


def test_pods_of_others_in_the_namespace_are_not_even_asked_for(api: KubeResources, server: Server) -> None:
    server.say(200, EMPTY)
    server.stream = lambda line: line({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "2"}}})
    pods = Watched(api, POD, CLOCK, pod, OURS)
    pods.look()
    assert pods.follow(1)
    asked = [parse_qs(urlsplit(path).query) for method, path, _ in server.asked if method == "GET"]
    assert [each["labelSelector"] for each in asked] == [["app=kafka"], ["app=kafka"]]
    assert asked[0]["limit"] == ["500"]


def test_a_namespace_with_many_volumes_of_others_is_read_in_pages(api: KubeResources, server: Server) -> None:
    for number in range(3):
        meta = {"resourceVersion": "9", "continue": f"page-{number + 1}" if number < 2 else ""}
        items = [{"metadata": {"name": f"foreign-{number}-{each}"}} for each in range(500)]
        server.say(200, {"metadata": meta, "items": items})
    assert len(api.list(CONFIG_MAP).items) == 1500
    asked = [parse_qs(urlsplit(path).query).get("continue") for method, path, _ in server.asked if method == "GET"]
    assert asked == [None, ["page-1"], ["page-2"]]


def test_kubelets_answers_of_another_shape_are_no_figures(api: KubeResources, server: Server) -> None:
    for odd in ({"pods": 7}, {"pods": [{"volume": {"a": 1}}]}, {"pods": [{"volume": [{"pvcRef": "data"}]}]}):
        server.answers.clear()
        server.say(200, odd)
        with pytest.raises(Unreachable, match="no Kubernetes API server"):
            ProxiedKubelets(api.client, "kafka").usage("node")
