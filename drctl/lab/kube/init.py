"""The first process of the node's namespaces: when it goes, the kernel ends all that runs in them, containers included.

``python -m drctl.lab.kube.init FOLDER`` is a supervisor that also keeps the node's hands off the machine (what kubelet
and containerd write to fixed places lands in memory of its own) and reaps what containers' shims leave.
"""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from drctl.lab.supervisor import Supervisor

IN_MEMORY = ("/run", "/var/log", "/var/lib")
"""Where parts of Kubernetes write whatever they are told."""

KERNEL = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1000000,
    "kernel/keys/root_maxbytes": 25000000,
}
"""Settings that kubelet makes for the whole machine unless they are there: it is shown files that have them."""


class Init(Supervisor):
    """A supervisor that is process 1."""

    def serve(self) -> None:
        """As its parent, after the surroundings are made."""
        _surround(self.folder.resolve())
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken
        super().serve()

    def woken(self, waker: socket.socket) -> None:
        """Reap who was adopted; our own children keep their exit codes for who asks."""
        super().woken(waker)
        for child in self.children.values():
            child.poll()
        own = {child.pid for child in self.children.values()}
        try:
            # Looked at without reaping: a child of our own must keep its exit code for Popen.
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid not in own:
                os.waitpid(ended.si_pid, 0)
        except ChildProcessError:
            pass


def _surround(folder: Path) -> None:
    def call(*argv: str) -> None:
        subprocess.run(argv, check=True, capture_output=True)

    call("ip", "link", "set", "lo", "up")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")  # of these namespaces alone, for pods' way out
    call("mount", "--bind", "/proc/sys", "/proc/sys")
    call("mount", "-o", "remount,bind,ro", "/proc/sys")
    for name, value in KERNEL.items():
        wanted = folder / "kernel" / name
        wanted.parent.mkdir(parents=True, exist_ok=True)
        wanted.write_text(f"{value}\n")
        call("mount", "--bind", str(wanted), f"/proc/sys/{name}")
    for place in IN_MEMORY:
        if Path(place).is_dir() and not folder.is_relative_to(place):
            call("mount", "-t", "tmpfs", "-o", "mode=755", "lab", place)


if __name__ == "__main__":
    Init(Path(sys.argv[1])).serve()
