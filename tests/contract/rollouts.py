"""Restarts as the contract suite plays on them, in memory or on a real API server."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Protocol

from drctl.drivers.kube.rollouts import KubeRollouts
from drctl.drivers.kube.workload_pods import APPS
from drctl.model.resources import POD, Kind, Object
from drctl.model.rollouts import RESTARTED
from drctl.model.scaling import STATEFUL_SET, Scalable
from drctl.ports import Resources, Rollouts
from tests.fakes import FakeApi, FakeResources, FakeRollouts

OWNER = "gitops"
CONTAINER = {"name": "app", "image": "registry.example/app"}


class RolloutsHarness(Protocol):
    """The port is drctl's; manifests, controllers and pods are the stage's."""

    @property
    def rollouts(self) -> Rollouts: ...

    def create(self, what: Scalable, replicas: int, **strategy: Any) -> None:
        """``OWNER`` applies it; nothing of it runs yet. ``strategy`` are fields of its spec."""

    def report(self, what: Scalable, *, new: int, old: int, available: int, ended: int = 0, trouble: str = "") -> None:
        """The controller has acted: so many pods of the template as it is, so many of the one before.

        So many of them can work, so many more have ended and are not gone. ``trouble`` is why one does not come:
        ``image``, ``node`` or ``quota``.
        """

    def owned(self, what: Scalable) -> None:
        """``OWNER`` applies its manifest with the mark in it, as it is now or empty."""

    def ours_whole(self, what: Scalable) -> None:
        """Labels of it were applied as drctl, too."""


class FakeRolloutsHarness:
    """The fake."""

    def __init__(self) -> None:
        self.rollouts = FakeRollouts()
        self.rollouts.idle = True

    def create(self, what: Scalable, replicas: int, **strategy: Any) -> None:
        made = self.rollouts.create(what, 0)
        made.wanted, made.settled = replicas, False
        match strategy:
            case {"paused": True}:
                made.held = ("its rollout is paused", f"'kubectl rollout resume deployment/{what.name}'")
            case {"updateStrategy": {"type": "OnDelete"}}:
                made.held = ("its updateStrategy is OnDelete", "set it to RollingUpdate")
            case {"updateStrategy": {"rollingUpdate": {"partition": partition}}}:
                made.held = (f"its partition is {partition}", "set partition to 0")

    def report(self, what: Scalable, *, new: int, old: int, available: int, ended: int = 0, trouble: str = "") -> None:
        made = self.rollouts.objects[str(what)]
        made.pods = {f"new-{n}": made.mark for n in range(new)} | {f"old-{n}": "before" for n in range(old)}
        made.available, made.settled = available, True
        words = {"image": "ImagePullBackOff: none", "node": "Unschedulable: none", "quota": "exceeded quota"}
        made.troubles = [words[trouble]] if trouble else []

    def owned(self, what: Scalable) -> None:
        self.rollouts.objects[str(what)].held = (f'conflict with "{OWNER}"', f"leave {RESTARTED} out there")

    def ours_whole(self, what: Scalable) -> None:
        self.rollouts.objects[str(what)].held = ("applied as field manager drctl, too", "apply it as another one")


class ResourcesRolloutsHarness:
    """Resources of an API server, real or in memory, as drctl and as who owns the manifests."""

    def __init__(self, ours: Resources, owner: Resources, remove: Callable[[Kind, str], object]) -> None:
        self._ours, self._owner, self._remove = ours, owner, remove
        self.rollouts = KubeRollouts(ours)
        self._manifests: dict[str, dict[str, Any]] = {}
        self._pods: dict[str, list[str]] = {}
        self._numbers = count()

    def create(self, what: Scalable, replicas: int, **strategy: Any) -> None:
        labels = {"app": what.name, "kind": what.kind}
        spec: dict[str, Any] = {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [CONTAINER]}},
        }
        spec |= {"serviceName": what.name} if what.kind == STATEFUL_SET else {}
        self._manifests[str(what)] = {"spec": spec | strategy}
        self._owner.apply(APPS[what.kind], what.name, self._manifests[str(what)])

    def report(self, what: Scalable, *, new: int, old: int, available: int, ended: int = 0, trouble: str = "") -> None:
        for name in self._pods.pop(str(what), []):
            self._remove(POD, name)
        mark = self.rollouts.state(what).mark
        for number in range(new):
            self._pod(what, mark, {} if number or trouble == "quota" else STATUS[trouble])
        for number in range(old + ended):
            self._pod(what, "before", {} if number < old else {"phase": "Failed"})
        kind = APPS[what.kind]
        status: dict[str, Any] = {
            "observedGeneration": self._ours.get(kind, what.name)["metadata"]["generation"],
            "replicas": new + old,
            "updatedReplicas": new,
            "readyReplicas": available,
            "availableReplicas": available,
        }
        status |= STATUS[trouble] if trouble == "quota" else {}
        self._owner.patch(kind, what.name, {"status": status}, subresource="status")

    def _pod(self, what: Scalable, mark: str, status: Mapping[str, Any]) -> None:
        name = f"{what.name}-{next(self._numbers)}"
        self._pods.setdefault(str(what), []).append(name)
        meta = {"labels": {"app": what.name, "kind": what.kind}, "annotations": {RESTARTED: mark} if mark else {}}
        body: Object = {"metadata": meta, "spec": {"containers": [CONTAINER], "automountServiceAccountToken": False}}
        self._owner.apply(POD, name, body)
        if status:
            self._owner.patch(POD, name, {"status": dict(status)}, subresource="status")

    def owned(self, what: Scalable) -> None:
        manifest = self._manifests[str(what)]
        template = manifest["spec"]["template"]
        noted = {**template, "metadata": {**template["metadata"], "annotations": {RESTARTED: "by hand"}}}
        spec = {**manifest["spec"], "template": noted}
        self._owner.apply(APPS[what.kind], what.name, {"spec": spec}, take=True)

    def ours_whole(self, what: Scalable) -> None:
        self._ours.apply(APPS[what.kind], what.name, {"metadata": {"labels": {"team": "shop"}}})


STATUS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "image": {
        "phase": "Pending",
        "containerStatuses": [
            {
                **CONTAINER,
                "imageID": "",
                "ready": False,
                "restartCount": 0,
                "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
            }
        ],
    },
    "node": {
        "phase": "Pending",
        "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node has room"}
        ],
    },
    "quota": {
        "conditions": [
            {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
        ],
    },
}
"""What Kubernetes writes down of a pod, or of its Deployment, that does not come."""


def fake_kube_rollouts() -> ResourcesRolloutsHarness:
    """The driver over an API in memory."""
    api = FakeApi()
    return ResourcesRolloutsHarness(FakeResources(api), FakeResources(api, manager=OWNER), api.remove)
