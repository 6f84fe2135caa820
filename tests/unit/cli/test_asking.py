"""What is told before the question whether to go on: in time, and what is not known is said to be unknown."""

from contextlib import nullcontext
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from drctl.cli import handover, switchover
from drctl.errors import DrctlError, Refused
from tests.fakes import fake_world
from tests.fakes.silence import Silence, silence

IN_ALL = 10.0


def asked(command: click.Command, words: tuple[str, ...], site: str, how: Silence) -> tuple[str, DrctlError, float]:
    """What was told, how it ended for whoever says no, and after how many seconds by the clock of the fakes."""
    world = silence(fake_world(), site, how)
    began = world.clock.monotonic()
    with pytest.MonkeyPatch.context() as patch:
        for module in (handover, switchover):
            patch.setattr(module, "opened", lambda *_, **_more: nullcontext(world))
            patch.setattr(module, "require_somebody", lambda: None)
        done = CliRunner().invoke(command, words, obj=Path("plan.yaml"), input="n\n")
    assert isinstance(done.exception, DrctlError), done.exception
    return done.stderr, done.exception, world.clock.monotonic() - began


@pytest.mark.parametrize("how", Silence)
@pytest.mark.parametrize("site", ["north", "south"])
def test_a_site_that_is_silent_keeps_nobody_waiting_for_the_question(site: str, how: Silence) -> None:
    told, ended, seconds = asked(switchover.command, ("--to", "south"), site, how)
    assert isinstance(ended, Refused), ended
    assert seconds < IN_ALL
    assert "Go on?" in told
    if how is not Silence.HALF_DEAD:
        assert f"  {site}: unknown (" in told
        assert "members in these groups unknown" in told


@pytest.mark.parametrize("how", [Silence.DEAD, Silence.FROZEN])
def test_a_handover_from_a_site_that_is_silent_is_refused_in_time(how: Silence) -> None:
    _, ended, seconds = asked(handover.handover, ("--to", "south", "--group", "billing"), "north", how)
    assert ended.exit_code == 6
    assert "north" in str(ended)
    assert seconds < IN_ALL
