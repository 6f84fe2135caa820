"""Sinks of which nobody knows the group are named by whoever shows groups, and nobody waits for their worker alone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drctl.cli import doctor, forecast, groups, status, translate
from drctl.ports import World
from tests.fakes import FakeBrokers, FakePositions, FakeWorld, fake_world
from tests.spec.failing import synced

SINK, STALE = "orders-to-lake", "connect-orders-to-lake"
WHY = "north: the Connect worker at north does not answer"


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    earth = synced(fake_world(SINK))

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    for module in (doctor, forecast, groups, status, translate):
        monkeypatch.setattr(module, "opened", opened)
    return earth


def typed(command: object, *words: str) -> Result:
    return CliRunner().invoke(command, words, obj=Path("plan.yaml"))  # type: ignore[arg-type]


def document(command: object, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(typed(command, *words, "-o", "json").stdout)
    return found


COMMANDS = [(groups.command, "list"), (status.command,), (translate.translate,)]


@pytest.mark.parametrize("how", ["dead", "frozen"])
@pytest.mark.parametrize(("command", "words"), [(each[0], each[1:]) for each in COMMANDS])
def test_they_are_named_with_why_and_no_group_is_guessed(
    earth: FakeWorld, command: object, words: tuple[str, ...], how: str
) -> None:
    earth.workers["north"].worker_down = how == "dead"
    earth.workers["north"].frozen = Event() if how == "frozen" else None
    assert document(command, *words)["unknownSinks"] == {SINK: WHY}
    told = typed(command, *words)
    assert f"sink {SINK}: the group that it reads as is unknown: {WHY}" in told.output


@pytest.mark.parametrize(("command", "words"), [(each[0], each[1:]) for each in COMMANDS])
def test_while_the_workers_answer_none_is_named(earth: FakeWorld, command: object, words: tuple[str, ...]) -> None:
    assert document(command, *words)["unknownSinks"] == {}
    assert "reads as is unknown" not in typed(command, *words).output
    assert STALE in typed(command, *words).output


def test_the_doctor_names_them_with_the_remedy(earth: FakeWorld) -> None:
    earth.workers["north"].worker_down = True
    found = [each for each in document(doctor.command)["findings"] if each["place"] == SINK]
    assert [(each["rule"], each["severity"]) for each in found] == [("SINKS_UNKNOWN", "blocks")]
    assert found[0]["remedy"].startswith("start the Connect worker at north")


def test_the_forecast_takes_the_group_that_was_noted(earth: FakeWorld) -> None:
    earth.workers["north"].worker_down = True
    found = document(forecast.command)
    assert STALE in [each["name"] for each in found["groups"]]
    assert found["unknownSinks"] == {}


def test_the_forecast_names_a_sink_that_would_not_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    earth = fake_world(SINK)

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    monkeypatch.setattr(forecast, "opened", opened)
    earth.workers["north"].worker_down = True
    assert document(forecast.command)["unknownSinks"] == {SINK: WHY}
    assert f"sink {SINK} would not be started" in typed(forecast.command).stdout


@pytest.mark.parametrize(
    ("command", "port", "method"),
    [(translate.translate, FakePositions, "committed"), (forecast.command, FakeBrokers, "cluster")],
)
def test_the_rest_is_asked_while_the_worker_is_still_silent(
    earth: FakeWorld, monkeypatch: pytest.MonkeyPatch, command: object, port: type, method: str
) -> None:
    """The worker answers once the brokers were asked: who waited for it first would never hear it."""
    worker = earth.workers["north"]
    worker.frozen, worker.patience = Event(), 60.0
    thaw, before = worker.frozen.set, getattr(port, method)

    def asked(*given: object) -> object:
        thaw()
        return before(*given)

    monkeypatch.setattr(port, method, asked)
    found = document(command)
    assert found["unknownSinks"] == {}
    assert STALE in [each["name"] for each in found["groups"]]
