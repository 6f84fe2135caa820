"""Restarts of Deployments and StatefulSets, by an annotation of their pod template."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from drctl.drivers.kube.workload_pods import APPS, beside, pods_of
from drctl.errors import Conflict
from drctl.model.resources import Kind, Object
from drctl.model.rollouts import RESTARTED, Rollout
from drctl.model.scaling import DEPLOYMENT, Scalable
from drctl.ports import Resources
from drctl.ports.newest import onto_newest
from drctl.ports.permit import Permit, always
from drctl.redaction import redact_foreign

REHEARSAL = "drctl-rehearsal"
"""A mark that no run has: an owner is only met where the value changes."""
COMING = ("ContainerCreating", "PodInitializing")
"""Reasons for which a container waits that pass by themselves."""


class KubeRollouts:
    """Implements :class:`drctl.ports.Rollouts`, by server-side apply of one annotation as ``drctl``.

    The object must exist: what else is in it is its owner's. Only onto what was looked at, so an owner that came
    meanwhile is met, not overwritten.
    """

    def __init__(self, resources: Resources) -> None:
        self.resources = resources

    def state(self, what: Scalable) -> Rollout:
        item = self._get(what)
        spec, status, mark = item.get("spec") or {}, item.get("status") or {}, _mark(_template(item))
        pods = pods_of(self.resources, what, item)
        old = sorted(str(pod["metadata"]["name"]) for pod in pods if _mark(pod) != mark)
        return Rollout(
            mark=mark,
            wanted=int(spec.get("replicas", 1)),
            updated=int(status.get("updatedReplicas", 0)),
            available=int(status.get("availableReplicas", 0)),
            old=tuple(old),
            # A controller that has not seen the newest generation still counts the pods of the one before.
            settled=status.get("observedGeneration") == item["metadata"].get("generation"),
            troubles=(*_complaints(status), *(told for pod in pods for told in _ailments(pod))),
        )

    def rehearse(self, what: Scalable) -> None:
        onto_newest(lambda: self._rehearse(what, self._get(what), REHEARSAL))
        # Whether the pods may be seen, too: without that no restart is ever seen to its end.
        pods_of(self.resources, what, self._get(what))

    def restart(self, what: Scalable, mark: str, permit: Permit = always) -> None:
        def change() -> None:
            # Looked at in every attempt: one that seemed to fail may have marked it.
            item = self._get(what)
            if _mark(_template(item)) != mark:
                self._rehearse(what, item, mark)
                permit()
                self._apply(what, item, mark)

        onto_newest(change)

    def _rehearse(self, what: Scalable, item: Object, mark: str) -> None:
        """Conflict where the mark would do nothing, or more than it should."""
        if held := _held(what, item.get("spec") or {}):
            raise Conflict(f"{what}: {held[0]}", remedy=held[1])
        # Server-side apply takes away what its manager does not name any more.
        if _without_mark(item) != _without_mark(self._apply(what, item, mark, rehearse=True)):
            raise Conflict(
                f"{what}: more of it than the annotation {RESTARTED} was applied as field manager drctl, and would go",
                remedy="apply its manifest as another field manager",
            )

    def _apply(self, what: Scalable, item: Object, mark: str, *, rehearse: bool = False) -> Object:
        """Only onto what was looked at."""
        template = {"metadata": {"annotations": {RESTARTED: mark}}}
        version = item["metadata"]["resourceVersion"]
        body: Object = {"metadata": {"resourceVersion": version}, "spec": {"template": template}}
        try:
            return self.resources.apply(self._kind(what), what.name, body, rehearse=rehearse)
        except Conflict as conflict:
            if "conflict with" not in str(conflict):
                raise
            said = f"leave the annotation {RESTARTED} out of that manifest's pod template: it is drctl's"
            raise Conflict(f"{what}: {conflict}", remedy=said) from conflict

    def _get(self, what: Scalable) -> Object:
        return self.resources.get(self._kind(what), what.name)

    def _kind(self, what: Scalable) -> Kind:
        return beside(APPS[what.kind], what)


def _held(what: Scalable, spec: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a changed template replaces no pod, or not every one, with what helps."""
    if what.kind == DEPLOYMENT:
        resume = f"'kubectl rollout resume deployment/{what.name}', once whoever paused it agrees"
        return ("its rollout is paused", resume) if spec.get("paused") else None
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return "its updateStrategy is OnDelete, so nothing replaces its pods", "set it to RollingUpdate"
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    if partition:
        return f"its rollingUpdate.partition keeps the pods below {partition} as they are", "set partition to 0"
    return None


def _template(item: Object) -> Object:
    found: Object = (item.get("spec") or {}).get("template") or {}
    return found


def _mark(item: Object) -> str:
    """Return what a template or a pod says."""
    return str(((item.get("metadata") or {}).get("annotations") or {}).get(RESTARTED, ""))


def _without_mark(item: Object) -> object:
    """All that belongs to its owner."""
    spec, meta = deepcopy(item.get("spec") or {}), item["metadata"]
    template = spec.get("template") or {}
    inner = template.get("metadata") or {}
    notes = {key: note for key, note in (inner.get("annotations") or {}).items() if key != RESTARTED}
    spec["template"] = {**template, "metadata": {**inner, "annotations": notes}}
    return spec, meta.get("labels") or {}, meta.get("annotations") or {}


def _complaints(status: Mapping[str, Any]) -> Iterator[str]:
    """Return what the controller of a Deployment says is wrong; that of a StatefulSet says it in events only."""
    for each in status.get("conditions") or ():
        failed = (each.get("type"), each.get("status")) in (("Progressing", "False"), ("ReplicaFailure", "True"))
        if failed:
            yield _told(each.get("reason"), each.get("message"))


def _ailments(pod: Object) -> Iterator[str]:
    """Why a pod does not come: it has no node, or a container of it waits for something that will not pass."""
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    for each in status.get("conditions") or ():
        if each.get("type") == "PodScheduled" and each.get("status") == "False":
            yield f"{name}: {_told(each.get('reason'), each.get('message'))}"
    for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (each.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") and waiting["reason"] not in COMING:
            yield f"{name}: {_told(waiting['reason'], waiting.get('message'))}"


def _told(reason: object, message: object) -> str:
    said = redact_foreign(str(message))[:300] if message else ""
    return f"{reason}: {said}" if said else str(reason)
