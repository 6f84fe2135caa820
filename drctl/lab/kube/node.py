"""The node: containerd and kubelet, configured so that they touch nothing outside the lab's folder and namespaces."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from drctl.errors import LabError
from drctl.lab.kube.binaries import labkube, part
from drctl.lab.kube.control_plane import ControlPlane, flags, wait
from drctl.lab.kube.images import PAUSE, write_images

NAME = "lab-node"
POD_LOGS = "pod-logs"
"""Folder, in that of the cluster, for what containers write."""

CONTAINERD = """\
version = 2
root = "{folder}/containerd/root"
state = "{folder}/containerd/state"
[grpc]
  address = "{folder}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "{programs}/usr/sbin/runc"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{programs}/usr/lib/cni"
    conf_dir = "{folder}/cni"
"""


class KubeNode:
    """The one node of the lab."""

    def __init__(self, plane: ControlPlane, host_pid: int, cgroup: str, pods: str) -> None:
        self.plane = plane
        self.processes = plane.processes
        self.folder = plane.folder
        self.host_pid = host_pid
        self.cgroup = cgroup
        self.pods = pods

    @property
    def kubelet_folder(self) -> Path:
        """Where kubelet keeps pods and plugins."""
        return self.folder / "kubelet"

    def seen_from_here(self, path: str | Path) -> Path:
        """A path in the node's mount namespace, for a process outside of it."""
        return Path(f"/proc/{self.host_pid}/root") / str(path).lstrip("/")

    def inside(self, *argv: str) -> str:
        """Run a program in the node's namespaces. LabError with its words if it fails."""
        enter = ("nsenter", "--target", str(self.host_pid), "--net", "--mount", "--pid")
        done = subprocess.run([*enter, *argv], capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"{' '.join(argv[:3])} on the node: {done.stderr.strip()}")
        return done.stdout

    def start(self) -> None:
        """Start containerd and kubelet and wait until the node is ready."""
        programs = part("node")
        (self.folder / "cni").mkdir()
        (self.folder / "cni" / "10-lab.conflist").write_text(json.dumps(self._network()))
        text = CONTAINERD.format(folder=self.folder, programs=programs, pause=PAUSE)
        (self.folder / "containerd.toml").write_text(text)
        path = f"{programs}/usr/bin:{programs}/usr/sbin:{os.environ['PATH']}"
        containerd = [str(programs / "usr/bin/containerd"), "-c", str(self.folder / "containerd.toml")]
        self.processes.start("containerd", containerd, {"PATH": path})
        socket = self.folder / "containerd.sock"
        wait(self.processes, "containerd listens", 60, socket.exists, "containerd")
        for image in write_images(self.folder, part("cluster") / "pause"):
            self.import_image(image)
        (self.folder / "resolv.conf").touch()
        (self.folder / "kubelet.json").write_text(json.dumps(self._configuration()))
        self.start_kubelet()
        wait(self.processes, "the node is ready", 300, self.ready, "kubelet", "containerd")

    def import_image(self, archive: Path) -> None:
        """Let pods use the image in a docker archive, under every name that it has there."""
        ctr = (str(part("node") / "usr/bin/ctr"), "-a", str(self.folder / "containerd.sock"), "-n", "k8s.io")
        self.inside(*ctr, "images", "import", str(archive))

    def start_kubelet(self) -> None:
        """Start (again) the kubelet."""
        options = {
            "config": self.folder / "kubelet.json",
            "kubeconfig": self.plane.credentials("kubelet"),
            "hostname-override": NAME,
            "node-ip": self.plane.address.host,
            "root-dir": self.kubelet_folder,
            "v": 2,
        }
        self.processes.start("kubelet", [labkube(), "kubelet", *flags(options)])

    def ready(self) -> bool:
        """Whether the API server thinks that the node is ready."""
        return self.condition("Ready") == "True"

    def condition(self, kind: str) -> str:
        """The status of one of the node's conditions: True, False or Unknown; empty if there is none."""
        conditions = self.plane.kubectl.get("node", NAME).get("status", {}).get("conditions", ())
        return str(next((each["status"] for each in conditions if each["type"] == kind), ""))

    def _network(self) -> dict[str, Any]:
        """Describe an address of its own per pod, and a way out through the node. Broker pods use the node's instead.

        Nothing is masqueraded, which would need iptables on the machine: it has a route to the pods.
        """
        ranges = {"type": "host-local", "ranges": [[{"subnet": self.pods}]], "routes": [{"dst": "0.0.0.0/0"}]}
        ranges["dataDir"] = str(self.folder / "cni-addresses")
        return {"cniVersion": "0.4.0", "name": "lab", "plugins": [{"type": "ptp", "ipam": ranges}]}

    def _configuration(self) -> dict[str, Any]:
        server = self.plane.certificate("kubelet-server")
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": self.plane.certificate("ca")},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": server,
            "tlsPrivateKeyFile": server,
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self.cgroup}",
            "failCgroupV1": False,
            "enforceNodeAllocatable": [],
            "failSwapOn": False,
            "featureGates": {"CSIVolumeHealth": True},  # tells of abnormal volumes
            "containerRuntimeEndpoint": f"unix://{self.folder}/containerd.sock",
            "volumePluginDir": str(self.kubelet_folder / "volume-plugins"),
            "podLogsDir": str(self.folder / POD_LOGS),
            "clusterDNS": [],
            "resolvConf": str(self.folder / "resolv.conf"),
            # A machine for development is often fuller than a node: at the usual 10% every pod of the lab
            # would be evicted.
            "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "100Mi"},
            "imageGCHighThresholdPercent": 100,
            # Kubernetes' own are 60 s, 10 s and 60 s: tests wait for what these report.
            "syncFrequency": "5s",
            "nodeStatusUpdateFrequency": "4s",
            "volumeStatsAggPeriod": "5s",
            "oomScoreAdj": 0,
        }
