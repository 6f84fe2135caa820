"""Bad things to do to a broker pod, each with evidence from somebody who is not the injector, and the rollback from it.

A fault is a function of the lab and a pod, as in ``drctl/lab/faults.py``. The observers are the API server (what
controllers, scheduler and kubelet report to it), kubelet's own measurements and the node's kernel.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from drctl.errors import LabError
from drctl.lab.injecting import FaultEvidence
from drctl.lab.kube import brokers
from drctl.lab.kube.images import HOST
from drctl.lab.kube.lab import SITE, KubeLab
from drctl.lab.kube.node import NAME

type Fault = Callable[[KubeLab, str], FaultEvidence]

ABSENT = "lab.drctl.io/absent:1"
PATIENCE = 240.0
"""Seconds within which a fault must have been seen, or undone."""


def kill_pod(lab: KubeLab, pod: str) -> FaultEvidence:
    """Delete a pod with one second of grace. Seen by the API server: another pod has its name."""
    at, before = lab.clock.now(), _uid(lab, pod)
    _delete(lab, pod)

    def replaced() -> str:
        after = _uid(lab, pod)
        return f"uid {after} instead of {before}" if after and after != before else ""

    return _seen(lab, "kill-pod", pod, at, by="the API server", look=replaced)


def kill_inside(lab: KubeLab, pod: str) -> FaultEvidence:
    """SIGKILL to the broker in its container. Seen by kubelet, which starts it again."""
    at, before = lab.clock.now(), _restarts(lab, pod)
    lab.cluster.node.inside("sh", "-c", f"kill -KILL {_pid(lab, pod)}")

    def restarted() -> str:
        now, last = _restarts(lab, pod), _container(lab, pod).get("lastState", {}).get("terminated", {})
        return f"restart {now}, exit code {last.get('exitCode')}" if now > before else ""

    return _seen(lab, "kill-inside", pod, at, by="kubelet", look=restarted)


def detach_volume(lab: KubeLab, pod: str) -> FaultEvidence:
    """Take the device from under the volume; what is on it stays. Seen by the node's kernel, which fails writes."""
    at, volume = lab.clock.now(), _volume(lab, pod)
    lab.cluster.storage.tear_off(volume)
    return _seen(lab, "detach-volume", pod, at, by="the node's kernel", look=lambda: _dead(lab, volume))


def lose_volume(lab: KubeLab, pod: str) -> FaultEvidence:
    """Destroy the volume with all that is on it. Seen by the node's kernel, which fails every write."""
    at, volume = lab.clock.now(), _volume(lab, pod)
    lab.cluster.storage.lose(volume)
    return _seen(lab, "lose-volume", pod, at, by="the node's kernel", look=lambda: _dead(lab, volume))


def fill_volume(lab: KubeLab, pod: str) -> FaultEvidence:
    """Fill the volume to the last block. Seen by kubelet, which measures what is left."""
    at, volume = lab.clock.now(), _volume(lab, pod)
    lab.cluster.storage.fill(volume)

    def full() -> str:
        left = _available(lab, pod)
        return f"{left} bytes available" if left is not None and left < 1 << 20 else ""

    return _seen(lab, "fill-volume", pod, at, by="kubelet", look=full)


def report_abnormal(lab: KubeLab, pod: str) -> FaultEvidence:
    """Let the storage report the volume abnormal, though it works. Seen by kubelet, as a metric."""
    at, volume = lab.clock.now(), _volume(lab, pod)
    lab.cluster.storage.tell(volume, "abnormal", "the lab says so")
    metric, claim = "kubelet_volume_stats_health_status_abnormal", f'persistentvolumeclaim="{brokers.claim(pod)}"'

    def told() -> str:
        lines = lab.kubectl.run("get", "--raw", f"/api/v1/nodes/{NAME}/proxy/metrics").splitlines()
        return next((x for x in lines if x.startswith(metric) and claim in x and x.endswith(" 1")), "")

    return _seen(lab, "report-abnormal", pod, at, by="kubelet", look=told)


def refuse_attach(lab: KubeLab, pod: str) -> FaultEvidence:
    """Let the storage refuse to attach the volume, and move the pod. Seen by the attacher, in the VolumeAttachment."""
    at, volume = lab.clock.now(), _volume(lab, pod)
    lab.cluster.storage.tell(volume, "refuse", "the lab refuses to attach this volume")
    _settle(lab, pod)

    def failed() -> str:
        claimed = lab.kubectl.get("pvc", brokers.claim(pod))["spec"]["volumeName"]
        for each in lab.kubectl.list("volumeattachments"):
            if each["spec"]["source"].get("persistentVolumeName") == claimed:
                return str(each.get("status", {}).get("attachError", {}).get("message", ""))
        return ""

    return _seen(lab, "refuse-attach", pod, at, by="the attacher", look=failed)


def lose_node(lab: KubeLab, pod: str) -> FaultEvidence:
    """Kill kubelet: the node falls silent while its pods run on. Seen by the node controller."""
    at = lab.clock.now()
    lab.cluster.processes.signal("kubelet", "SIGKILL")

    def silent() -> str:
        return "the node's Ready is Unknown" if lab.cluster.node.condition("Ready") == "Unknown" else ""

    return _seen(lab, "lose-node", pod, at, by="the node controller", look=silent)


def lose_image(lab: KubeLab, pod: str) -> FaultEvidence:
    """Name an image that is nowhere and delete the pod. Seen by kubelet, which cannot start it."""
    at = lab.clock.now()
    _set_image(lab, ABSENT)
    _delete(lab, pod)
    return _seen(lab, "lose-image", pod, at, by="kubelet", look=lambda: _waiting(lab, pod, "ErrImageNeverPull"))


def forbid_scheduling(lab: KubeLab, pod: str) -> FaultEvidence:
    """Cordon the node and delete the pod. Seen by the scheduler, which finds no place for it."""
    at = lab.clock.now()
    lab.kubectl.run("cordon", NAME)
    _delete(lab, pod)

    def homeless() -> str:
        conditions = lab.kubectl.get("pod", pod).get("status", {}).get("conditions", ())
        return next((x["message"] for x in conditions if x.get("reason") == "Unschedulable"), "")

    return _seen(lab, "forbid-scheduling", pod, at, by="the scheduler", look=homeless)


def heal(lab: KubeLab, pod: str) -> FaultEvidence:
    """Undo whatever was done to a pod, its volume and its node. Seen by kubelet: the pod is ready.

    A volume that was lost is replaced by an empty one, which the broker fills from the others.
    """
    at, processes = lab.clock.now(), lab.cluster.processes
    if processes.status("kubelet").state == "gone":
        lab.cluster.node.start_kubelet()
        _until(lab, "the node is ready", lab.cluster.node.ready)
    lab.kubectl.run("uncordon", NAME)
    _set_image(lab, HOST)
    storage, volume = lab.cluster.storage, _volume(lab, pod)
    for note in ("refuse", "abnormal"):
        storage.tell(volume, note, "")
    if not (storage.folder / volume / "image").exists():
        _replace_volume(lab, pod)
    elif _dead(lab, volume):
        _settle(lab, pod)
    else:
        storage.empty(volume)
        if not lab.ready(pod):
            _delete(lab, pod)
    return _seen(lab, "heal", pod, at, by="kubelet", look=lambda: f"{pod} is ready" if lab.ready(pod) else "")


FAULTS: dict[str, Fault] = {
    "kill-pod": kill_pod,
    "kill-inside": kill_inside,
    "detach-volume": detach_volume,
    "lose-volume": lose_volume,
    "fill-volume": fill_volume,
    "report-abnormal": report_abnormal,
    "refuse-attach": refuse_attach,
    "lose-node": lose_node,
    "lose-image": lose_image,
    "forbid-scheduling": forbid_scheduling,
    "heal": heal,
}


def _settle(lab: KubeLab, pod: str) -> None:
    """Let a pod go until its volume is off the node, and come back: without that kubelet keeps a dead mount."""
    volume = _volume(lab, pod)
    lab.kubectl.run("cordon", NAME)
    try:
        _delete(lab, pod)
        _until(
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
        _delete(lab, pod)
        _until(lab, "the lost volume is off the node", lambda: not _attached(lab, pod, volume))
        lab.kubectl.run("delete", "pv", volume, "--wait=false", "--ignore-not-found")
    finally:
        lab.kubectl.run("uncordon", NAME)

    def renewed() -> bool:
        return str(lab.kubectl.get("pvc", claim).get("spec", {}).get("volumeName", volume)) != volume

    _until(lab, "the claim has a new volume", renewed)


def _attached(lab: KubeLab, pod: str, volume: str = "") -> bool:
    volume = volume or str(lab.kubectl.get("pvc", brokers.claim(pod))["spec"]["volumeName"])
    attachments = lab.kubectl.list("volumeattachments")
    return volume in [each["spec"]["source"].get("persistentVolumeName") for each in attachments]


def _until(lab: KubeLab, what: str, done: Callable[[], object]) -> None:
    deadline = lab.clock.monotonic() + PATIENCE
    while not done():
        if lab.clock.monotonic() > deadline:
            raise LabError(f"timed out waiting until {what}", remedy="see 'drctl lab kube kubectl get events'")
        lab.clock.sleep(0.2)


def _seen(lab: KubeLab, fault: str, target: str, at: datetime, *, by: str, look: Callable[[], str]) -> FaultEvidence:
    found: list[str] = []

    def looked() -> bool:
        found[:] = [look()]
        return bool(found[0])

    _until(lab, f"{fault} of {target} is seen by {by}", looked)
    return FaultEvidence(fault, target, at, by, found[0], lab.clock.now())


def _delete(lab: KubeLab, pod: str) -> None:
    lab.kubectl.run("delete", "pod", pod, "--grace-period=1", "--wait=false", "--ignore-not-found")


def _set_image(lab: KubeLab, image: str) -> None:
    name = brokers.set_name(lab.layout[SITE])
    lab.kubectl.run("set", "image", f"statefulset/{name}", f"kafka={image}")


def _uid(lab: KubeLab, pod: str) -> str:
    return str(lab.kubectl.get("pod", pod).get("metadata", {}).get("uid", ""))


def _container(lab: KubeLab, pod: str) -> dict[str, Any]:
    statuses = lab.kubectl.get("pod", pod).get("status", {}).get("containerStatuses") or [{}]
    return dict(statuses[0])


def _restarts(lab: KubeLab, pod: str) -> int:
    return int(_container(lab, pod).get("restartCount", 0))


def _waiting(lab: KubeLab, pod: str, reason: str) -> str:
    seen = _container(lab, pod).get("state", {}).get("waiting", {}).get("reason", "")
    return str(seen) if seen == reason else ""


def _volume(lab: KubeLab, pod: str) -> str:
    if pod not in lab.pods:
        raise LabError(f"the lab has no broker pod {pod}", remedy=f"use one of {', '.join(lab.pods)}")
    return lab.cluster.storage.volume(brokers.claim(pod))


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
    """Return what the kernel says to a write on a mounted volume whose device is gone; empty if it takes it."""
    for mount in lab.cluster.storage.mounts(volume)[:1]:
        try:
            lab.cluster.node.inside("dd", "if=/dev/zero", f"of={mount}/probe", "bs=4096", "count=1", "conv=fsync")
        except LabError as error:
            return next((line for line in str(error).splitlines() if "Input/output error" in line), "")
        (lab.cluster.node.seen_from_here(mount) / "probe").unlink()
    return ""


def _available(lab: KubeLab, pod: str) -> int | None:
    summary = json.loads(lab.kubectl.run("get", "--raw", f"/api/v1/nodes/{NAME}/proxy/stats/summary"))
    for each in summary["pods"]:
        if each["podRef"]["name"] == pod:
            for volume in each.get("volume", ()):
                if volume.get("pvcRef"):
                    return int(volume["availableBytes"])
    return None
