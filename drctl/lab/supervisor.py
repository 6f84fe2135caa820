"""The parent of every process of a lab: when it goes, they go.

``python -m drctl.lab.supervisor FOLDER`` listens on ``FOLDER/supervisor.sock`` for one JSON object per line and answers
with one. Children are started through ``setpriv --pdeathsig KILL`` from the main thread, so they die with the
supervisor even if it is killed; one whose supervisor was killed before that took hold ends by itself. Standard input
is the lifeline of its starter: its end takes everything down, unless ``{"do": "detach"}`` has cut it. A child whose
``end`` is not SIGKILL is sent that instead when all go down, and SIGKILL if it has not gone five seconds later.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from drctl.lab.layout import LOGS, SOCKET

ONLY_UNDER_ITS_PARENT = '[ "$PPID" = "$0" ] && exec "$@"'
"""The kernel tells of a parent's death only from ``setpriv`` on: whoever was orphaned before that does not begin."""


class Supervisor:
    """Owns the children; single-threaded, so that their parent-death signal hangs on the main thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.ends: dict[str, signal.Signals] = {}
        self.running = True
        self.selector = selectors.DefaultSelector()

    def serve(self) -> None:
        """Answer requests until told to go down, the lifeline ends, or a signal arrives."""
        os.chdir(self.folder)
        Path(SOCKET).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(SOCKET)  # relative, so that deep folders do not exceed the length of a socket's address
        listener.listen()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.stop())
        wake_reader, wake_writer = socket.socketpair()
        wake_writer.setblocking(False)
        signal.set_wakeup_fd(wake_writer.fileno())
        self.selector.register(wake_reader, selectors.EVENT_READ, lambda: self.woken(wake_reader))
        self.selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))
        self.selector.register(0, selectors.EVENT_READ, self._lifeline)
        while self.running:
            for key, _ in self.selector.select():
                key.data()
        self._all_down()
        Path(SOCKET).unlink(missing_ok=True)

    def woken(self, waker: socket.socket) -> None:
        """Called after a signal."""
        waker.recv(64)

    def stop(self) -> None:
        """Leave the loop after what is being done now."""
        self.running = False

    def _lifeline(self) -> None:
        if not os.read(0, 64):
            self.stop()

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rw") as stream:
            line = stream.readline()
            if not line:
                return
            try:
                answer = self._do(json.loads(line))
            except (OSError, KeyError, ValueError) as error:
                answer = {"error": str(error)}
            stream.write(json.dumps(answer) + "\n")

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        match request["do"]:
            case "start":
                return {"pid": self._start(request)}
            case "signal":
                self.children[request["name"]].send_signal(signal.Signals[request["signal"]])
            case "list":
                return {name: {"pid": child.pid, "exit": child.poll()} for name, child in self.children.items()}
            case "detach":
                self.selector.unregister(0)
            case "down":
                self.stop()
        return {}

    def _start(self, request: dict[str, Any]) -> int:
        name = request["name"]
        if name in self.children and self.children[name].poll() is None:
            raise ValueError(f"{name} is running")
        self.ends[name] = signal.Signals[request.get("end", "SIGKILL")]
        log = self.folder / LOGS / f"{name}.log"
        log.parent.mkdir(exist_ok=True)
        # The kernel sends the signal when the *thread* that started the child ends, so that children are
        # only started from the main one.
        mortal = ("setpriv", "--pdeathsig", "KILL", "sh", "-c", ONLY_UNDER_ITS_PARENT, str(os.getpid()))
        with log.open("ab") as out:
            self.children[name] = subprocess.Popen(
                [*mortal, *request["argv"]],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**os.environ, **request.get("env", {})},
                # Ctrl-C at the terminal that started the lab must reach nobody in it: a lab that is left
                # running would lose all its brokers.
                start_new_session=True,
            )
        return self.children[name].pid

    def _all_down(self) -> None:
        for name, child in self.children.items():
            if child.poll() is None:
                child.send_signal(self.ends[name])
        for child in self.children.values():
            try:
                # For the database and the service, which are told to end. Brokers are killed: a site that
                # goes down as a whole has nobody to hand its partitions over to, and tries for minutes.
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


if __name__ == "__main__":
    Supervisor(Path(sys.argv[1])).serve()
