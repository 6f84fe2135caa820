"""No secret is shown that a hook or a fencing agent is given and tells; both are real processes."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drctl.cli.tracebacks import formatted
from drctl.drivers.command.processes import CommandRunner
from drctl.model.hooks import Hook, Moment
from tests.fakes import fake_world
from tests.spec.failing import lose, synced
from tests.spec.planted import ARGUMENT, VARIABLE, Terminal, require_nothing_shown


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
