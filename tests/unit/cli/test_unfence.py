"""drctl unfence at the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drctl.cli import unfence
from drctl.errors import Refused
from drctl.model.fence import DenyRule, Scope
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.fakes.world import APPLICATIONS


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    """Both sites are closed, and no run is unfinished."""
    earth = fake_world()
    earth.north.denials = {DenyRule(p, s) for p in (*APPLICATIONS, "User:canary") for s in Scope}

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    monkeypatch.setattr(unfence, "opened", opened)
    return earth


def _unfence(*words: str) -> Result:
    return CliRunner().invoke(unfence.command, words, obj=Path("plan.yaml"))


def test_the_name_typed_once_more_opens_the_site(earth: FakeWorld) -> None:
    done = _unfence("north", "--confirm", "north")
    assert done.exit_code == 0, done.exception
    assert "north took a write" in done.output
    assert earth.writable() == {"north"}


@pytest.mark.parametrize("words", [("--confirm", "south"), ()], ids=["another name", "nobody to ask"])
def test_without_it_nothing_is_changed(earth: FakeWorld, words: tuple[str, ...]) -> None:
    assert isinstance(_unfence("north", *words).exception, Refused)
    assert not earth.writable()
    assert earth.journal.runs() == ()
