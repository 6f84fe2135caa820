"""Verbose commands tell every look at a site, quiet ones none."""

import json

import pytest
from click.testing import CliRunner

from drctl.cli import cli
from tests.fakes import fake_world
from tests.spec.planted import Terminal


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
