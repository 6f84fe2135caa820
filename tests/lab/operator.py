"""An operator at a terminal of 80 columns: types drctl's commands, and notes what is not as it should be."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import drctl
from drctl.config import load
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.journal import SqliteJournal
from drctl.errors import Locked
from drctl.lab import Lab
from drctl.lab.layout import SITES, other
from drctl.model.run import Run, RunState
from tests.lab.shell import COLUMNS, Screen, Shell
from tests.lab.usage import restarted

CLOCK = SystemClock()
TRANSCRIPT = Path("reports/operator-points.txt")
"""All that was typed and printed, for people."""
ANY = range(256)
GATES = range(30, 44)
NOT_YET = (Locked.exit_code, *GATES)
"""With these a move ends that has not begun: the link home needs a moment until gates let the next one begin."""
SOON = 30.0
"""Seconds for a command that only looks while a site is silent: ten are promised, and other labs may run beside it."""
NEVER = ("bug in drctl", "Traceback (most recent call last)")
ROW = re.compile(r"\S {2,}\S")
SCRIPTS = {
    "drctl": "from drctl.cli import main; main()",
    "kubectl_complete-drctl": "from drctl.cli.kubectl_completion import complete; complete()",
}
READLINE = """\
set enable-bracketed-paste off
set show-all-if-ambiguous on
set page-completions off
set completion-query-items 1000
set bell-style none
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """drctl on a shell's path, a folder to work in, and a lab, whose folder's name is not plain ASCII."""

    folder: Path
    environment: Mapping[str, str]

    @staticmethod
    def into(folder: Path) -> "Installation":
        """Put the commands of this checkout there, as an installation does."""
        for name in ("bin", "work"):
            (folder / name).mkdir()
        for name, code in SCRIPTS.items():
            script = folder / "bin" / name
            script.write_text(f"#!{sys.executable}\n{code}\n")
            script.chmod(0o755)
        (folder / "inputrc").write_text(READLINE)
        lab, checkout = folder / "Läbör", Path(drctl.__file__).parents[1]
        theirs = ("DRCTL_", "COLUMNS", "LINES", "PROMPT_COMMAND", "PS1")
        kept = {k: v for k, v in os.environ.items() if k == "DRCTL_CACHE" or not k.startswith(theirs)}
        own = {"PATH": f"{folder / 'bin'}:{kept['PATH']}", "PYTHONPATH": str(checkout), "CHECKOUT": str(checkout)}
        own |= {"DRCTL_LAB": str(lab), "DRCTL_PLAN": str(lab / "plan.yaml"), "INPUTRC": str(folder / "inputrc")}
        return Installation(folder, kept | own | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"})

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def lab(self) -> Path:
        return Path(self.environment["DRCTL_LAB"])

    def serving(self) -> tuple[str, str]:
        """Return the site to which clients are routed, and the other."""
        at = FileClientRouting(self.lab / "client-routing.json").site()
        assert at in SITES
        return at, other(at)

    def runs(self) -> tuple[tuple[Run, RunState], ...]:
        return tuple(self._journal().runs())

    def steps(self, after: int) -> set[str]:
        """Return the steps to which runs came, but for that many at first."""
        journal = self._journal()
        entries = [entry for run, _ in journal.runs()[after:] for entry in journal.entries(run.id)]
        return {entry.step for entry in entries if entry.step}

    def settle(self) -> None:
        """End a run that a test has left unfinished, so that the next one can begin its own."""
        left = [run.id for run, state in self.runs() if state is RunState.RUNNING]
        if left and self._drctl("runs", "abort", "--reason", "its test has ended"):
            self._drctl("runs", "resume")

    def take_lab_down(self) -> None:
        """End the lab, if it runs."""
        self._drctl("lab", "down")

    def _drctl(self, *words: str) -> int:
        """Give a command without a terminal, and return its exit code."""
        command, env = [str(self.folder / "bin" / "drctl"), *words], dict(self.environment)
        done = subprocess.run(command, cwd=self.work, env=env, timeout=300, capture_output=True, check=False)
        return done.returncode

    def _journal(self) -> SqliteJournal:
        return SqliteJournal(load(self.lab / "plan.yaml").state, CLOCK)


class Typed(NamedTuple):
    """How a command ended, and what the terminal showed of it; no code if it does not end, or the terminal is gone."""

    line: str
    code: int | None
    screen: Screen


class Operator:
    """Types at one terminal after the other; ``point`` is the one of operator.md that is tried."""

    def __init__(self, at: Installation) -> None:
        self.at, self.point = at, ""
        self.wrong: list[str] = []
        self._shells: list[Shell] = []
        self.shell = self._new_shell()

    def types(
        self,
        line: str,
        *,
        codes: Collection[int] = (0,),
        has: Collection[str] = (),
        lacks: Collection[str] = (),
        answers: Collection[tuple[str, str]] = (),
        is_table: bool = False,
        at_most: int | None = None,
        is_looking: bool = False,
        again: bool = False,
        seconds: float = 180,
    ) -> Typed:
        """Type a line, answer what it asks, and judge what came of it.

        ``has`` and ``lacks`` are words of its output, however they are wrapped; ``at_most`` is how many lines it has.
        Of a table every row has to fit the terminal. Who only looks, ``is_looking``, has an answer soon. ``again``: it
        is typed until gates let it pass; what they say of a link that has failed by itself is done in between.
        """
        deadline = CLOCK.monotonic() + seconds
        while True:
            done, took = self._typed(line, answers, seconds)
            if not again or done.code not in NOT_YET or CLOCK.monotonic() > deadline:
                break
            self._mends(done.screen)
        wrong = [] if done.code in codes else [f"exit code {done.code}, expected {_told(codes)}"]
        if is_looking and took > SOON:
            wrong.append(f"it took {took:.0f} s")
        lines = [each for each in done.screen.lines if each]
        if at_most is not None and len(lines) > at_most:
            wrong.append(f"{len(lines)} lines, expected at most {at_most}")
        if is_table:
            wrong += [f"a row is wider than the terminal: {each}" for each in lines if _is_too_wide(each)]
        self.notes(done, [*wrong, *_words(done.screen, has, lacks)])
        if done.code is None:
            self.shell.send("\x03")
            if self.shell.prompt(30) is None:
                self.shell = self._new_shell()
        return done

    def completes(self, line: str, has: Collection[str]) -> None:
        """Type a line and the tab key, judge what is offered, and take the line back."""
        self.shell.type(line)
        self.shell.raw = ""
        self.shell.send("\t")
        self.shell.quiet(1.0, at_first=30)
        screen = Screen(self.shell.raw)
        self.notes(Typed(f"{line}<TAB>", None, screen), [*_words(screen, has, ())])
        self.shell.take_back()

    def cuts_off(self, line: str, step: str, *, asks: bool = True) -> None:
        """Type a command, answer yes, and press Ctrl-C as soon as the journal has the step."""
        shell = self._comes_to(line, step, asks=asks)
        if shell.at_prompt() is None:
            shell.send("\x03")
        done = Typed(f"{line}     (y; Ctrl-C at {step})", shell.prompt(90), shell.screen)
        wrong = [] if done.code == 130 else [f"exit code {done.code}, expected 130"]
        self.notes(done, [*wrong, *_words(done.screen, ("UNFINISHED RUN", "go on:", "give up:"), ())])

    def closes_terminal(self, line: str, step: str) -> None:
        """Type a command, close the terminal at the step, and wait until nothing of that session runs any more."""
        shell = self._comes_to(line, step, asks=False)
        ended, shown = shell.at_prompt(), shell.screen
        shell.close_terminal()
        self.shell = self._new_shell()
        self.waits("what was typed at the closed terminal ends", lambda: not shell.session(), 120)
        wrong = [] if ended is None else [f"it ended with {ended} before {step}"]
        self.notes(Typed(f"{line}     (the terminal is closed at {step})", ended, shown), wrong)

    def waits(self, what: str, done: Callable[[], bool], seconds: float) -> None:
        deadline = CLOCK.monotonic() + seconds
        while not (found := done()) and CLOCK.monotonic() < deadline:
            CLOCK.sleep(0.2)
        self.judges(found, f"{what}: not within {seconds:.0f} s")

    def judges(self, is_right: bool, otherwise: str) -> None:
        """Note something that is not as it should be."""
        if not is_right:
            self.notes(None, [otherwise])

    def notes(self, typed: Typed | None, wrong: Collection[str]) -> None:
        """Put a command into the transcript; what is wrong there makes the test fail in the end."""
        told = [f"==== point {self.point}"]
        if typed is not None:
            told += [f"$ {typed.line}", *typed.screen.rows, f"---- exit code {typed.code}"]
        told += [f"!!!! {each}" for each in wrong]
        TRANSCRIPT.parent.mkdir(exist_ok=True)
        with TRANSCRIPT.open("a") as file:
            file.write("\n".join(told).rstrip("\n") + "\n\n")
        if wrong:
            self.wrong.append("\n".join(told))

    def leaves(self) -> None:
        """Close every terminal, and end what is left there."""
        for shell in self._shells:
            shell.end()

    def _typed(self, line: str, answers: Collection[tuple[str, str]], seconds: float) -> tuple[Typed, float]:
        self.shell.begin(line)
        began = CLOCK.monotonic()
        for question, answer in answers:
            if self.shell.shows(question, seconds):
                self.shell.send(f"{answer}\r")
        code = self.shell.prompt(seconds)
        return Typed(line, code, self.shell.screen), CLOCK.monotonic() - began

    def _comes_to(self, line: str, step: str, *, asks: bool) -> Shell:
        """Type a command, until gates let it begin, and wait until it comes to that step or ends."""
        deadline, shell = CLOCK.monotonic() + 180, self.shell
        while True:
            before = len(self.at.runs())
            shell.begin(line)
            if asks and shell.shows("[y/N]", 120):
                shell.send("y\r")
            began = CLOCK.monotonic()
            while shell.at_prompt() is None and step not in self.at.steps(before):
                assert CLOCK.monotonic() < began + 180, f"it does not come to {step}: {shell.screen.words}"
                shell.pump()
            if shell.at_prompt() not in NOT_YET or CLOCK.monotonic() > deadline:
                return shell
            self._mends(shell.screen)

    def _mends(self, told: Screen) -> None:
        """Do what gates say of a link that has failed by itself, and leave them a moment."""
        restarted(Lab.attach(self.at.lab), told.words)
        CLOCK.sleep(2)

    def _new_shell(self) -> Shell:
        self._shells.append(Shell(self.at.work, self.at.environment))
        return self._shells[-1]


def _words(screen: Screen, has: Collection[str], lacks: Collection[str]) -> Iterator[str]:
    words = screen.words
    yield from (f"expected to read: {text}" for text in has if text not in words)
    yield from (f"expected not to read: {text}" for text in (*NEVER, *lacks) if text in words)


def _is_too_wide(line: str) -> bool:
    """Whether it is a row of names and numbers, and not a sentence or what stands below a row."""
    return len(line) > COLUMNS and not line.startswith(" ") and ROW.search(line) is not None


def _told(codes: Collection[int]) -> str:
    return " or ".join(map(str, codes)) if len(codes) < 5 else f"one of {min(codes)} to {max(codes)}"


@contextmanager
def at_a_terminal(installation: Installation) -> Iterator[Operator]:
    """Sit down, type, and leave. AssertionError with every command that did not do as it should."""
    operator = Operator(installation)
    try:
        yield operator
    finally:
        operator.leaves()
    assert not operator.wrong, "\n\n" + "\n\n".join(operator.wrong)
