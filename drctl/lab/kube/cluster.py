"""A whole Kubernetes on this machine: control plane, controllers, one node and storage, in namespaces of its own."""

import ipaddress
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab.kube.binaries import labkube, part
from drctl.lab.kube.control_plane import Address, ControlPlane, flags, wait
from drctl.lab.kube.node import POD_LOGS, KubeNode
from drctl.lab.kube.storage import Storage
from drctl.lab.lab import remove_all_but_logs
from drctl.lab.layout import LOGS
from drctl.lab.processes import Processes

type Progress = Callable[[str], None]

NETWORKS = ipaddress.IPv4Network("10.231.0.0/16")
POD_NETWORKS = ipaddress.IPv4Network("10.232.0.0/16")
READY = "cluster.json"
LONGEST = 60
"""Characters of a folder's path: the address of a socket has 107, of which kubelet's longest takes 47."""


class KubeCluster:
    """A running Kubernetes. Used as a context manager it goes down at the end, and with its starter in any case.

    All of it lives in network, mount and process namespaces whose first process is the supervisor; the machine sees one
    end of a veth pair, and reaches the node at ``address`` and its pods in the network ``pods``. Both reach the machine
    at ``gateway``.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self.folder = folder
        self.number = number
        network = ipaddress.IPv4Network((int(NETWORKS.network_address) + 4 * number, 30))
        self.gateway, self.address = (str(host) for host in network.hosts())
        self.pods = str(ipaddress.IPv4Network((int(POD_NETWORKS.network_address) + 256 * number, 24)))
        self.processes = Processes(folder, SystemClock())
        self.plane = ControlPlane(folder, self.processes, Address(self.address, 6443, 2379, 2380))
        self.kubectl = self.plane.kubectl
        self._supervisor: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls, folder: Path, progress: Progress = lambda _: None) -> "KubeCluster":
        """Start one in a new folder; it dies with this process. LabError, with the reason from a log, if it cannot."""
        if os.geteuid() != 0:
            raise LabError("the Kubernetes lab's node needs root", remedy="run this as root, on a machine of its own")
        if len(str(folder.resolve())) > LONGEST:
            raise LabError(f"{folder} is too long a path for the sockets in it", remedy="name a shorter one")
        labkube(), part("csi"), part("node")
        cluster = cls(folder.resolve(), _free_number())
        try:
            cluster._supervisor = cluster.processes.launch_supervisor((sys.executable, "-m", "drctl.lab.kube.keeper"))
            cluster._bring_up(progress)
        except BaseException as error:
            cluster.down(keep_logs=isinstance(error, Exception))
            raise
        return cluster

    @classmethod
    def attach(cls, folder: Path) -> "KubeCluster":
        """The one that runs in that folder. LabError if there is none or it is not complete."""
        folder = folder.resolve()
        try:
            cluster = cls(folder, json.loads((folder / READY).read_text())["number"])
        except (OSError, ValueError) as error:
            raise LabError(f"no Kubernetes runs in {folder}", remedy="start one with 'drctl lab kube up'") from error
        cluster.processes.ask({"do": "list"})
        cluster.processes.proc = cluster.node.seen_from_here("/proc")
        return cluster

    @property
    def node(self) -> KubeNode:
        """Its node."""
        return KubeNode(self.plane, self._first_pid(), (self.folder / "cgroup").read_text(), self.pods)

    @property
    def storage(self) -> Storage:
        """Its volumes."""
        return Storage(self.node)

    def detach(self) -> None:
        """Let it outlive this process."""
        self.processes.ask({"do": "detach"})
        self._supervisor = None

    def down(self, *, keep_logs: bool = False) -> None:
        """End all of it and remove its folder, or all of it but the logs, those of its pods included."""
        keeper = self._supervisor.pid if self._supervisor else None
        if self.processes.answers():
            self.processes.ask({"do": "down"})
        if self._supervisor and self._supervisor.stdin:
            self._supervisor.stdin.close()
            self._supervisor.wait()
        wait(self.processes, "the node's namespaces are gone", 60, lambda: not self._alive(keeper))
        if not keep_logs:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        if (pods := self.folder / POD_LOGS).is_dir():
            pods.rename(self.folder / LOGS / POD_LOGS)
        remove_all_but_logs(self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.down()

    def _alive(self, keeper: int | None) -> bool:
        pid = self.folder / "keeper.pid"
        keeper = keeper or (int(pid.read_text()) if pid.exists() else None)
        if keeper is None:
            return False
        try:
            command = Path(f"/proc/{keeper}/cmdline").read_bytes()
        except OSError:
            return False
        return b"drctl.lab.kube.keeper" in command

    def _first_pid(self) -> int:
        unshare = int((self.folder / "namespaces.pid").read_text())
        children = Path(f"/proc/{unshare}/task/{unshare}/children").read_text().split()
        if not children:
            raise LabError(f"the node in {self.folder} is gone", remedy="take it down and up again")
        return int(children[0])

    def _bring_up(self, progress: Progress) -> None:
        clock = self.processes.clock
        began = clock.monotonic()

        def tell(what: str) -> None:
            progress(f"{what} after {clock.monotonic() - began:.1f} s")

        self.processes.proc = self.node.seen_from_here("/proc")
        self._connect()
        self.plane.write_files()
        self.plane.start()
        tell("etcd and API server up")
        self._start_controllers()
        self.node.start()
        tell("node ready")
        self.storage.start()
        tell("CSI driver registered")
        (self.folder / READY).write_text(json.dumps({"number": self.number}))

    def _connect(self) -> None:
        """A veth pair: one end here, one in the node's network namespace. It goes with that namespace."""
        name, pid = f"drctl{self.number}", str(self._first_pid())
        for command in (
            f"ip link add {name} type veth peer name eth0 netns {pid}",
            f"ip addr add {self.gateway}/30 dev {name}",
            f"ip link set {name} up",
            f"nsenter --target {pid} --net ip addr add {self.address}/30 dev eth0",
            f"nsenter --target {pid} --net ip link set eth0 up",
            f"nsenter --target {pid} --net ip route add default via {self.gateway}",
            f"ip route add {self.pods} via {self.address}",
        ):
            done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
            if done.returncode:
                raise LabError(f"{command}: {done.stderr.strip()}", remedy="the node needs the right to make networks")

    def _start_controllers(self) -> None:
        manager, scheduler = (self.plane.credentials(user) for user in ("manager", "scheduler"))
        options: dict[str, object] = {
            "kubeconfig": manager,
            "authentication-kubeconfig": manager,
            "authorization-kubeconfig": manager,
            "service-account-private-key-file": self.plane.certificate("service-accounts"),
            "root-ca-file": self.plane.certificate("ca"),
            "use-service-account-credentials": "true",
            # One of each is all there is, and nobody whose lease would have to be waited for.
            "leader-elect": "false",
            # Half of Kubernetes' own, so that tests of a lost node take half as long. It must stay above
            # two renewals of the kubelet's lease, which come every ten seconds.
            "node-monitor-grace-period": "24s",
            "attach-detach-reconcile-sync-period": "2s",
        }
        self.processes.start("kube-controller-manager", [labkube(), "kube-controller-manager", *flags(options)])
        options = {
            "kubeconfig": scheduler,
            "authentication-kubeconfig": scheduler,
            "authorization-kubeconfig": scheduler,
            "leader-elect": "false",
        }
        self.processes.start("kube-scheduler", [labkube(), "kube-scheduler", *flags(options)])


def _free_number() -> int:
    """A network of which this machine has no address or route yet."""
    taken = subprocess.run(
        ["ip", "-4", "-o", "route", "show", "table", "all"], capture_output=True, text=True, check=True
    ).stdout
    links = [path.name for path in Path("/sys/class/net").iterdir()]
    for number, network in zip(range(64), NETWORKS.subnets(new_prefix=30), strict=False):
        if f"drctl{number}" not in links and str(network) not in taken:
            return number
    raise LabError("64 Kubernetes labs run on this machine already", remedy="take one down")
