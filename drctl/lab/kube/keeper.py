"""Starts the node's namespaces and takes away what the kernel leaves when they end: cgroups.

``python -m drctl.lab.kube.keeper FOLDER``, with the lifeline of the starter as standard input. The namespaces, their
mounts, the veth pair and every process in them go when their first process goes, by the kernel's hand; and that goes
with this one.
"""

import os
import subprocess
import sys
from pathlib import Path

from drctl.lab.kube import cgroups

MORTAL = ("setpriv", "--pdeathsig", "KILL")
NAMESPACES = (
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child=KILL",
    "--mount-proc",
    "--propagation",
    "private",
)


def main(folder: Path) -> None:
    """Run the node's first process until it ends."""
    cgroups.remove_dead()
    cgroup = cgroups.create()
    (folder / "cgroup").write_text(cgroup)
    (folder / "keeper.pid").write_text(str(os.getpid()))
    try:
        init = [sys.executable, "-m", "drctl.lab.kube.init", str(folder)]
        with subprocess.Popen([*MORTAL, *NAMESPACES, *init]) as node:
            (folder / "namespaces.pid").write_text(str(node.pid))
            node.wait()
    finally:
        cgroups.remove(cgroup)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
