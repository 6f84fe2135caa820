"""A switchover typed at a real terminal on two real sites, and what happens to the terminal at every step of it."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from uuid import uuid4

import pytest

from drctl.config import load
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.journal import SqliteJournal
from drctl.errors import Blocked
from drctl.lab.lab import Lab
from drctl.model.run import Event, RunState
from drctl.monitors import observe
from drctl.plans import switchover
from drctl.ports import Clock
from tests.lab.test_switchover import Reader, Writer, opened, some_writes, total
from tests.lab.usage import drctl, restarted, serving, wait

STEPS = [step.name for step in switchover.ordered("north", "south", observe=observe).steps]
CLOCK: Clock = SystemClock()
CLOSED, INTERRUPTED, SUSPENDED, TERMINATED, HUNG_UP = "the terminal is closed", "^C", "^Z", "SIGTERM", "SIGHUP"
FEW = [
    ("fence-writes", CLOSED),
    ("drain-link", SUSPENDED),
    ("hand-over-positions", INTERRUPTED),
    ("reverse-replication", TERMINATED),
]
CUT_OFF = (INTERRUPTED, TERMINATED)
"""What somebody wants to end the run by."""
JOB = ("sh", "-mc", '"$@"; exit $?', "sh")
"""A shell that knows jobs: a process without one is never suspended by its terminal."""
BEGUN = (Event.STEP_INTENDED, Event.STEP_FOUND_DONE)


@pytest.fixture(scope="module")
def lab(own_lab: Lab) -> Lab:
    """A lab of their own: these tests move its work to and fro."""
    return own_lab


class Terminal:
    """A terminal of 80 columns, and a drctl that was typed there, as a shell's job if ``as_job``."""

    def __init__(self, lab: Lab, *words: str, as_job: bool) -> None:
        self.screen = ""
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 80))

        # At the head of a session of its own at that terminal, as after a login.
        command = [*(JOB if as_job else ()), sys.executable, "-m", "drctl", "-f", str(lab.plan_file), *words]
        self.process = subprocess.Popen(["setsid", "--ctty", *command], stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)

    def read(self, seconds: float = 0) -> None:
        """Take what is written by then."""
        with suppress(OSError):  # the other end is closed once the process has ended
            while self._ours >= 0 and select.select([self._ours], (), (), seconds)[0]:
                self.screen += os.read(self._ours, 65536).decode(errors="replace")

    def strike(self, mishap: str) -> None:
        match mishap:
            case "^C":
                os.write(self._ours, b"\x03")
            case "^Z":
                os.write(self._ours, b"\x1a")
            case "the terminal is closed":
                self.close()
            case _:
                os.kill(self.process.pid, signal.Signals[mishap])

    def ended(self) -> bool:
        self.read(0.05)
        return self.process.poll() is not None

    def close(self) -> None:
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1


@contextmanager
def typed(lab: Lab, *words: str, as_job: bool = False) -> Iterator[Terminal]:
    terminal = Terminal(lab, *words, as_job=as_job)
    try:
        yield terminal
    finally:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()
        terminal.close()


def _struck_at(lab: Lab, terminal: Terminal, step: str, mishap: str) -> bool:
    """Wait for the step and strike; False where the gates did not let the run begin."""
    journal, before = _journal(lab), len(_runs(lab))

    def reached() -> bool:
        if terminal.ended():
            return True
        runs = journal.runs()[before:]
        return bool(runs) and any(e.step == step and e.event in BEGUN for e in journal.entries(runs[0][0].id))

    wait(f"{step} is reached", reached, 120)
    if terminal.process.poll() == Blocked.exit_code:
        return False
    assert terminal.process.poll() is None or step == STEPS[-1], f"it ended before {step}: {terminal.screen[-2000:]}"
    terminal.strike(mishap)
    wait(f"the switchover ends after {mishap} at {step}", terminal.ended, 120)
    return True


def _journal(lab: Lab) -> SqliteJournal:
    return SqliteJournal(load(lab.plan_file).state, CLOCK)


def _runs(lab: Lab) -> list[RunState]:
    return [state for _, state in _journal(lab).runs()]


def _move(lab: Lab, step: str, mishap: str) -> None:
    """Switch over at a terminal to which that happens at that step, and see that it is done or said what is left."""
    source, target = serving(lab)
    deadline = CLOCK.monotonic() + 120
    while True:  # the link home needs a moment until the gates let the next move begin
        with typed(lab, "switchover", "--to", target, "--yes", as_job=mishap == SUSPENDED) as terminal:
            if _struck_at(lab, terminal, step, mishap):
                break
        assert CLOCK.monotonic() < deadline, terminal.screen[-2000:]
        restarted(lab, " ".join(terminal.screen.split()))  # a line may be broken anywhere between two words
        CLOCK.sleep(1)
    how = f"{mishap} at {step}: {terminal.process.returncode}: {terminal.screen[-1500:]}"
    if _runs(lab)[-1] is RunState.RUNNING:
        assert mishap in CUT_OFF, how
        assert terminal.process.returncode == 130, how
        assert "UNFINISHED RUN" in terminal.screen, how
        assert drctl(lab, "status").stdout.startswith("UNFINISHED RUN"), how
        resumed = drctl(lab, "runs", "resume")
        assert resumed.returncode == 0, f"{how}\n{resumed.stderr}"
    else:  # whoever wanted to end it may have come too late; ^C then ends showing the result
        assert terminal.process.returncode in ((0, 130) if mishap == INTERRUPTED else (0,)), how
    assert mishap != SUSPENDED or step == STEPS[-1] or "Ctrl-Z does not suspend a run" in terminal.screen, how
    assert _runs(lab)[-1] is RunState.DONE, how
    assert serving(lab) == (target, source), how


def _through(lab: Lab, mishaps: Iterable[tuple[str, str]]) -> None:
    """One switchover after the other, to and fro and under load: nothing is lost or read twice."""
    prefix = uuid4().hex
    with opened(lab) as world, Writer(lab, world, prefix) as writer, Reader(lab, world, "dispatch", prefix) as reader:
        wait("the reader has joined", reader.joined.is_set, 30)
        for step, mishap in mishaps:
            some_writes(world, writer)
            _move(lab, step, mishap)
        some_writes(world, writer)
        writer.end()
        wait("everything is read", lambda: total(reader.processed) >= total(writer.acknowledged), 60)
        reader.end()
    assert reader.processed == writer.acknowledged


def test_a_switchover_goes_on_or_says_what_is_left_whatever_happens_to_its_terminal(lab: Lab) -> None:
    _through(lab, FEW)


@pytest.mark.long
def test_the_same_at_every_step(lab: Lab) -> None:
    _through(lab, zip(STEPS, cycle((CLOSED, INTERRUPTED, SUSPENDED, TERMINATED, HUNG_UP)), strict=False))
