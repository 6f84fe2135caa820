"""An interactive shell at a terminal of 80 columns, as an operator has one, and what that terminal shows."""

import os
import re
import select
import signal
import subprocess
import termios
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from drctl.drivers.store.clock import SystemClock

CLOCK = SystemClock()
COLUMNS, ROWS = 80, 24
PROMPT = re.compile(r"rc=(\d+)> $")
SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([@-~])|\x1b\].*?(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b.", re.DOTALL)
ECHOED = 8
"""Letters at the end of a typed line that must be back from the terminal before Enter: by then it has all of it."""


class Screen:
    """Shows what a terminal of that width would, with all that has scrolled away. Letters are one column wide."""

    def __init__(self, raw: str, columns: int = COLUMNS) -> None:
        self.columns = columns
        self._rows: list[list[str]] = [[]]
        self._continued: set[int] = set()
        self._row = self._column = at = 0
        while at < len(raw):
            found = SEQUENCE.match(raw, at)
            if found is None:
                self._put(raw[at])
                at += 1
            else:
                self._obey(found[2] or "", int(re.sub(r"\D", "", (found[1] or "").split(";")[0]) or 0))
                at = found.end()

    @property
    def rows(self) -> list[str]:
        """What stands in each row of the terminal."""
        return ["".join(row).rstrip() for row in self._rows]

    @property
    def lines(self) -> list[str]:
        """What was printed, each line whole, however many rows the terminal needed for it."""
        found: list[str] = []
        for number, row in enumerate(self._rows):
            if number in self._continued:
                found[-1] += "".join(row)
            else:
                found.append("".join(row))
        return [line.rstrip() for line in found]

    @property
    def words(self) -> str:
        """All that was printed, in one line with single blanks."""
        return " ".join(" ".join(self.lines).split())

    def _put(self, letter: str) -> None:
        match letter:
            case "\n":
                self._to(self._row + 1)
            case "\r":
                self._column = 0
            case "\b":
                self._column = max(0, min(self._column, self.columns - 1) - 1)
            case _ if letter >= " ":
                self._write(letter)

    def _write(self, letter: str) -> None:
        if self._column >= self.columns:
            self._to(self._row + 1)
            self._continued.add(self._row)
            self._column = 0
        row = self._rows[self._row]
        row += [" "] * (self._column + 1 - len(row))
        row[self._column] = letter
        self._column += 1

    def _obey(self, command: str, number: int) -> None:
        match command:
            case "A":
                self._row = max(0, self._row - (number or 1))
            case "B":
                self._to(self._row + (number or 1))
            case "C":
                self._column = min(self.columns - 1, self._column + (number or 1))
            case "D":
                self._column = max(0, self._column - (number or 1))
            case "G":
                self._column = max(0, (number or 1) - 1)
            case "K":
                del self._rows[self._row][0 if number == 2 else self._column :]
            case "J":
                del self._rows[self._row][self._column :]
                del self._rows[self._row + 1 :]
                self._continued = {row for row in self._continued if row <= self._row}

    def _to(self, row: int) -> None:
        self._row = row
        while len(self._rows) <= row:
            self._rows.append([])


class Shell:
    """A bash at the head of a session of its own, as after a login; its prompt tells the last exit code."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.raw = ""
        self._ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
        command = ["setsid", "--ctty", "bash", "--norc", "--noprofile", "-i"]
        env = {**environment, "PS1": "rc=$?> ", "TERM": "xterm-256color", "HISTFILE": "/dev/null"}
        self.process = subprocess.Popen(command, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.prompt(30)

    @property
    def screen(self) -> Screen:
        """What was printed since Enter, without the end of the typed line before it and the prompt behind it."""
        return Screen(PROMPT.sub("", self.raw).removeprefix("\r").removeprefix("\n"))

    def pump(self, seconds: float = 0.1) -> bool:
        """Take what is written by then; whether anything was."""
        got = False
        while self._ours >= 0 and select.select([self._ours], (), (), 0 if got else seconds)[0]:
            try:
                self.raw += os.read(self._ours, 65536).decode(errors="replace")
            except OSError:  # the shell has ended, and with it the other end
                self.close_terminal()
            else:
                got = True
        return got

    def at_prompt(self) -> int | None:
        """Return the exit code of what was typed, None while it runs."""
        found = PROMPT.search(self.raw)
        return int(found[1]) if found else None

    def prompt(self, seconds: float) -> int | None:
        """Wait for the prompt and return the exit code; None if it does not come."""
        self._wait(lambda: False, seconds)
        return self.at_prompt()

    def shows(self, text: str, seconds: float) -> bool:
        """Wait until the text is printed; False if the prompt or the end of the time comes first."""
        return self._wait(lambda: text in self.screen.words, seconds)

    def send(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def begin(self, line: str) -> None:
        """Type a line and Enter; ``raw`` is what it prints from then on."""
        self.type(line)
        self.raw = ""
        self.send("\r")

    def type(self, line: str) -> None:
        """Type it without Enter, and wait until the terminal shows it."""
        prompt = PROMPT.search(self.raw)
        before = prompt[0] if prompt else ""  # without it lines would be wrapped elsewhere
        self.raw = ""
        self.send(line)
        end = "".join(line.split())[-ECHOED:]
        deadline = CLOCK.monotonic() + 30
        while end not in "".join(Screen(before + self.raw).words.split()):
            assert CLOCK.monotonic() < deadline, f"the terminal does not show what was typed: {self.raw!r}"
            self.pump()
        self.pump()

    def take_back(self) -> None:
        """Take back what was typed without Enter, and wait for a new prompt."""
        self.send("\x15\x03")
        self.pump(0.3)
        self.raw = ""
        self.send("\r")
        self.prompt(10)

    def quiet(self, seconds: float, *, at_first: float) -> None:
        """Wait until nothing was written for that long; for the first letter up to ``at_first``."""
        while self.pump(seconds if self.raw else at_first):
            pass

    def close_terminal(self) -> None:
        """Close the terminal, as a connection does that breaks."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1

    def session(self) -> set[int]:
        """Return the processes that run in the shell's session, the shell among them."""
        return {pid for pid, session in _sessions() if session == self.process.pid}

    def end(self) -> None:
        """Close the terminal and end what the shell has left."""
        self.close_terminal()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        for pid in self.session():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def _wait(self, done: Callable[[], bool], seconds: float) -> bool:
        deadline = CLOCK.monotonic() + seconds
        while not (found := done()) and self.at_prompt() is None and CLOCK.monotonic() < deadline:
            if not self.pump() and self._ours < 0:
                return False
        return found or done()


def _sessions() -> Iterator[tuple[int, int]]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ends between two looks
            state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
            if state not in "ZX":
                yield int(stat.parent.name), int(session)
