"""Certificates, clocks and disks as the doctor shows them to people and to programs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drctl.cli import doctor
from drctl.ports import World
from tests.fakes import FakeWorld
from tests.fakes.upkeep import certificate
from tests.spec.clinic import well


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    earth = well()

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.ports()

    monkeypatch.setattr(doctor, "opened", opened)
    return earth


def typed(*words: str) -> Result:
    return CliRunner().invoke(doctor.command, ("--window", "0s", *words), obj=Path("plan.yaml"))


def test_what_is_well_is_shown_with_what_ends_first(earth: FakeWorld) -> None:
    done = typed()
    assert done.exit_code == 0, done.output
    lines = [line.strip() for line in done.output.splitlines()]
    assert "- north: 5 certificates, the first ends in 364 d: CN=north-ca (localhost:9001, in the chain)" in lines
    assert "- north: clock of the Connect worker: as this machine's, within 0.5 s" in lines
    assert "- south: disk of broker 3, /var/lib/kafka: 51,200 MiB of 102,400 MiB free" in lines
    assert "- this machine: /: 51,200 MiB of 102,400 MiB free" in lines
    assert earth.north.name


def test_what_was_not_told_is_shown_as_not_reported(earth: FakeWorld) -> None:
    earth.certificates["north"].mute = {"localhost:9002"}
    earth.timekeepers["north"].down = earth.log_dirs["north"].denied = earth.disk.missing = True
    earth.timekeepers["south"].ahead = timedelta(seconds=-90)
    earth.certificates["south"].plain, earth.certificates["south"].stores = True, []
    text = typed().output
    assert "1 of 3 addresses did not tell" in text
    assert "north: clock of the Connect worker: not reported (nobody answers)" in text
    assert "disks of broker 1: not reported" in text
    assert "this machine: /: not reported" in text
    assert "90.0 s behind, give or take" in text or "89." in text
    assert "south: no certificates: clients speak without TLS" in text


def test_programs_are_given_every_certificate_and_null_for_what_was_not_told(earth: FakeWorld) -> None:
    ends = certificate("CN=broker-1", timedelta(days=20), now=earth.clock.now())
    earth.certificates["north"].chains["localhost:9001"] = (ends,)
    earth.timekeepers["north"].down = True
    done = typed("-o", "json")
    upkeep = json.loads(done.stdout)["upkeep"]
    first = upkeep["certificates"][0]
    assert (first["site"], first["use"], first["subject"], first["daysLeft"]) == ("north", "broker", "CN=broker-1", 20)
    assert first["places"] == ["localhost:9001"]
    assert first["notAfter"].startswith("2026-01-")
    assert [each["aheadSeconds"] is None for each in upkeep["clocks"]] == [True, False]
    assert {each["broker"] for each in upkeep["disks"]} == {"1", "2", "3", None}
