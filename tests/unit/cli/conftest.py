"""The fake deployment behind every command, for the tests here that ask for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drctl.cli import doctor, failover, groups, handover, plan, sessions, status, switchover, translate
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    """Two sites in good order; each command opens them as a new process does."""
    earth = fake_world()

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    for module in (doctor, failover, groups, handover, plan, sessions, status, switchover, translate):
        monkeypatch.setattr(module, "opened", opened)
    return earth
