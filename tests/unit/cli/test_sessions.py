"""drctl sessions that could not read to the end."""

import json
from dataclasses import replace

import pytest

from drctl.cli import sessions
from drctl.errors import DeadlinePassed
from tests.fakes import FakeTail, FakeWorld
from tests.unit.cli.terminal import typed


def test_sessions_that_were_not_read_to_the_end_are_shown_as_far_as_they_were(earth: FakeWorld) -> None:
    whole = FakeTail(earth.north).poll(0.1)

    def poll(_: FakeTail, seconds: float) -> object:
        earth.clock.sleep(seconds)
        return replace(whole, behind=7)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeTail, "poll", poll)
        done = typed(sessions.command, "--timeout", "1s", "-o", "json")
    assert isinstance(done.exception, DeadlinePassed)
    assert "7 commits were not read" in str(done.exception)
    told = json.loads(done.stdout)
    assert (told["complete"], told["unread"]) == (False, 7)
    assert isinstance(told["groups"], list)
