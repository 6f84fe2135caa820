"""The Kubernetes driver against answers that nobody wants."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from kubernetes.client import Configuration

from drctl.drivers.kube import client as kube_client
from drctl.drivers.kube.kubelets import ProxiedKubelets
from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.store.clock import SystemClock
from drctl.errors import ConfigInvalid, Conflict, DrctlError, Forbidden, NotFound, Unauthenticated, Unreachable
from drctl.model.kubernetes import Usage
from drctl.model.resources import POD, Happening
from tests.unit.drivers.api_server import KUBECONFIG, Server, deaf, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as said:
        yield said


def resources(path: Path, context: str = "north") -> KubeResources:
    return KubeResources("north", path, context, "kafka", SystemClock())


@pytest.fixture
def api(server: Server, tmp_path: Path) -> Iterator[KubeResources]:
    made = resources(server.kubeconfig(tmp_path))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (401, "Unauthorized", Unauthenticated),
        (403, 'User "drctl" cannot list resource "pods" in API group "" in the namespace "kafka"', Forbidden),
        (404, "the server could not find the requested resource", NotFound),
        (409, "the object has been modified", Conflict),
        (422, "spec.x: Invalid value", Conflict),
        (429, "too many requests", Unreachable),
        (500, "etcdserver: no leader", Unreachable),
        (418, "a teapot", DrctlError),
    ],
)
def test_refusals_keep_kubernetes_own_words(
    api: KubeResources, server: Server, status: int, said: str, kind: type[DrctlError]
) -> None:
    server.say(status, {"kind": "Status", "message": said, "code": status})
    with pytest.raises(kind, match="site north") as caught:
        api.list(POD)
    assert said in str(caught.value)
    assert type(caught.value) is kind


MANAGED = {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".spec.mirrors"}


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({"causes": [MANAGED, {**MANAGED, "field": ".b"}]}, '2 conflicts: conflict with "kubectl": .spec.mirrors'),
        ({"causes": [{"reason": "FieldManagerConflict"}]}, "Apply failed with 2 conflicts"),
        ({"causes": [{"reason": "FieldValueInvalid", "field": ".a"}]}, "conflicts"),
        ({"causes": [7]}, "conflicts"),
        ({"causes": "many"}, "conflicts"),
        ("none", "conflicts"),
    ],
    ids=str,
)
def test_a_conflict_names_the_manager_and_the_field_as_the_server_tells_them(
    api: KubeResources, server: Server, details: object, said: str
) -> None:
    words = 'Apply failed with 2 conflicts: conflicts with "kubectl":\n- .spec.mirrors\n- .b'
    server.say(409, {"kind": "Status", "message": words, "code": 409, "details": details})
    with pytest.raises(Conflict, match="site north") as caught:
        api.list(POD)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>proxy</html>",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"7",
        b'{"metadata": []}',
        b'{"items": {"a": 1}}',
        b'{"items": [1]}',
        b'{"items": [{}]}',
        b'{"items": [{"metadata": null}]}',
    ],
)
def test_what_is_no_api_server_is_said_to_be_none(api: KubeResources, server: Server, body: bytes) -> None:
    server.answers.append((200, "text/html", body))
    with pytest.raises(Unreachable, match="no Kubernetes API server"):
        api.list(POD)


def test_an_api_server_that_accepts_and_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube_client, "ANSWER", 0.3)
    with deaf() as port:
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.format(port=port))
        api = resources(path)
        for ask in (lambda: api.list(POD), lambda: list(api.watch(POD, "1", 0.1))):
            with pytest.raises(Unreachable, match="does not answer"):
                ask()
        api.close()


def test_nobody_listening_is_told_at_once(tmp_path: Path) -> None:
    with deaf() as port:
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.format(port=port))
    with pytest.raises(Unreachable, match="context north does not answer"):
        resources(path).list(POD)


def test_a_watch_that_goes_silent_is_given_up_with_what_it_told_before(
    api: KubeResources, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube_client, "ANSWER", 0.3)
    told = {"type": "ADDED", "object": {"metadata": {"name": "kafka-0", "resourceVersion": "7"}}}

    def stream(line: Callable[[object], None]) -> None:
        line(told)
        SystemClock().sleep(2)

    server.stream = stream
    changes = api.watch(POD, "1", 0.1)
    assert next(changes).version == "7"
    with pytest.raises(Unreachable, match="does not answer"):
        next(changes)


@pytest.mark.parametrize("code", [410, 504])
def test_a_version_that_the_server_does_not_know_ends_the_watch_with_that_word(
    api: KubeResources, server: Server, code: int
) -> None:
    server.stream = lambda line: line({"type": "ERROR", "object": {"code": code, "message": "too old"}})
    assert [each.what for each in api.watch(POD, "1", 1)] == [Happening.EXPIRED]
    server.stream = None
    server.say(code, {"message": "too old resource version"})
    assert [each.what for each in api.watch(POD, "1", 1)] == [Happening.EXPIRED]


def test_an_error_in_a_watch_is_raised_and_an_event_of_a_new_kind_counts_as_a_change(
    api: KubeResources, server: Server
) -> None:
    server.stream = lambda line: line({"type": "ERROR", "object": {"code": 403, "message": "cannot watch"}})
    with pytest.raises(Forbidden, match="cannot watch"):
        list(api.watch(POD, "1", 1))
    server.stream = lambda line: line({"type": "TOUCHED", "object": {"metadata": {"resourceVersion": "9"}}})
    assert [(each.what, each.version) for each in api.watch(POD, "1", 1)] == [(Happening.MODIFIED, "9")]


def test_a_long_list_is_read_page_by_page_and_begun_again_where_it_expires(api: KubeResources, server: Server) -> None:
    page = {"metadata": {"continue": "more", "resourceVersion": "5"}, "items": [{"metadata": {"name": "a"}}]}
    last = {"metadata": {"resourceVersion": "5"}, "items": [{"metadata": {"name": "b"}}]}
    server.say(200, page)
    server.say(410, {"message": "continue is too old"})
    server.say(200, page)
    server.say(200, last)
    listing = api.list(POD)
    assert [each["metadata"]["name"] for each in listing.items] == ["a", "b"]
    assert listing.version == "5"


def test_a_context_that_does_not_exist_is_refused_with_those_that_do(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="no context west") as caught:
        resources(server.kubeconfig(tmp_path), "west").list(POD)
    assert "north, other" in caught.value.remedy
    with pytest.raises(ConfigInvalid, match="no such kubeconfig"):
        resources(tmp_path / "nowhere").list(POD)


@pytest.mark.parametrize(
    "text", ["", "[]", "a: b", "contexts: 5", "\x00", KUBECONFIG.format(port=1).replace("here, user", "gone, user")]
)
def test_a_kubeconfig_that_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(ConfigInvalid, match="kubeconfig"):
        resources(path).list(POD)


def test_the_process_wide_default_is_left_alone_and_the_token_is_sent_and_never_said(
    api: KubeResources, server: Server
) -> None:
    before = Configuration.get_default_copy().host
    server.say(403, {"message": "cannot list pods"})
    with pytest.raises(Forbidden) as caught:
        api.list(POD)
    assert ("Authorization", "Bearer s3cret", "") in server.asked
    assert "s3cret" not in f"{caught.value}{caught.value.remedy}{api.client!r}"
    assert Configuration.get_default_copy().host == before


def test_a_clock_that_is_ahead_shows(api: KubeResources, server: Server) -> None:
    assert api._ahead("Tue, 01 Jan 2999 00:00:00 GMT") > timedelta(days=365)
    assert api._ahead("") == api._ahead("nonsense") == timedelta(0)


def test_kubelets_tell_how_full_the_claims_of_our_namespace_are(api: KubeResources, server: Server) -> None:
    ours = {"name": "data-kafka-0", "namespace": "kafka"}
    volumes = [
        {"pvcRef": ours, "capacityBytes": 100, "availableBytes": 7, "inodes": 10, "inodesFree": 9, "new": 1},
        {"pvcRef": {"name": "x", "namespace": "other"}, "capacityBytes": 1},
        {"name": "kube-api-access", "capacityBytes": 1},
        {"pvcRef": {"name": "data-kafka-1", "namespace": "kafka"}, "volumeHealthStats": {"abnormal": True}},
    ]
    server.say(200, {"node": {}, "pods": [{"volume": volumes}, {}]})
    found = ProxiedKubelets(api.client, "kafka").usage("node 1")
    assert found == {"data-kafka-0": Usage(100, 7, 10, 9), "data-kafka-1": Usage(0, 0, abnormal=True)}
    assert server.asked[0][1] == "/api/v1/nodes/node%201/proxy/stats/summary"


def test_a_token_in_a_file_is_read_anew_for_every_request(server: Server, tmp_path: Path) -> None:
    path = server.kubeconfig(tmp_path)
    path.write_text(path.read_text().replace("token: s3cret", "tokenFile: token"))
    token = tmp_path / "token"
    server.say(200, {"metadata": {"resourceVersion": "1"}, "items": []})
    api = resources(path)
    for each in ("first", "renewed"):
        token.write_text(f"{each}\n")
        api.list(POD)
    token.unlink()
    api.list(POD)
    api.close()
    sent = [value for name, value, _ in server.asked if name == "Authorization"]
    assert sent == ["Bearer first", "Bearer renewed", "Bearer renewed"]


def test_a_kubeconfig_that_was_renewed_is_read_again_where_the_server_knows_the_user_no_more(
    server: Server, tmp_path: Path
) -> None:
    path = server.kubeconfig(tmp_path)
    api = resources(path)
    server.say(401, {"message": "Unauthorized"})
    for text in (path.read_text(), "half written: ["):
        path.write_text(text)
        with pytest.raises(Unauthenticated):
            api.list(POD)
    path.write_text(server.kubeconfig(tmp_path).read_text().replace("token: s3cret", "token: renewed"))
    with pytest.raises(Unauthenticated):
        api.list(POD)
    api.close()
    sent = [value for name, value, _ in server.asked if name == "Authorization"]
    assert sent == ["Bearer s3cret", "Bearer s3cret", "Bearer s3cret", "Bearer renewed"]


def test_outside_a_pod_there_is_no_account_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    api = KubeResources("of the lease", None, "in-cluster", "drctl", SystemClock())
    with pytest.raises(ConfigInvalid, match="no service account") as caught:
        api.get(POD, "one")
    assert "kubeconfig" in caught.value.remedy


def test_who_is_in_a_hurry_waits_no_longer_than_that(tmp_path: Path) -> None:
    with deaf() as port:
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.format(port=port))
        api = KubeResources("north", path, "north", "kafka", SystemClock(), patience=0.3)
        with pytest.raises(Unreachable, match="does not answer"):
            api.get(POD, "one")
        api.close()
