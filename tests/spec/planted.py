"""Secrets for every place where one can be, somebody at the command line, and the search through all that they see."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result

from drctl.cli import cli
from drctl.cli.tracebacks import formatted
from drctl.ports import World
from tests.fakes import FakeWorld

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
PROPERTIES = """\
security.protocol=SASL_PLAINTEXT
sasl.mechanism=PLAIN
sasl.jaas.config=x.PlainLoginModule required username="me" password="k4n4ry-password";
ssl.key.password=k4n4ry-key
my.plugin=k4n4ry-plugin
"""
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

        monkeypatch.setattr("drctl.wiring.world.open_world", opened)
        monkeypatch.setattr("drctl.wiring.client_routing.client_routing_of", lambda *_: earth.routing)
        monkeypatch.setattr("drctl.config.load", lambda _: earth.plan)

    def types(self, *words: str) -> Result:
        """Run that command, as verbose as it can be; what it shows is kept."""
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
    """No trace of a canary is in any of these texts."""
    for text in texts:
        for trace in TRACES:
            at = text.find(trace)
            assert at < 0, text[max(0, at - 300) : at + 100]
