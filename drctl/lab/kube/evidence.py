"""Parts that faults of the Kubernetes lab are made of: waiting, and what others than the injector tell of a pod."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from drctl.errors import LabError
from drctl.lab.injecting import FaultEvidence
from drctl.lab.kube import brokers
from drctl.lab.kube.lab import KubeLab
from drctl.lab.kube.node import NAME

PATIENCE = 240.0
"""Seconds within which a fault must have been seen, or undone."""


def until(
    lab: KubeLab, what: str, done: Callable[[], object], *, remedy: str = "see 'drctl lab kube kubectl get events'"
) -> None:
    """Wait until something is so. LabError with that remedy if it is not within :data:`PATIENCE`."""
    deadline = lab.clock.monotonic() + PATIENCE
    while not done():
        if lab.clock.monotonic() > deadline:
            raise LabError(f"timed out waiting until {what}", remedy=remedy)
        lab.clock.sleep(0.2)


def seen(lab: KubeLab, fault: str, target: str, at: datetime, *, by: str, look: Callable[[], str]) -> FaultEvidence:
    """Return what an observer sees of a fault, as soon as it sees it.

    LabError, with how to end the fault, if it has not in time: what was done stays done.
    """
    found: list[str] = []

    def looked() -> bool:
        found[:] = [look()]
        return bool(found[0])

    remedy = f"end it, whatever came of it: 'drctl lab kube fault heal {target}'"
    until(lab, f"{fault} of {target} is seen by {by}", looked, remedy=remedy)
    return FaultEvidence(fault, target, at, by, found[0], lab.clock.now())


def require_pod(lab: KubeLab, pod: str) -> None:
    """LabError for what is no broker pod."""
    if pod not in lab.pods:
        raise LabError(f"the lab has no broker pod {pod}", remedy=f"use one of {', '.join(lab.pods)}")


def volume_of(lab: KubeLab, pod: str) -> str:
    """The volume of a broker pod. LabError if there is no such pod, or its claim is bound to none."""
    require_pod(lab, pod)
    return lab.cluster.storage.volume(brokers.claim(pod))


def delete_pod(lab: KubeLab, pod: str) -> None:
    """Delete a pod with a second of grace, and do not wait."""
    lab.kubectl.run("delete", "pod", pod, "--grace-period=1", "--wait=false", "--ignore-not-found")


def uid(lab: KubeLab, pod: str) -> str:
    """The uid of a pod; empty while there is none."""
    return str(lab.kubectl.get("pod", pod).get("metadata", {}).get("uid", ""))


def container(lab: KubeLab, pod: str) -> dict[str, Any]:
    """The status of the broker's container, as its kubelet reports it."""
    statuses = lab.kubectl.get("pod", pod).get("status", {}).get("containerStatuses") or [{}]
    return dict(statuses[0])


def restarts(lab: KubeLab, pod: str) -> int:
    """How often kubelet has started the broker's container again."""
    return int(container(lab, pod).get("restartCount", 0))


def waiting(lab: KubeLab, pod: str, reason: str) -> str:
    """That reason, once the container waits for it."""
    told = container(lab, pod).get("state", {}).get("waiting", {}).get("reason", "")
    return str(told) if told == reason else ""


def measured(lab: KubeLab, pod: str) -> dict[str, int] | None:
    """Bytes left per claim of a pod, as its kubelet measures them; None while kubelet measures no such pod."""
    summary = json.loads(lab.kubectl.run("get", "--raw", f"/api/v1/nodes/{NAME}/proxy/stats/summary"))
    for each in summary["pods"]:
        if each["podRef"]["name"] == pod:
            volumes = [volume for volume in each.get("volume") or () if volume.get("pvcRef")]
            return {volume["pvcRef"]["name"]: int(volume["availableBytes"]) for volume in volumes}
    return None
