"""The lab's storage: our CSI driver with Kubernetes' own provisioner and attacher, and what can be done to its volumes.

The driver keeps a folder per volume; faults are files in it (``build/csi/driver/store.go`` says which) or happen to the
mounted file system itself.
"""

import fcntl
import os
import struct
from pathlib import Path

from drctl.errors import LabError
from drctl.lab.kube.binaries import part
from drctl.lab.kube.control_plane import wait
from drctl.lab.kube.node import NAME, KubeNode

DRIVER = "lab.drctl.io"
CLASS = "lab"
DRIVER_PROCESS = "csi-driver"
SIDECARS = ("csi-provisioner", "csi-attacher")
EXT4 = Path("/sys/fs/ext4")
"""What the kernel lets be asked of, and done to, each mounted ext4, by its device."""
SHUT_DOWN = 0x8004587D
"""ioctl of ext4 and xfs: from now on every read and write fails, as if the device were gone. Argument 2: at once."""

OBJECTS = (
    {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {"name": DRIVER},
        "spec": {"attachRequired": True, "podInfoOnMount": False, "fsGroupPolicy": "File"},
    },
    {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS},
        "provisioner": DRIVER,
        "reclaimPolicy": "Retain",
        "volumeBindingMode": "Immediate",
    },
)


class Storage:
    """The driver's processes and its volumes."""

    def __init__(self, node: KubeNode) -> None:
        self.node = node
        self.folder = node.folder / "volumes"
        self.socket = node.kubelet_folder / "plugins" / DRIVER / "csi.sock"

    def start(self) -> None:
        """Start the driver and its sidecars and wait until kubelet knows it."""
        self.folder.mkdir()
        self._start_processes()
        self.node.plane.kubectl.apply(*OBJECTS)
        wait(self.node.processes, "kubelet knows the CSI driver", 120, self._registered, DRIVER_PROCESS, "kubelet")

    def _start_processes(self) -> None:
        programs, processes = part("csi"), self.node.processes
        registry = self.node.kubelet_folder / "plugins_registry"
        driver = [f"--volumes={self.folder}", f"--socket={self.socket}", f"--node={NAME}", f"--registry={registry}"]
        processes.start(DRIVER_PROCESS, [str(programs / "driver"), "--conditions", *driver])
        wait(processes, "the CSI driver listens", 60, self.socket.exists, DRIVER_PROCESS)
        kubeconfig = self.node.plane.credentials("admin")
        sidecar = [f"--csi-address={self.socket}", f"--kubeconfig={kubeconfig}", "--v=2"]
        for name in SIDECARS:
            processes.start(name, [str(programs / name), *sidecar])

    def kill_driver(self) -> None:
        """SIGKILL to the driver. Volumes stay mounted; none is mounted, attached or measured until it is back."""
        self.node.processes.signal(DRIVER_PROCESS, "SIGKILL")
        self.node.processes.wait_gone(DRIVER_PROCESS)

    def driver_runs(self) -> bool:
        """Whether the driver's process is there."""
        return self.node.processes.status(DRIVER_PROCESS).state != "gone"

    def restart_driver(self) -> None:
        """Start the driver that is gone, with its sidecars, and wait until kubelet knows it."""
        processes = self.node.processes
        # They end by themselves once they notice that the driver's connection was lost, which may be much later: at
        # their next call.
        for name in SIDECARS:
            if processes.status(name).state != "gone":
                processes.signal(name, "SIGKILL")
                processes.wait_gone(name)
        # What a killed driver leaves would pass for one that listens.
        self.socket.unlink(missing_ok=True)
        self._start_processes()
        wait(processes, "kubelet knows the CSI driver", 120, self._registered, DRIVER_PROCESS, "kubelet")

    def _registered(self) -> bool:
        drivers = self.node.plane.kubectl.get("csinode", NAME).get("spec", {}).get("drivers") or ()
        return any(each["name"] == DRIVER for each in drivers)

    def volume(self, claim: str) -> str:
        """The volume that a claim is bound to. LabError if it is not."""
        name = self.node.plane.kubectl.get("pvc", claim).get("spec", {}).get("volumeName", "")
        if not name:
            raise LabError(f"claim {claim} is bound to no volume", remedy="see 'kubectl describe pvc'")
        handle = self.node.plane.kubectl.get("pv", name)["spec"]["csi"]["volumeHandle"]
        return str(handle)

    def mounts(self, volume: str) -> tuple[Path, ...]:
        """Where a volume's file system is mounted on the node, as the node's kernel tells; empty if nowhere."""
        found = []
        for line in self.node.seen_from_here("/proc/1/mountinfo").read_text().splitlines():
            point = line.split()[4]
            if point.startswith(str(self.node.kubelet_folder)) and self._source(line) == str(
                self.folder / volume / "image"
            ):
                found.append(Path(point))
        return tuple(found)

    def uid(self, claim: str) -> str:
        """The uid of the PersistentVolume that a claim is bound to; empty if it is bound to none."""
        name = self.node.plane.kubectl.get("pvc", claim).get("spec", {}).get("volumeName", "")
        found = self.node.plane.kubectl.get("pv", name) if name else {}
        return str(found.get("metadata", {}).get("uid", ""))

    def _source(self, line: str) -> str:
        device = _device(line)
        if not device.startswith("/dev/loop"):
            return ""
        backing = Path("/sys/block") / device.removeprefix("/dev/") / "loop" / "backing_file"
        try:
            return backing.read_text().strip().removesuffix(" (deleted)")
        except OSError:
            return ""

    def tear_off(self, volume: str) -> None:
        """Take the device from under the mounted file system; what is on it stays. LabError if it is not mounted."""
        mounts = self.mounts(volume)
        if not mounts:
            raise LabError(f"volume {volume} is mounted nowhere", remedy="wait until its pod runs")
        there = os.open(self.node.seen_from_here(mounts[0]), os.O_RDONLY)
        try:
            fcntl.ioctl(there, SHUT_DOWN, struct.pack("I", 2))
        finally:
            os.close(there)

    def refuse_writes(self, volume: str) -> None:
        """Let the file system find an error and turn read-only, as ext4 does on a disk that fails; reads go on.

        LabError if it is not mounted, or the kernel does not let it.
        """
        mounts = self.mounts(volume)
        if not mounts:
            raise LabError(f"volume {volume} is mounted nowhere", remedy="wait until its pod runs")
        table = self.node.seen_from_here("/proc/1/mountinfo").read_text().splitlines()
        device = next(_device(line) for line in table if line.split()[4] == str(mounts[0]))
        self.node.inside("mount", "-o", "remount,errors=remount-ro", str(mounts[0]))
        try:
            (EXT4 / device.removeprefix("/dev/") / "trigger_fs_error").write_text("the lab lets writes fail\n")
        except OSError as error:
            why = f"the kernel does not let {device} fail: {error}"
            raise LabError(why, remedy="use 'detach-volume', which fails reads, too") from error

    def fill(self, volume: str) -> None:
        """Write to a volume until nothing more fits, past what pods have written. LabError if it is not mounted."""
        mounts = self.mounts(volume)
        if not mounts:
            raise LabError(f"volume {volume} is mounted nowhere", remedy="wait until its pod runs")
        with (self.node.seen_from_here(mounts[0]) / "filler").open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def empty(self, volume: str) -> None:
        """Take away what ``fill`` wrote."""
        for mount in self.mounts(volume)[:1]:
            (self.node.seen_from_here(mount) / "filler").unlink(missing_ok=True)

    def lose(self, volume: str) -> None:
        """Destroy a volume with all that is on it."""
        self.tear_off(volume)
        (self.folder / volume / "image").unlink()

    def tell(self, volume: str, file: str, text: str) -> None:
        """Let the driver ``refuse`` to attach a volume, or report it ``abnormal``, with this text; none ends it."""
        note = self.folder / volume / file
        if text:
            note.write_text(text)
        else:
            note.unlink(missing_ok=True)


def _device(line: str) -> str:
    """The device that a line of mountinfo names."""
    return line.partition(" - ")[2].split()[1]
