"""The real command line on the fake deployment, in a process of its own at a real terminal to which something happens.

``python -m tests.spec.terminals KIND`` runs that plan once for each of its steps and each :class:`Mishap`, which comes
as soon as the journal has the step, and prints how every one ended. Each run is a fork of a process in which all is
loaded and the deployment is made: its end, signals and exit code are those of a process.
"""

import fcntl
import gc
import json
import os
import select
import signal
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

from click.testing import CliRunner

from drctl import cli
from drctl.cli import dropping, failover, status, switchover
from drctl.errors import Unreachable
from drctl.monitors import observe
from drctl.plans import failover as failing
from drctl.plans import switchover as moving
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import synced
from tests.spec.harness import switch, watch_for_two_open_sites

DEADLINE = 30.0
"""Seconds without a sign of life after which a run counts as held up; far more than any takes."""
SWITCHOVER = ("switchover", "--to", "south", "--yes")
WORDS = {
    "switchover": SWITCHOVER,
    "rollback": SWITCHOVER,
    "failover": ("failover", "--to", "south", "--yes", "--accept-loss", "unknown"),
}


class Mishap(StrEnum):
    """What happens while the plan is run."""

    HANGS_UP = "SIGHUP"
    TERMINATED = "SIGTERM"
    INTERRUPTED = "SIGINT"
    INTERRUPTED_TWICE = "^C twice"
    QUIT = "SIGQUIT"
    SUSPENDED = "SIGTSTP"
    IN_BACKGROUND = "another job has the terminal, and whoever writes to it stops"
    TERMINAL_CLOSED = "the terminal is closed"
    TERMINAL_STOPPED = "^S"
    STOPPED_AND_INTERRUPTED = "^S and then ^C"
    PIPE_CLOSED = "output goes to a pipe whose reader ends"
    PIPE_FULL = "output goes to a pipe that nobody reads"
    DISK_FULL = "output goes to a full disk"
    RESULT_TO_FULL_DISK = "standard output goes to a full disk"


CUT_OFF = (
    Mishap.TERMINATED,
    Mishap.INTERRUPTED,
    Mishap.INTERRUPTED_TWICE,
    Mishap.QUIT,
    Mishap.STOPPED_AND_INTERRUPTED,
)
"""What somebody wants to end the run by; nothing else does."""
UNREAD = (Mishap.TERMINAL_STOPPED, Mishap.STOPPED_AND_INTERRUPTED, Mishap.PIPE_FULL)
"""Where waiting for a reader would only take the tests' time."""
PIPED = (Mishap.PIPE_CLOSED, Mishap.PIPE_FULL)
AS_A_JOB = (Mishap.SUSPENDED, Mishap.IN_BACKGROUND)
"""What only a shell that knows jobs can do: a process without one is never suspended by its terminal."""


@dataclass(slots=True)
class Ended:
    """How one run ended: what ``screen`` or pipe had got, and what the deployment was like afterwards.

    ``status`` is how drctl's begins, asked only where the run was to be cut off.
    """

    mishap: str
    step: str
    code: int | None = None
    screen: str = ""
    struck: bool = False
    open_sites: list[str] = field(default_factory=list)
    both_open: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    status: list[str] = field(default_factory=list)


def ended(earth: FakeWorld, words: tuple[str, ...], mishap: Mishap, step: str) -> Ended:
    """Run these words until they end, with the mishap at the step."""
    (seen, shown), (heard, told), (asked, asks) = os.pipe() if mishap in PIPED else os.openpty(), os.pipe(), os.pipe()
    terminal = os.openpty() if mishap in PIPED else (seen, shown)
    answered, answers = os.pipe()
    child = os.fork()
    if not child:
        _close(seen, heard, asked, answers, terminal[0])

        def ask_reader() -> None:
            os.write(asks, b"?")
            os.read(answered, 1)

        if mishap in UNREAD:
            dropping.PATIENCE = 0.02
        _at_terminal(terminal[1], shown)
        if mishap in AS_A_JOB:
            _become_job()

        _run(earth, words, told, lambda: _strike(earth, mishap, ask_reader), step, asked=mishap in CUT_OFF)
    _close(shown, told, asks, answered, terminal[1])
    found = Ended(mishap, step)
    report = _watched(found, {"seen": seen, "heard": heard, "asked": asked}, answers)
    if report is None:
        os.kill(child, signal.SIGKILL)
    _, wait_status = os.waitpid(child, 0)
    _close(*{heard, asked, answers, terminal[0]} - {seen})
    if not report:
        return found
    for name, value in json.loads(report).items():
        setattr(found, name, value)
    found.code = os.waitstatus_to_exitcode(wait_status)
    return found


def _watched(found: Ended, ends: dict[str, int], answers: int) -> bytes | None:
    """Return what the process reported; None if it gave no sign of life until the deadline."""
    report = b""
    reading = {name: number for name, number in ends.items() if (name, found.mishap) != ("seen", Mishap.PIPE_FULL)}
    while "heard" in reading:
        ready, _, _ = select.select(list(reading.values()), (), (), DEADLINE)
        if not ready:
            return None
        for name, number in [each for each in reading.items() if each[1] in ready]:
            text = _read(number)
            if name == "heard":
                report += text
            elif name == "seen":
                found.screen += text.decode(errors="replace")
            elif text and "seen" in reading:
                os.close(reading.pop("seen"))
                os.write(answers, b".")
            if not text:
                reading.pop(name, None)
    while "seen" in reading and select.select([ends["seen"]], (), (), 0)[0] and (text := _read(ends["seen"])):
        found.screen += text.decode(errors="replace")
    with suppress(OSError):
        os.close(ends["seen"])
    return report


def _close(*numbers: int) -> None:
    for number in set(numbers):
        os.close(number)


def _read(number: int) -> bytes:
    try:
        return os.read(number, 65536)
    except OSError:  # a terminal whose other end is closed
        return b""


def _at_terminal(terminal: int, shown: int) -> None:
    """Be at the head of a session of one's own at that terminal, as after a login."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for number, file in ((0, terminal), (1, shown), (2, shown)):
        os.dup2(file, number)
    for file in {terminal, shown}:
        os.close(file)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
    sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115


def _become_job() -> None:
    """Be a shell's job in front of its terminal; the shell ends as the job does, and kills one that was stopped."""
    job = os.fork()
    if not job:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        return
    _, wait_status = os.waitpid(job, os.WUNTRACED)
    if os.WIFSTOPPED(wait_status):
        os.kill(job, signal.SIGKILL)
    os._exit(abs(os.waitstatus_to_exitcode(wait_status)))


def _leave_to_another_job() -> None:
    """Go into the background, as after Ctrl-Z and ``bg``, at a terminal that stops who writes to it from there."""
    attributes = termios.tcgetattr(2)
    attributes[3] |= termios.TOSTOP
    termios.tcsetattr(2, termios.TCSANOW, attributes)
    os.tcsetpgrp(2, os.getpgid(os.getppid()))
    os.kill(os.getpid(), signal.SIGTTIN)


def _strike(earth: FakeWorld, mishap: Mishap, ask_reader: Callable[[], None]) -> None:
    match mishap:
        case Mishap.HANGS_UP | Mishap.TERMINATED | Mishap.INTERRUPTED | Mishap.QUIT | Mishap.SUSPENDED:
            os.kill(os.getpid(), signal.Signals[mishap])
        case Mishap.IN_BACKGROUND:
            _leave_to_another_job()
        case Mishap.INTERRUPTED_TWICE:
            earth.effects.watchers.append(_interrupt_again)
            os.kill(os.getpid(), signal.SIGINT)
        case Mishap.TERMINAL_STOPPED:
            termios.tcflow(2, termios.TCOOFF)
        case Mishap.STOPPED_AND_INTERRUPTED:
            termios.tcflow(2, termios.TCOOFF)
            os.kill(os.getpid(), signal.SIGINT)
        case Mishap.PIPE_FULL:
            _fill_pipe()
        case Mishap.DISK_FULL | Mishap.RESULT_TO_FULL_DISK:
            for number in (1, 2) if mishap is Mishap.DISK_FULL else (1,):
                os.dup2(os.open("/dev/full", os.O_WRONLY), number)
        case Mishap.TERMINAL_CLOSED | Mishap.PIPE_CLOSED:
            ask_reader()


def _fill_pipe() -> None:
    filling = os.open("/proc/self/fd/2", os.O_WRONLY | os.O_NONBLOCK)  # the same pipe, and ours still waits
    with suppress(BlockingIOError):
        while os.write(filling, b"." * 4096):
            pass


def _interrupt_again(effect: str) -> None:
    """The second time while the first one is written down."""
    if effect.startswith("journal says step-failed"):
        os.kill(os.getpid(), signal.SIGINT)


def _run(
    earth: FakeWorld, words: tuple[str, ...], told: int, strike: Callable[[], None], step: str, *, asked: bool
) -> NoReturn:
    """Be drctl, with these words; whatever way it ends, how the deployment is then is told before.

    Its status is only told if it is ``asked`` for.
    """
    facts: dict[str, Any] = {"struck": False, "both_open": watch_for_two_open_sites(earth)}
    met: list[str] = []

    def look(effect: str) -> None:
        if effect.startswith("journal says step-") and effect.endswith(f" {step}"):
            met.append(effect)
            if len(met) == 2:  # once before it is written, once behind
                facts["struck"] = True
                strike()

    earth.effects.watchers.append(look)
    real_exit = os._exit

    def report() -> None:
        facts["open_sites"] = sorted(earth.open_sites())
        facts["runs"] = [state.value for _, state in earth.journal.runs()]
        if asked:
            facts["status"] = CliRunner().invoke(status.command, obj=Path("plan.yaml")).stdout.splitlines()[:4]
        os.write(told, json.dumps(facts).encode())

    def leave(code: int) -> None:
        report()
        real_exit(code)

    os._exit = leave  # type: ignore[assignment]
    sys.argv = ["drctl", "-v", *words]
    try:
        cli.main()
    except SystemExit:
        report()
        raise
    raise AssertionError("drctl came back")


def main(kind: str) -> None:
    """Print a line of JSON for each step and mishap, until one is held up."""
    with redirect_stdout(StringIO()):
        switch(fake_world().ports())  # so that all is loaded before the first fork
    earth = _deployment(kind)

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    for module in (switchover, failover, status):
        module.opened = opened  # type: ignore[attr-defined]
    _load(WORDS[kind])
    gc.freeze()  # nothing of this is looked through again in every fork
    for step in _steps(earth, kind):
        for mishap in Mishap:
            how = ended(earth, WORDS[kind], mishap, step)
            sys.stdout.write(json.dumps(asdict(how)) + "\n")
            sys.stdout.flush()
            if how.code is None:
                return


def _load(words: tuple[str, ...]) -> None:
    """Load whatever these words and a look at the status load, as a fork tells that has run them, and do nothing else.

    Commands import what they need when they are run: without this every fork would load it again.
    """
    (told, tells), runner = os.pipe(), CliRunner()
    child = os.fork()
    if not child:
        runner.invoke(cli.cli, ["-v", *words])
        runner.invoke(status.command, obj=Path("plan.yaml"))
        os.write(tells, "\n".join(sys.modules).encode())
        os._exit(0)
    os.close(tells)
    with os.fdopen(told) as names:
        loaded = names.read().splitlines()
    os.waitpid(child, 0)
    for name in loaded:
        with suppress(ImportError):  # what is in the list may be some library's own making, and no module
            import_module(name)


def _deployment(kind: str) -> FakeWorld:
    """Return one in which that plan goes its way: a failover's source answers, and is not whole."""
    if kind == "failover":
        earth = synced(fake_world())
        earth.missing_brokers = {"north": [2, 3]}
        return earth
    earth = fake_world()

    def fail(effect: str) -> None:
        if effect == "stop link to south":
            raise Unreachable("south's worker does not answer")

    if kind == "rollback":
        earth.effects.watchers.append(fail)
    return earth


def _steps(earth: FakeWorld, kind: str) -> list[str]:
    if kind == "failover":
        plan = failing.plan(earth.ports(), "north", "south", observe=observe, accepted=None, attestation=None)
    else:
        plan = moving.plan(earth.ports(), "north", "south", observe=observe)
    return [step.name for step in (plan.rollback if kind == "rollback" else plan.steps)]


if __name__ == "__main__":
    main(sys.argv[1])
