"""Bad things to do to a broker pod, each with evidence from somebody who is not the injector, and the rollback from it.

A fault is a function of the lab and a pod, as in ``drctl/lab/faults.py``. The observers are the API server (what
controllers, scheduler and kubelet report to it), kubelet's own measurements and the node's kernel.
"""

from collections.abc import Callable
from contextlib import suppress

from drctl.errors import LabError
from drctl.lab.injecting import FaultEvidence
from drctl.lab.kube import brokers
from drctl.lab.kube.evidence import (
    container,
    delete_pod,
    measured,
    require_pod,
    restarts,
    seen,
    uid,
    until,
    volume_of,
    waiting,
)
from drctl.lab.kube.images import HOST
from drctl.lab.kube.lab import SITE, KubeLab
from drctl.lab.kube.node import NAME
from drctl.lab.kube.outages import cut_network, freeze_api_server, kill_csi_driver, mend_outages

type Fault = Callable[[KubeLab, str], FaultEvidence]

HEAL = "heal"
"""Which of the faults is none: it ends the others."""
ABSENT = "lab.drctl.io/absent:1"
REFUSALS = ("Input/output error", "Read-only file system")
"""How the node's kernel refuses a write: of a device that is gone, and of a file system that found an error."""


def kill_pod(lab: KubeLab, pod: str) -> FaultEvidence:
    """Delete a pod with one second of grace. Seen by the API server: another pod has its name."""
    require_pod(lab, pod)
    at, before = lab.clock.now(), uid(lab, pod)
    delete_pod(lab, pod)

    def replaced() -> str:
        after = uid(lab, pod)
        return f"uid {after} instead of {before}" if after and after != before else ""

    return seen(lab, "kill-pod", pod, at, by="the API server", look=replaced)


def kill_inside(lab: KubeLab, pod: str) -> FaultEvidence:
    """SIGKILL to the broker in its container. Seen by kubelet, which starts it again."""
    require_pod(lab, pod)
    at, before = lab.clock.now(), restarts(lab, pod)
    lab.cluster.node.inside("sh", "-c", f"kill -KILL {_pid(lab, pod)}")

    def restarted() -> str:
        now, last = restarts(lab, pod), container(lab, pod).get("lastState", {}).get("terminated", {})
        return f"restart {now}, exit code {last.get('exitCode')}" if now > before else ""

    return seen(lab, "kill-inside", pod, at, by="kubelet", look=restarted)


def detach_volume(lab: KubeLab, pod: str) -> FaultEvidence:
    """Take the device from under the volume; what is on it stays. Seen by the node's kernel, which fails writes."""
    at, volume = lab.clock.now(), volume_of(lab, pod)
    lab.cluster.storage.tear_off(volume)
    return seen(lab, "detach-volume", pod, at, by="the node's kernel", look=lambda: _dead(lab, volume))


def lose_volume(lab: KubeLab, pod: str) -> FaultEvidence:
    """Destroy the volume with all that is on it. Seen by the node's kernel, which fails every write."""
    at, volume = lab.clock.now(), volume_of(lab, pod)
    lab.cluster.storage.lose(volume)
    return seen(lab, "lose-volume", pod, at, by="the node's kernel", look=lambda: _dead(lab, volume))


def fail_writes(lab: KubeLab, pod: str) -> FaultEvidence:
    """Let every write to the volume fail while reads go on, as a failing disk does. Seen by the node's kernel."""
    at, volume = lab.clock.now(), volume_of(lab, pod)
    lab.cluster.storage.refuse_writes(volume)
    return seen(lab, "fail-writes", pod, at, by="the node's kernel", look=lambda: _dead(lab, volume))


def fill_volume(lab: KubeLab, pod: str) -> FaultEvidence:
    """Fill the volume to the last block. Seen by kubelet, which measures what is left."""
    at, volume = lab.clock.now(), volume_of(lab, pod)
    lab.cluster.storage.fill(volume)

    def full() -> str:
        left = (measured(lab, pod) or {}).get(brokers.claim(pod))
        return f"{left} bytes available" if left is not None and left < 1 << 20 else ""

    return seen(lab, "fill-volume", pod, at, by="kubelet", look=full)


def report_abnormal(lab: KubeLab, pod: str) -> FaultEvidence:
    """Let the storage report the volume abnormal, though it works. Seen by kubelet, as a metric."""
    at, volume = lab.clock.now(), volume_of(lab, pod)
    lab.cluster.storage.tell(volume, "abnormal", "the lab says so")
    metric, claim = "kubelet_volume_stats_health_status_abnormal", f'persistentvolumeclaim="{brokers.claim(pod)}"'

    def told() -> str:
        lines = lab.kubectl.run("get", "--raw", f"/api/v1/nodes/{NAME}/proxy/metrics").splitlines()
        return next((x for x in lines if x.startswith(metric) and claim in x and x.endswith(" 1")), "")

    return seen(lab, "report-abnormal", pod, at, by="kubelet", look=told)


def refuse_attach(lab: KubeLab, pod: str) -> FaultEvidence:
    """Let the storage refuse to attach the volume, and move the pod. Seen by the attacher, in the VolumeAttachment."""
    at, volume = lab.clock.now(), volume_of(lab, pod)
    lab.cluster.storage.tell(volume, "refuse", "the lab refuses to attach this volume")
    _settle(lab, pod)

    def failed() -> str:
        claimed = lab.kubectl.get("pvc", brokers.claim(pod))["spec"]["volumeName"]
        for each in lab.kubectl.list("volumeattachments"):
            if each["spec"]["source"].get("persistentVolumeName") == claimed:
                return str(each.get("status", {}).get("attachError", {}).get("message", ""))
        return ""

    return seen(lab, "refuse-attach", pod, at, by="the attacher", look=failed)


def lose_node(lab: KubeLab, pod: str) -> FaultEvidence:
    """Kill kubelet: the node falls silent while its pods run on. Seen by the node controller."""
    require_pod(lab, pod)
    at = lab.clock.now()
    lab.cluster.processes.signal("kubelet", "SIGKILL")

    def silent() -> str:
        return "the node's Ready is Unknown" if lab.cluster.node.condition("Ready") == "Unknown" else ""

    return seen(lab, "lose-node", pod, at, by="the node controller", look=silent)


def lose_image(lab: KubeLab, pod: str) -> FaultEvidence:
    """Name an image that is nowhere and delete the pod. Seen by kubelet, which cannot start it."""
    require_pod(lab, pod)
    at = lab.clock.now()
    _set_image(lab, ABSENT)
    delete_pod(lab, pod)
    return seen(lab, "lose-image", pod, at, by="kubelet", look=lambda: waiting(lab, pod, "ErrImageNeverPull"))


def forbid_scheduling(lab: KubeLab, pod: str) -> FaultEvidence:
    """Cordon the node and delete the pod. Seen by the scheduler, which finds no place for it."""
    require_pod(lab, pod)
    at = lab.clock.now()
    lab.kubectl.run("cordon", NAME)
    delete_pod(lab, pod)

    def homeless() -> str:
        conditions = lab.kubectl.get("pod", pod).get("status", {}).get("conditions", ())
        return next((x["message"] for x in conditions if x.get("reason") == "Unschedulable"), "")

    return seen(lab, "forbid-scheduling", pod, at, by="the scheduler", look=homeless)


def heal(lab: KubeLab, pod: str) -> FaultEvidence:
    """Undo whatever was done to a pod, its volume, its node and what it depends on. Seen by kubelet: the pod is ready.

    A volume that was lost is replaced by an empty one, which the broker fills from the others.
    """
    at = lab.clock.now()
    mend_outages(lab)
    lab.kubectl.run("uncordon", NAME)
    _set_image(lab, HOST)
    storage, volume = lab.cluster.storage, volume_of(lab, pod)
    for note in ("refuse", "abnormal"):
        storage.tell(volume, note, "")
    if not (storage.folder / volume / "image").exists():
        _replace_volume(lab, pod)
    elif _dead(lab, volume):
        _settle(lab, pod)
    else:
        storage.empty(volume)
        if not lab.ready(pod):
            delete_pod(lab, pod)
    return seen(lab, "heal", pod, at, by="kubelet", look=lambda: f"{pod} is ready" if lab.ready(pod) else "")


FAULTS: dict[str, Fault] = {
    "kill-pod": kill_pod,
    "kill-inside": kill_inside,
    "detach-volume": detach_volume,
    "lose-volume": lose_volume,
    "fail-writes": fail_writes,
    "fill-volume": fill_volume,
    "report-abnormal": report_abnormal,
    "refuse-attach": refuse_attach,
    "lose-node": lose_node,
    "lose-image": lose_image,
    "forbid-scheduling": forbid_scheduling,
    "kill-csi-driver": kill_csi_driver,
    "freeze-api-server": freeze_api_server,
    "cut-network": cut_network,
    HEAL: heal,
}


def _settle(lab: KubeLab, pod: str) -> None:
    """Let a pod go until its volume is off the node, and come back: without that kubelet keeps a dead mount."""
    volume = volume_of(lab, pod)
    lab.kubectl.run("cordon", NAME)
    try:
        delete_pod(lab, pod)
        until(
            lab,
            "the volume is off the node",
            lambda: not _attached(lab, pod) and not lab.cluster.storage.mounts(volume),
        )
    finally:
        lab.kubectl.run("uncordon", NAME)


def _replace_volume(lab: KubeLab, pod: str) -> None:
    claim = brokers.claim(pod)
    volume = str(lab.kubectl.get("pvc", claim)["spec"]["volumeName"])
    lab.kubectl.run("cordon", NAME)
    try:
        lab.kubectl.run("delete", "pvc", claim, "--wait=false")
        delete_pod(lab, pod)
        until(lab, "the lost volume is off the node", lambda: not _attached(lab, pod, volume))
        lab.kubectl.run("delete", "pv", volume, "--wait=false", "--ignore-not-found")
    finally:
        lab.kubectl.run("uncordon", NAME)

    def renewed() -> bool:
        return str(lab.kubectl.get("pvc", claim).get("spec", {}).get("volumeName", volume)) != volume

    until(lab, "the claim has a new volume", renewed)


def _attached(lab: KubeLab, pod: str, volume: str = "") -> bool:
    volume = volume or str(lab.kubectl.get("pvc", brokers.claim(pod))["spec"]["volumeName"])
    attachments = lab.kubectl.list("volumeattachments")
    return volume in [each["spec"]["source"].get("persistentVolumeName") for each in attachments]


def _set_image(lab: KubeLab, image: str) -> None:
    name = brokers.set_name(lab.layout[SITE])
    lab.kubectl.run("set", "image", f"statefulset/{name}", f"kafka={image}")


def _pid(lab: KubeLab, pod: str) -> str:
    """The broker's process id on the node."""
    for path in lab.cluster.node.seen_from_here("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"java") and words[-2].endswith(f"/{pod}.properties".encode()):
            return path.name
    raise LabError(f"no broker runs in {pod}", remedy="wait until it is ready")


def _dead(lab: KubeLab, volume: str) -> str:
    """Return what the kernel says to a write on a mounted volume that fails it; empty if it takes it, or is only full.

    Nothing is left of what was written, unless the volume takes that back no more either.
    """
    for mount in lab.cluster.storage.mounts(volume)[:1]:
        try:
            lab.cluster.node.inside("dd", "if=/dev/zero", f"of={mount}/probe", "bs=4096", "count=1", "conv=fsync")
        except LabError as error:
            return next((line for line in str(error).splitlines() if _is_refusal(line)), "")
        finally:
            with suppress(OSError):
                (lab.cluster.node.seen_from_here(mount) / "probe").unlink()
    return ""


def _is_refusal(line: str) -> bool:
    return any(refusal in line for refusal in REFUSALS)
