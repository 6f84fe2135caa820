"""The end of a switchover, told to people and to programs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from drctl.cli import cli, switchover
from drctl.ports import World
from tests.fakes import fake_world


def test_programs_are_told_the_pause_that_people_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    earth = fake_world()

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    monkeypatch.setattr(switchover, "opened", opened)
    done = CliRunner().invoke(cli, ("switchover", "--to", "south", "--yes", "-o", "json"))
    assert done.exit_code == 0, done.exception
    seconds = json.loads(done.stdout)["pauseSeconds"]
    assert seconds > 0
    assert f"pause of writes: {seconds:.1f} s, within the objective of " in done.stderr
