"""No secret is shown: canaries wherever one can be, commands run to success and to failure, all output searched.

The sites are the fakes. Real are the command line, logs, hooks and agents, and Connect's REST interface, behind which a
worker repeats in every answer what it should keep to itself.
"""

import base64
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result

from drctl.cli import cli
from drctl.cli.logs import configure
from drctl.cli.tracebacks import formatted
from drctl.drivers.command.processes import CommandRunner
from drctl.drivers.connect.connectors import ConnectConnectors
from drctl.drivers.connect.replication import ConnectReplication
from drctl.model.site import Hook, Moment
from drctl.monitors import status
from drctl.ports import World
from drctl.service.acting import Acting
from drctl.service.watch import Watch
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import lose, synced
from tests.unit.config.test_plan_file import GOOD, written

CANARIES = {
    "sasl.jaas.config": 'x.ScramLoginModule required username="mm2" password="k4n\\"4ry/jaas one";',
    "basic.auth.user.info": "mm2:k4n4ry-userinfo",
    "ssl.keystore.key": "-----BEGIN PRIVATE KEY-----\nk4n4ryPemPemPemPemPemPemPem\n-----END PRIVATE KEY-----",
    "api.key": 'k4n4ry, "api" key',
    "passphrase": "k4n4ry passphrase & more",
    "connection.url": "jdbc:postgresql://me:pa/k4n4ry@db:5432/shop?password=k4n4ry-query",
    "some.plugin.of.theirs": "k4n4ry-plugin",
    "password": "k4n4",
}
URL_PASSWORD, ARGUMENT, VARIABLE = "k4n4ry-url", "k4n4ry-argument", "k4n4ry-variable"
TRACES = ("k4n", "PemPem", "4ry")
"""No trace of a canary may be left in any output, in whatever form."""

MIRROR = "org.apache.kafka.connect.mirror.Mirror"


def repeated() -> str:
    """All canaries as a careless connector tells them: bare, as properties, as JSON, in JSON, in a URL, in a header."""
    told = [f"{key}={value}" for key, value in CANARIES.items()]
    told += [f"Invalid value {value} for configuration {key}: bad" for key, value in CANARIES.items()]
    told += [f"bare {value}" for value in CANARIES.values()]
    told += [json.dumps(CANARIES), json.dumps(json.dumps(CANARIES)), str(CANARIES)]
    told += [quote(value, safe="") for value in CANARIES.values()]
    told += [base64.b64encode(value.encode()).decode() for value in CANARIES.values()]
    return "org.apache.kafka.connect.errors.ConnectException: " + " | ".join(told)


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


def definitions(folder: Path, source: str, target: str) -> Path:
    """A link's connectors with a canary in every setting."""
    aliases = {"source.cluster.alias": source, "target.cluster.alias": target}
    kinds = {"Source": "source", "Checkpoint": "checkpoint", "Heartbeat": "heartbeat"}
    path = folder / f"{source}-to-{target}.json"
    made = {
        f"{name}-connector": {"connector.class": f"{MIRROR}{kind}Connector", **aliases, **CANARIES}
        for kind, name in kinds.items()
    }
    path.write_text(json.dumps(made))
    return path


class Terminal:
    """Somebody who types drctl's words, and all that they ever see of it."""

    def __init__(self, earth: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.earth, self.shown = earth, ""
        self.change: Callable[[World], World] = lambda world: world

        @contextmanager
        def opened(*_: object, **__: object) -> Iterator[World]:
            yield self.change(earth.new_process())

        monkeypatch.setattr("drctl.wiring.open_world", opened)
        monkeypatch.setattr("drctl.wiring.client_routing_of", lambda *_: earth.routing)
        monkeypatch.setattr("drctl.config.load", lambda _: earth.plan)

    def types(self, *words: str) -> Result:
        done = CliRunner().invoke(cli, ["-vv", *words])
        self.shown += done.output + repr(done.exception)
        if done.exception is not None:
            self.shown += formatted(done.exception)
        return done

    def journal(self) -> str:
        """All that was written down."""
        runs = [run for run, _ in self.earth.journal.runs()]
        return json.dumps([entry.body for run in runs for entry in self.earth.journal.entries(run.id)], default=str)


def require_nothing_shown(*texts: str) -> None:
    for text in texts:
        for trace in TRACES:
            at = text.find(trace)
            assert at < 0, text[max(0, at - 300) : at + 100]


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


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., tuple[str, ...]]:
    """A command that is given canaries and tells them all, on standard error or as its evidence."""
    path = tmp_path / "tells.py"
    path.write_text(
        "import os, sys\n"
        "text = ' '.join([*sys.argv[3:], os.environ['HOOK_API_TOKEN'], open(sys.argv[2]).read()])\n"
        "print(text, file=sys.stderr)\n"
        "print('it is off:', text)\n"
        "sys.exit(int(sys.argv[1]))\n"
    )
    told = tmp_path / "told.txt"
    told.write_text(f"Authorization: Bearer {VARIABLE}\nhttp://u:{VARIABLE}@h password={VARIABLE}")

    def made(code: int) -> tuple[str, ...]:
        return (sys.executable, str(path), str(code), str(told), f"--token={ARGUMENT}", f"https://h/{ARGUMENT}")

    return made


@pytest.mark.parametrize("code", [0, 7])
def test_what_hooks_say_is_not_shown(
    code: int, script: Callable[..., tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_API_TOKEN", VARIABLE)
    earth = fake_world()
    hooks = {moment: (Hook(script(code), timedelta(seconds=60)),) for moment in Moment}
    earth.plan = replace(earth.plan, hooks=hooks)
    terminal = Terminal(earth, monkeypatch)
    terminal.change = lambda world: replace(world, commands=CommandRunner(tmp_path))
    done = terminal.types("switchover", "--to", "south", "--yes")
    assert (done.exit_code == 0) is (code == 0), formatted(done.exception) if done.exception else ""
    terminal.types("runs", "show", "--evidence", "-o", "json")
    assert "***" in terminal.shown
    require_nothing_shown(terminal.shown, terminal.journal(), repr(earth.plan))


@pytest.mark.parametrize("code", [0, 7])
def test_what_a_fencing_agent_says_is_not_shown(
    code: int, script: Callable[..., tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_API_TOKEN", VARIABLE)
    earth = synced(fake_world())
    earth.plan = replace(earth.plan, fencing_agent=Hook(script(code), timedelta(seconds=60)))
    lose(earth)
    terminal = Terminal(earth, monkeypatch)
    terminal.change = lambda world: replace(world, commands=CommandRunner(tmp_path))
    done = terminal.types("failover", "--to", "south", "--yes", "--accept-loss", "10000")
    assert done.exit_code == 0, formatted(done.exception) if done.exception else ""
    terminal.types("status")
    terminal.types("runs", "show", "--evidence", "-o", "json")
    assert "it is off: ***" in terminal.journal() or code
    require_nothing_shown(terminal.shown, terminal.journal())


PROPERTIES = """\
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=x.PlainLoginModule required username="me" password="k4n4ry-password";
ssl.key.password=k4n4ry-key
my.plugin=k4n4ry-plugin
"""


def planted(folder: Path) -> Path:
    """A plan file with canaries in it and in all files that it names. Nothing is wrong with it."""
    here = GOOD.replace('"n:1,m:2"', '"localhost:1"').replace('"s:1"', '"localhost:2"')  # where nobody listens
    path = written(folder, here.replace("http://n:8083", f"http://ops:{URL_PASSWORD}@n:8083"))
    (folder / "c").write_text(PROPERTIES)
    (folder / "state").mkdir()
    text = path.read_text()
    for name, source, target in (("n-s", "north", "south"), ("s-n", "south", "north")):
        head, tail = text.split(f"name: {name},", 1)
        made = definitions(folder, source, target).name
        text = f"{head}name: {name},{tail.replace('connectors: c', f'connectors: {made}', 1)}"
    hook = json.dumps(["./tell", f"--token={ARGUMENT}"])
    path.write_text(f"{text}  hooks: {{pre: [{{command: {hook}}}]}}\n  fencingAgent: {{command: {hook}}}\n")
    return path


DAMAGES = [
    ("nothing", "", ""),
    ("c", "sasl.mechanism=PLAIN", "sasl.mechanism=GSSAPI"),
    ("c", "username=", "usename="),
    ("c", "security.protocol=SASL_PLAINTEXT", "security.protocol=SSL\nssl.keystore.type=PEM\nssl.keystore.key=k4n4ry"),
    ("c", "SASL_PLAINTEXT", "k4n4ry"),
    ("c", PROPERTIES, "k4n4ry"),
    ("c", "my.plugin=", "connections.max.idle.ms="),
    ("north-to-south.json", '"north"', '"k4n4ry"'),
    ("north-to-south.json", "MirrorSourceConnector", "k4n4ry"),
    ("north-to-south.json", "{", "["),
    ("north-to-south.json", '"north"', "k4n4ry"),
    ("north-to-south.json", '"north"', '"north", "x": "k4n4ry", "x": "k4n4ry"'),
    ("north-to-south.json", '"north"', '"north", "x": {"y": "k4n4ry"}'),
    ("c", "my.plugin=", "my.plugin=\\u00k4n4ry"),
    ("c", "my.plugin=", "ssl.truststore.password="),
    ("c", "my.plugin=", "security.protocol=SASL_SSL\nssl.truststore.type=PEM\nssl.truststore.certificates="),
    ("c", "my.plugin=", "security.protocol=SASL_SSL\nssl.keystore.type=k4n4ry\nssl.keystore.location="),
    ("c", '"k4n4ry-password";', '"k4n4ry-password" k4n4ry;'),
    ("plan.yaml", "metadata: {name: plant}", 'metadata: {name: plant, name: "k4n4ry"}'),
    ("plan.yaml", '["./tell", ', '"./tell k4n4ry", ["./tell", '),
    ("plan.yaml", "command: [", "command: k4n4ry, comand: ["),
    ("plan.yaml", f"{URL_PASSWORD}@", f"{URL_PASSWORD}@{URL_PASSWORD}/@"),
    ("plan.yaml", "clientProperties: c", "clientProperties: {password: k4n4ry}"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_stands_in_files_is_not_shown_whatever_is_wrong_with_them(
    damage: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = planted(tmp_path)
    name, old, new = damage
    if name != "nothing":
        text = (tmp_path / name).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new))
    shown = ""
    for words in (
        ("runs", "list"),
        ("runs", "list", "--own", "-o", "json"),
        ("runs", "show", "--own"),
        ("runs", "abort", "--reason", "x"),
    ):
        done = CliRunner().invoke(cli, ["-vv", "-f", str(path), *words])
        shown += done.output + repr(done.exception) + (formatted(done.exception) if done.exception else "")
    require_nothing_shown(shown)


def test_what_a_service_logs_of_an_error_that_nobody_expected_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: World) -> object:
        held = dict(CANARIES)
        raise ValueError(f"no number: {held}") from KeyError(str(held))

    class Broken:
        def note(self, _: object) -> None: ...

        def act(self, _: object) -> None:
            broken(world)

    world = fake_world().ports()
    for form in ("json", "text"):
        configure(2, form)
        watch = Watch(world, broken, timedelta(seconds=15), group_sync=True)  # type: ignore[arg-type]
        watch.cycle_or_tell()
        assert watch.keeper is not None
        monkeypatch.setattr(watch.keeper, "cycle", lambda: broken(world))
        watch.keeper.cycle_or_tell()
        acting = Acting([Broken()])
        acting.take(status(world))
        acting.act()
        try:
            broken(world)
        except ValueError:
            logging.getLogger("waitress").exception("while serving %s", f"password={VARIABLE}")
    told = capsys.readouterr().err
    assert told.count("Traceback") >= 8
    assert "ValueError" in told
    require_nothing_shown(told)


def test_verbose_commands_tell_every_look_and_quiet_ones_none(monkeypatch: pytest.MonkeyPatch) -> None:
    earth = fake_world()
    earth.mirrors["north", "south"].worker_down = True
    terminal = Terminal(earth, monkeypatch)
    told = terminal.types("--log-format", "json", "status").stderr.splitlines()
    looks = [line for line in map(json.loads, told) if line["logger"] == "drctl.looks"]
    assert any(line["event"].endswith(": seen") for line in looks)
    assert any("does not answer" in line["event"] for line in looks)
    quiet = CliRunner().invoke(cli, ["-v", "status"])
    assert (quiet.exit_code, quiet.stderr) == (0, "")
