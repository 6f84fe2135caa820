"""etcd and an API server: all of Kubernetes that a client talks to. Needs no root and is up in seconds."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError
from drctl.lab.certificates import Authority, write_secret
from drctl.lab.kube.binaries import labkube
from drctl.lab.kube.kubectl import Kubectl
from drctl.lab.ports import free_ports
from drctl.lab.processes import Processes

SERVICES = "10.96.0.0/16"
FIRST_SERVICE = "10.96.0.1"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the API server is reached, and the ports of etcd beside it on the loopback."""

    host: str
    api: int
    store: int
    peer: int


class ControlPlane:
    """An API server with its etcd, under a supervisor; ``kubeconfig`` is its administrator's."""

    def __init__(self, folder: Path, processes: Processes, address: Address) -> None:
        self.folder = folder
        self.processes = processes
        self.address = address
        self.kubeconfig = self.credentials("admin")
        self.kubectl = Kubectl(self.kubeconfig)

    def credentials(self, user: str) -> Path:
        """A kubeconfig of ``admin``, ``manager``, ``scheduler`` or ``kubelet``."""
        return self.folder / "pki" / f"{user}.kubeconfig"

    def certificate(self, name: str) -> str:
        """A PEM file with key, certificate and authority."""
        return str(self.folder / "pki" / f"{name}.pem")

    def write_files(self) -> None:
        """Certificates and kubeconfigs."""
        folder, node = self.folder / "pki", "lab-node"
        authority = Authority.create("lab-kubernetes", folder, self.processes.clock.now())
        services = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", FIRST_SERVICE, self.address.host)
        authority.issue("kube-apiserver", folder, hosts=services)
        authority.issue(f"system:node:{node}", folder, hosts=(node, self.address.host), file="kubelet-server")
        authority.issue("service-accounts", folder)
        users = {
            "admin": ("admin", "system:masters"),
            "api-to-kubelet": ("kube-apiserver-kubelet-client", "system:masters"),
            "manager": ("system:kube-controller-manager", ""),
            "scheduler": ("system:kube-scheduler", ""),
            "kubelet": (f"system:node:{node}", "system:nodes"),
        }
        for file, (name, group) in users.items():
            authority.issue(name, folder, organization=group, file=file)
            write_secret(self.credentials(file), json.dumps(self._kubeconfig(file)))

    def _kubeconfig(self, user: str) -> dict[str, object]:
        server = f"https://{self.address.host}:{self.address.api}"
        pem = self.certificate(user)
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "lab", "cluster": {"server": server, "certificate-authority": self.certificate("ca")}}
            ],
            "users": [{"name": user, "user": {"client-certificate": pem, "client-key": pem}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
            "current-context": "lab",
        }

    def start(self) -> None:
        """Start etcd and the API server and wait until it is ready. LabError with the reason if it cannot."""
        store, peer = (f"http://127.0.0.1:{port}" for port in (self.address.store, self.address.peer))
        # No fsync: what the lab keeps need not survive the machine.
        etcd = f"etcd --data-dir etcd --listen-client-urls {store} --advertise-client-urls {store} --unsafe-no-fsync"
        etcd += f" --listen-peer-urls {peer} --initial-advertise-peer-urls {peer} --initial-cluster default={peer}"
        self.processes.start("etcd", [labkube(), *etcd.split()])
        key = self.certificate("service-accounts")
        options = {
            "etcd-servers": store,
            "bind-address": self.address.host,
            # It refuses to be known by a loopback address; nobody uses the one that is reserved for documents.
            "advertise-address": "192.0.2.1" if self.address.host.startswith("127.") else self.address.host,
            "secure-port": self.address.api,
            "tls-cert-file": self.certificate("kube-apiserver"),
            "tls-private-key-file": self.certificate("kube-apiserver"),
            "client-ca-file": self.certificate("ca"),
            "service-account-key-file": key,
            "service-account-signing-key-file": key,
            "service-account-issuer": "https://kubernetes.default.svc",
            # As production has it, so that the rights that are shipped are tried against what will check
            # them.
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "allow-privileged": "true",
            "service-cluster-ip-range": SERVICES,
            "kubelet-client-certificate": self.certificate("api-to-kubelet"),
            "kubelet-client-key": self.certificate("api-to-kubelet"),
            "kubelet-certificate-authority": self.certificate("ca"),
            "kubelet-preferred-address-types": "InternalIP",
        }
        self.processes.start("kube-apiserver", [labkube(), "kube-apiserver", *flags(options)])
        wait(self.processes, "the API server is ready", 300, self.kubectl.answers, "kube-apiserver")


def flags(options: dict[str, object]) -> list[str]:
    """Command-line options in Kubernetes' form; empty ones are left out."""
    return [f"--{name}={value}" for name, value in options.items() if value != ""]


def wait(processes: Processes, what: str, seconds: float, done: Callable[[], object], *needed: str) -> None:
    """Wait until something is so. LabError when it takes too long or a needed process has ended meanwhile."""
    deadline = processes.clock.monotonic() + seconds
    while not done():
        for name in needed:
            if processes.status(name).state == "gone":
                why = f"{name} ended before {what}:\n{processes.reason(name)}"
                raise LabError(why, remedy=f"see {processes.log(name)}")
        if processes.clock.monotonic() > deadline:
            why = f"timed out after {seconds:.0f} s waiting until {what}"
            raise LabError(why, remedy=f"see {processes.folder / 'logs'}")
        processes.clock.sleep(0.1)


@contextmanager
def control_plane(folder: Path) -> Iterator[ControlPlane]:
    """A bare API server in an empty folder, on ports of the loopback: no node, no controller. Gone at the end."""
    processes = Processes(folder.resolve(), SystemClock())
    labkube()
    supervisor = processes.launch_supervisor()
    try:
        plane = ControlPlane(processes.folder, processes, Address("127.0.0.1", *free_ports(3)))
        plane.write_files()
        plane.start()
        yield plane
    finally:
        supervisor.communicate(b"")
