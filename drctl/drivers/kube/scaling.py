"""Deployments, StatefulSets and node pools, by their scale subresource."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.kube.workload_pods import APPS, beside, pods_of
from drctl.errors import Conflict, NotFound
from drctl.model.resources import NODE_POOL, Kind, Object
from drctl.model.scaling import DEPLOYMENT, KEPT, Scalable, Scale, Scaler

AUTOSCALER = Kind("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
SCALED_OBJECT = Kind("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject")
PAUSED, PAUSED_AT = "autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas"
MOST = 100
"""KEDA's own default for ``maxReplicaCount``."""


class KubeScaling:
    """Implements :class:`drctl.ports.Scaling`."""

    def __init__(self, resources: KubeResources) -> None:
        self.resources = resources

    def state(self, what: Scalable) -> Scale:
        kind = self._kind(what)
        item = self.resources.get(kind, what.name)
        meta, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
        pods = pods_of(self.resources, what, item)
        ready = sum(_is_ready(pod) for pod in pods)
        kept = str((meta.get("annotations") or {}).get(KEPT, ""))
        return Scale(
            # What leaves the number out is given one replica by the API server; a node pool always says it.
            wanted=int(spec.get("replicas", 1)),
            present=int(status.get("replicas", 0)),
            # Strimzi tells how many pods a pool has, not how many can work.
            available=ready if kind.group == NODE_POOL.group else int(status.get("availableReplicas", 0)),
            pods=tuple(sorted(str(pod["metadata"]["name"]) for pod in pods)),
            # A controller that has not seen the newest generation still counts the pods of the one before.
            settled=status.get("observedGeneration") == meta.get("generation"),
            kept=int(kept) if kept.isdecimal() else None,
            owners=tuple(sorted(set(_owners(meta, self.resources.manager)))),
            addresses=tuple(sorted({address for pod in pods for address in _addresses(pod)})),
        )

    def scalers(self, what: Scalable) -> tuple[Scaler, ...]:
        kind = self._kind(what)
        found = [
            Scaler(AUTOSCALER.name, each["metadata"]["name"], spec.get("minReplicas", 1), spec["maxReplicas"])
            for each in self.resources.list(beside(AUTOSCALER, what)).items
            if _targets(spec := each["spec"], what, kind) and not _is_made_by_keda(each)
        ]
        if self.resources.served(SCALED_OBJECT.group):
            items = self.resources.list(beside(SCALED_OBJECT, what)).items
            found += [_scaled_object(each) for each in items if _targets(each["spec"], what, kind)]
        return tuple(found)

    def keep(self, what: Scalable, replicas: int | None) -> None:
        told = None if replicas is None else str(replicas)
        self.resources.patch(self._kind(what), what.name, {"metadata": {"annotations": {KEPT: told}}})

    def scale(self, what: Scalable, replicas: int) -> None:
        kind = self._kind(what)
        item = self.resources.get(kind, what.name)
        meta = item["metadata"]
        # Before the owners are looked at: a run that goes on has to find its own effect done, whoever says
        # that the field is theirs.
        if (item.get("spec") or {}).get("replicas", 1) == replicas:
            return
        owners = sorted(set(_owners(meta, self.resources.manager)))
        if owners and not what.take:
            raise Conflict(
                f"site {self.resources.client.site}: {what}: spec.replicas is set by a manifest of {', '.join(owners)}",
                remedy="leave replicas out of that manifest, or set takeOwnership: true beside its name",
            )
        # Only onto what was looked at: an owner that came meanwhile is met, not overwritten.
        changes = {"metadata": {"resourceVersion": meta["resourceVersion"]}, "spec": {"replicas": replicas}}
        self.resources.patch(kind, what.name, changes, subresource="scale")

    def _kind(self, what: Scalable) -> Kind:
        return beside(APPS.get(what.kind) or self._pool(), what)

    def _pool(self) -> Kind:
        versions = self.resources.served(NODE_POOL.group)
        if not versions:
            raise NotFound(
                f"site {self.resources.client.site}: the API group {NODE_POOL.group} is not served",
                remedy="install Strimzi's definitions, or name no node pools",
            )
        return NODE_POOL.at(versions[0])


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def _addresses(pod: Object) -> Iterator[str]:
    """Those on the pod network, in their usual form. On the node's network others have the same one."""
    if not (pod.get("spec") or {}).get("hostNetwork"):
        for each in (pod.get("status") or {}).get("podIPs") or ():
            yield str(ip_address(each["ip"]))


def _owners(meta: Mapping[str, Any], ours: str) -> Iterator[str]:
    """Managers of the number other than us. An act on the scale subresource is one, and has no manifest behind it."""
    for each in meta.get("managedFields") or ():
        owns = "f:replicas" in ((each.get("fieldsV1") or {}).get("f:spec") or {})
        # Who set the number through the scale subresource, as kubectl scale does, did so once. A manifest
        # sets it again with each apply.
        if owns and each.get("manager") != ours and each.get("subresource") != "scale":
            yield str(each.get("manager"))


def _targets(spec: Mapping[str, Any], what: Scalable, kind: Kind) -> bool:
    aim = spec.get("scaleTargetRef") or {}
    group = str(aim.get("apiVersion") or kind.api_version).rpartition("/")[0]
    return (aim.get("kind") or DEPLOYMENT, aim.get("name"), group) == (what.kind, what.name, kind.group)


def _is_made_by_keda(item: Object) -> bool:
    owners = item["metadata"].get("ownerReferences") or ()
    return any(each.get("kind") == SCALED_OBJECT.name for each in owners)


def _scaled_object(item: Object) -> Scaler:
    spec, notes = item["spec"], item["metadata"].get("annotations") or {}
    # With a number of its own it goes on setting that number.
    paused = notes.get(PAUSED) == "true" and PAUSED_AT not in notes
    least, most = spec.get("minReplicaCount", 0), spec.get("maxReplicaCount", MOST)
    return Scaler(SCALED_OBJECT.name, item["metadata"]["name"], least, most, paused)
