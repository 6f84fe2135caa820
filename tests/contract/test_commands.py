"""The contract of Commands, for the fake and real processes; and client routing that is made of commands."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from drctl.drivers.command.client_routing import CommandClientRouting
from drctl.drivers.command.processes import CommandRunner
from drctl.drivers.store.clock import SystemClock
from drctl.errors import DrctlError
from drctl.model.routing import RoutingCommands
from drctl.ports import Commands
from drctl.ports.commands import Ended
from tests.contract.waiting import until
from tests.fakes import FakeCommands
from tests.leftovers import alive

PROGRAMS = {
    "echo": "import sys; print(sys.stdin.read(), *sys.argv[1:])",
    "fail": "import sys; print('why', file=sys.stderr); sys.exit(3)",
    "hang": "import time; print('begun', flush=True); time.sleep(600)",
}


def _echo(words: Sequence[str], text: str) -> Ended:
    return Ended(0, " ".join((text, *words)) + "\n")


@pytest.fixture(params=["fake", "real"])
def commands(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Commands, Callable[..., list[str]]]:
    """What runs commands, and how one is written."""
    if request.param == "fake":
        fake = FakeCommands()
        fake.known = {"echo": _echo, "fail": lambda words, text: Ended(3, errors="why\n")}
        fake.hanging = {"hang"}
        return fake, lambda *words: list(words)
    return CommandRunner(tmp_path), lambda program, *words: [sys.executable, "-c", PROGRAMS[program], *words]


type Given = tuple[Commands, Callable[..., list[str]]]


def test_a_command_is_given_its_words_and_the_text(commands: Given) -> None:
    runs, write = commands
    done = runs.run(write("echo", "a b", "$HOME"), "facts ö", 60)
    assert (done.code, done.output, done.timed_out) == (0, "facts ö a b $HOME\n", False)


def test_a_command_that_fails_tells_its_code_and_why(commands: Given) -> None:
    runs, write = commands
    done = runs.run(write("fail"), "", 60)
    assert (done.code, done.errors, done.timed_out) == (3, "why\n", False)


def test_a_command_that_hangs_ends_at_its_deadline(commands: Given) -> None:
    runs, write = commands
    done = runs.run(write("hang"), "", 0.5)
    assert (done.code, done.timed_out) == (None, True)


def test_a_command_that_does_not_exist_is_told(commands: Given) -> None:
    done = commands[0].run(["./no-such-program"], "", 60)
    assert done.code is None
    assert not done.timed_out
    assert "no-such-program" in done.errors


def test_what_a_hanging_command_has_started_goes_with_it(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    done = CommandRunner(tmp_path).run([sys.executable, "-c", program], "", 10)
    assert done.timed_out
    child = int(done.output)
    # Killed with its group, and gone as soon as the kernel has come to it.
    until(SystemClock(), "its child is gone", lambda: not alive([child]))


def test_what_outlives_its_command_holds_nobody_up(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print(child.pid)"
    )
    done = CommandRunner(tmp_path).run([sys.executable, "-c", program], "", 60)
    os.kill(int(done.output), signal.SIGKILL)
    assert done.code == 0


@pytest.fixture
def routing(tmp_path: Path) -> CommandClientRouting:
    turn = f"import sys; open({str(tmp_path / 'routing')!r}, 'w').write(sys.argv[1])"
    read = f"print(open({str(tmp_path / 'routing')!r}).read())"
    (tmp_path / "routing").write_text("north")
    commands = RoutingCommands((sys.executable, "-c", turn), (sys.executable, "-c", read), timedelta(seconds=60))
    return CommandClientRouting(commands, CommandRunner(tmp_path))


def test_client_routing_by_commands_points_where_it_was_turned(routing: CommandClientRouting) -> None:
    assert routing.site() == "north"
    for site in ("south", None, "north"):
        routing.route_to(site)
        assert routing.site() == site


def test_client_routing_that_does_not_turn_is_told(tmp_path: Path) -> None:
    commands = FakeCommands()
    commands.known = {"turn": lambda words, text: Ended(0), "read": lambda words, text: Ended(0, "north\n")}
    routing = CommandClientRouting(RoutingCommands(("turn",), ("read",), timedelta(0)), commands)
    with pytest.raises(DrctlError, match="was turned to south, and still reads north"):
        routing.route_to("south")
    commands.known["turn"] = lambda words, text: Ended(9, errors="no such balancer")
    with pytest.raises(DrctlError, match=r"cannot be turned: its command ended with 9: no such balancer"):
        routing.route_to("south")
    del commands.known["read"]
    with pytest.raises(DrctlError, match="cannot be read"):
        routing.site()
