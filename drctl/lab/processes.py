"""Talking to a lab's supervisor, and seeing its processes independently of the supervisor."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drctl.errors import LabError
from drctl.lab.layout import LOGS, SOCKET
from drctl.ports import Clock

TELLING = re.compile("ERROR|FATAL|Exception|Error:")
"""Lines that name a cause, in the words of Kafka's log4j, of a JVM that did not start, and of Python."""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """A process of the lab as the kernel sees it: ``state`` is running, stopped, exiting or gone.

    Exiting: its first thread has ended and others have not, so it may still hold files and ports.
    """

    name: str
    pid: int
    state: str
    resident_bytes: int
    exit_code: int | None = None


class Processes:
    """The processes of the lab in one folder, through its supervisor."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        self.proc = Path("/proc")

    def launch_supervisor(self, argv: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
        """Start a supervisor that lives as long as the returned process's standard input stays open.

        ``argv`` starts another one than the usual, or the usual one by a detour; the folder is appended.
        """
        argv = argv or (sys.executable, "-m", "drctl.lab.supervisor")
        path = self.log("supervisor")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as log:
            child = subprocess.Popen(
                [*argv, str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # A machine under pressure takes long even to start Python; one that has ended is not waited for.
        deadline = self.clock.monotonic() + 120
        while not self.answers():
            if child.poll() is not None or self.clock.monotonic() > deadline:
                child.kill()
                child.wait()
                raise LabError("the lab's supervisor did not start", remedy=f"see {path}")
            self.clock.sleep(0.02)
        return child

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One request to the supervisor. LabError if none answers or it declines."""
        try:
            with _connection(self.folder) as connection, connection.makefile("rw") as stream:
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
        except (OSError, ValueError) as error:
            raise LabError(f"no lab runs in {self.folder}", remedy="start one with 'drctl lab up'") from error
        if "error" in answer:
            raise LabError(f"the lab declined to {request['do']}: {answer['error']}")
        return dict(answer)

    def answers(self) -> bool:
        """Whether a supervisor is there."""
        try:
            self.ask({"do": "list"})
        except LabError:
            return False
        return True

    def start(
        self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None, *, end: str = "SIGKILL"
    ) -> int:
        """Start a process under a free name; its output goes to ``logs/<name>.log``. Returns its pid.

        ``end`` is the signal that it is sent when the lab goes down.
        """
        request = {"do": "start", "name": name, "argv": list(argv), "env": dict(env or {}), "end": end}
        return int(self.ask(request)["pid"])

    def signal(self, name: str, signal: str) -> None:
        """Send a signal (``SIGKILL``, ``SIGSTOP``, …)."""
        self.ask({"do": "signal", "name": name, "signal": signal})

    def terminate(self, name: str, seconds: float = 30.0) -> None:
        """Ask a process to end and wait until it has. LabError if it does not."""
        self.signal(name, "SIGTERM")
        self.wait_gone(name, seconds)

    def wait_gone(self, name: str, seconds: float = 30.0) -> None:
        """Wait until a process has ended."""
        deadline = self.clock.monotonic() + seconds
        while self.status(name).state != "gone":
            if self.clock.monotonic() > deadline:
                raise LabError(f"{name} did not end within {seconds:.0f} s")
            self.clock.sleep(0.05)

    def status(self, name: str) -> ProcessStatus:
        """One process. LabError if the lab never had it."""
        for status in self.all():
            if status.name == name:
                return status
        raise LabError(f"the lab has no process {name}", remedy="see 'drctl lab status'")

    def all(self) -> tuple[ProcessStatus, ...]:
        """Every process, seen through /proc."""
        listed = self.ask({"do": "list"})
        return tuple(_seen(self.proc, name, entry["pid"], entry["exit"]) for name, entry in listed.items())

    def log(self, name: str) -> Path:
        """The file that takes the output of a process."""
        return self.folder / LOGS / f"{name}.log"

    def reason(self, name: str) -> str:
        """The last lines of a process's log that look like the cause of its end."""
        log = self.log(name)
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        telling = [line for line in lines if TELLING.search(line)]
        return "\n".join((telling or lines)[-4:]) or "its log is empty"


@contextmanager
def _connection(folder: Path) -> Iterator[socket.socket]:
    here = os.open(folder, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            # Through /proc, since a deep folder would exceed the length of a socket's address.
            connection.connect(f"/proc/self/fd/{here}/{SOCKET}")
            yield connection
    finally:
        os.close(here)


def _seen(proc: Path, name: str, pid: int, exit_code: int | None) -> ProcessStatus:
    try:
        # Behind the last bracket: a process may have brackets and blanks in its name.
        letter = (proc / f"{pid}/stat").read_text().rpartition(")")[2].split()[0]
        pages = int((proc / f"{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return ProcessStatus(name, pid, "gone", 0, exit_code)
    state = {"T": "stopped", "t": "stopped", "Z": "exiting", "X": "exiting"}.get(letter, "running")
    # A JVM whose first thread has ended is a zombie for a while with other threads still at work: gone only
    # once its parent could reap it.
    if state == "exiting" and exit_code is not None:
        state = "gone"
    return ProcessStatus(name, pid, state, pages * os.sysconf("SC_PAGE_SIZE"), exit_code)
