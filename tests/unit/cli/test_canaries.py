"""No secret of a deployment is in anything that is written: fields that can hold one, by commands, searched as a whole.

The plan file and all that it names are files, the drivers are the real ones. What answers at every address repeats
whatever it was sent and what it may know; no broker is there.
"""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client import generate_latest

from drctl.cli import cli
from drctl.cli.tracebacks import formatted
from drctl.config import load
from drctl.drills.bundle.signature import private_key
from drctl.monitors import status
from drctl.service.metrics import Metrics
from drctl.wiring.world import open_world
from tests.spec.planted import CANARIES, PROPERTIES, TRACES, definitions, repeated, require_nothing_shown
from tests.unit.config.plan_files import GOOD

LOGIN, TOKEN, PASSWORD, KEY = "ops:k4n4ry%2Durl", "k4n4ry-token", "k4n4ry-kubernetes", "k4n4ry-key-data"
KUBECONFIG = """\
apiVersion: v1
clusters:
  - {{name: here, cluster: {{server: "http://localhost:{port}"}}}}
users:
  - {{name: token, user: {{token: {TOKEN}, client-key-data: {KEY}}}}}
  - {{name: password, user: {{username: me, password: {PASSWORD}}}}}
contexts:
  - {{name: north, context: {{cluster: here, user: token}}}}
  - {{name: south, context: {{cluster: here, user: password}}}}
"""

COMMANDS = (
    ("validate",),
    ("status",),
    ("status", "-o", "json"),
    ("groups", "list"),
    ("plan", "switchover", "--to", "south"),
    ("plan", "failover", "--to", "south"),
    ("runs", "list", "-o", "json"),
)


def deployment(folder: Path, port: int) -> Path:
    """A plan file with a canary in every field that can hold one, here and in all files that it names."""
    text, at = GOOD, f"http://{LOGIN}@localhost:{port}"
    for site, old in (("north", "http://n:8083"), ("south", "https://s:8083")):
        there = f"kubeconfig: kubeconfig, context: {site}, namespace: kafka, pods: app=kafka"
        text = text.replace(f'connect: {{url: "{old}"}}', f'connect: {{url: "{at}"}}\n      kubernetes: {{{there}}}')
    for name, source, target in (("n-s", "north", "south"), ("s-n", "south", "north")):
        head, tail = text.split(f"name: {name},", 1)
        text = f"{head}name: {name},{tail.replace('connectors: c', f'connectors: {source}-to-{target}.json', 1)}"
        definitions(folder, source, target)
    text = text.replace('"n:1,m:2"', '"localhost:1"').replace('"s:1"', '"localhost:2"')
    hook = json.dumps(["./tell", "--token=k4n4ry-argument", "https://hooks/services/k4n4ry-webhook"])
    text += f"  hooks: {{pre: [{{command: {hook}}}]}}\n  fencingAgent: {{command: {hook}}}\n"
    text += f"  witnesses: [{{name: west, url: '{at}'}}]\n"
    text = text.replace("canary: {clientProperties: c,", "canary: {clientProperties: canary.properties,")
    (folder / "c").write_text(PROPERTIES)
    (folder / "canary.properties").write_text(PROPERTIES.replace('"me"', '"canary"'))
    (folder / "kubeconfig").write_text(KUBECONFIG.format(port=port, TOKEN=TOKEN, KEY=KEY, PASSWORD=PASSWORD))
    (folder / "client-routing.json").write_text('{"site": "north"}')
    (folder / "state").mkdir()
    (folder / "plan.yaml").write_text(text)
    return folder / "plan.yaml"


@dataclass
class Careless:
    """What answers at every address: with that status, all that it was sent, and as Connect all that it may hold."""

    port: int = 0
    status: int = 403
    asked: list[str] = field(default_factory=list)
    holds: dict[str, object] = field(default_factory=dict)
    """What it answers rightly, by the path that is asked for."""

    def body(self, path: str, login: str) -> object:
        sent = login.rpartition(" ")[2]
        told = " | ".join((login, sent, base64.b64decode(sent).decode() if login.startswith("Basic ") else "", path))
        if not path.startswith("/api"):
            told += repeated()
        if self.status == 200:
            return {"metadata": told, "items": [told], "sites": told, "name": "x", "connector": told, **CANARIES}
        return {"message": f"{told} | {json.dumps(told)}"}


@pytest.fixture
def careless() -> Iterator[Careless]:
    made = Careless()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            held = made.holds.get(self.path)
            self.send_response(made.status if held is None else 200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            said = held or made.body(self.path, self.headers.get("Authorization", ""))
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("localhost", 0), Handler)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def typed(path: Path, *words: str) -> str:
    """All that somebody sees who types this, tracebacks with DRCTL_DEBUG included."""
    done = CliRunner().invoke(cli, ["-vv", "-f", str(path), *words])
    return done.output + repr(done.exception) + (formatted(done.exception) if done.exception else "")


def written_beside(folder: Path, planted: set[Path]) -> str:
    """What was written into files meanwhile."""
    new = [path for path in sorted(folder.rglob("*")) if path.is_file() and path not in planted]
    return "\n".join(path.read_bytes().decode("latin-1") for path in new)


@pytest.mark.parametrize("status", [200, 401, 403, 500])
def test_what_a_deployment_keeps_secret_is_in_nothing_that_commands_write(
    status: int, careless: Careless, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRCTL_API_TOKEN", "k4n4ry-variable")
    path = deployment(tmp_path, careless.port)
    planted = {each for each in tmp_path.rglob("*") if each.is_file()}
    careless.status = status
    shown = {words: typed(path, *words) for words in COMMANDS}
    assert {path[:4] for path in careless.asked} >= {"/api", "/con", "/sig"}
    assert "***" in shown["status",] or status == 200
    require_nothing_shown(*shown.values(), written_beside(tmp_path, planted))


def test_what_a_deployment_keeps_secret_is_in_no_metric_and_no_repr(careless: Careless, tmp_path: Path) -> None:
    plan = load(deployment(tmp_path, careless.port))
    with open_world(plan, doubted=("north", "south"), looking=True) as world:
        metrics = Metrics()
        metrics.show(status(world))
        told = generate_latest(metrics.registry).decode()
        require_nothing_shown(told, repr(plan), repr(world), repr(world.sites), repr(world.links))
    assert "drctl_site_up" in told


STRIMZI, CORE = "/apis/kafka.strimzi.io", "/api/v1/namespaces/kafka"
PEM = "-----BEGIN {0}-----\nk4n4ryPemPemPemPemPemPemPem\n-----END {0}-----"


def strimzi(careless: Careless, kind: str, secret: dict[str, str]) -> None:
    """A Kafka that Strimzi runs, with a listener of that kind and that secret for each of its users."""
    there = f"{STRIMZI}/v1/namespaces/kafka"
    listener = {"name": "external", "tls": True, "authentication": {"type": kind}}
    told = {"name": "external", "bootstrapServers": "localhost:1", "certificates": []}
    kafka = {"spec": {"kafka": {"listeners": [listener]}}, "status": {"listeners": [told]}}
    careless.holds = {
        STRIMZI: {"versions": [{"version": "v1"}]},
        f"{there}/kafkas/north": {"metadata": {"name": "north"}, **kafka},
    }
    data = {key: base64.b64encode(value.encode()).decode() for key, value in secret.items()}
    for user in ("drctl", "canary"):
        careless.holds[f"{there}/kafkausers/{user}"] = {"metadata": {"name": user}, "status": {"secret": user}}
        careless.holds[f"{CORE}/secrets/{user}"] = {"metadata": {"name": user}, "data": data}


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        ("scram-sha-512", {"password": "k4n4ry-password"}),
        ("scram-sha-512", {"pass": "k4n4ry-password"}),
        ("tls", {"user.crt": PEM.format("CERTIFICATE"), "user.key": PEM.format("PRIVATE KEY")}),
        ("tls", {"user.crt": "k4n4ry", "user.key": "k4n4ry"}),
        ("tls", {"user.crt": PEM.format("CERTIFICATE"), "user.key": "\0k4n4ry"}),
    ],
)
def test_a_login_that_strimzi_keeps_is_in_nothing_that_commands_write(
    kind: str, secret: dict[str, str], careless: Careless, tmp_path: Path
) -> None:
    path = deployment(tmp_path, careless.port)
    planted = {each for each in tmp_path.rglob("*") if each.is_file()}
    kafka = (
        'kafka: {bootstrapServers: "localhost:1", clientProperties: c, canary: {clientProperties: canary.properties,'
    )
    names = "strimzi: {cluster: north, listener: external, user: drctl, canaryUser: canary}\n      kafka: {canary: {"
    text = path.read_text()
    assert kafka in text
    path.write_text(text.replace(kafka, names))
    strimzi(careless, kind, secret)
    shown = typed(path, "status")
    assert f"{CORE}/secrets/drctl" in careless.asked
    assert "north" in shown
    require_nothing_shown(shown, written_beside(tmp_path, planted))


DAMAGES = [
    ("kubeconfig", f"token: {TOKEN}", f"token: [{TOKEN}]"),
    ("kubeconfig", f"token: {TOKEN}", f'token: "{TOKEN} \\u00e9"'),
    ("kubeconfig", f"token: {TOKEN}", f"token: {TOKEN}, token: {TOKEN}"),
    ("kubeconfig", f"user: {{token: {TOKEN}", f"user: {TOKEN}, more: {{token: {TOKEN}"),
    ("kubeconfig", f"token: {TOKEN}", f"exec: {TOKEN}"),
    ("kubeconfig", f"token: {TOKEN}", f"auth-provider: {{name: oidc, config: {{x: {TOKEN}}}}}"),
    ("kubeconfig", "http://", "https://"),
    ("canary.properties", 'username="canary"', "usrname=x"),
    ("canary.properties", "sasl.mechanism=PLAIN", "sasl.mechanism=k4n4ry"),
    ("client-routing.json", "{", "[k4n4ry"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_wrong_with_a_file_is_told_without_what_it_keeps(
    damage: tuple[str, str, str], careless: Careless, tmp_path: Path
) -> None:
    path = deployment(tmp_path, careless.port)
    name, old, new = damage
    text = (tmp_path / name).read_text()
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new))
    told = typed(path, "status")
    assert name in told
    require_nothing_shown(told)


@pytest.mark.parametrize(
    "raw", [KEY, PEM.format("PRIVATE KEY"), PEM.format("CERTIFICATE")], ids=["no PEM", "damaged", "another kind"]
)
def test_a_signing_key_is_in_no_error(tmp_path: Path, raw: str) -> None:
    (tmp_path / "key").write_text(raw)
    with pytest.raises(Exception, match="holds no private key") as caught:
        private_key(tmp_path / "key")
    require_nothing_shown(str(caught.value), formatted(caught.value))


def test_the_search_would_find_a_canary() -> None:
    assert all(trace in TOKEN or trace in repeated() for trace in TRACES)
    with pytest.raises(AssertionError):
        require_nothing_shown(f"Bearer {TOKEN}")
