"""Bring together where a site's brokers run and how their volumes stand, from facts that are fresh enough to judge by.

| what is told of a volume | answer |
| --- | --- |
| trouble, by its claim, its pod, its node's storage or the kubelet | unhealthy, whatever the others say |
| no trouble, by its claim, its pod or the kubelet | healthy |
| nothing, or only that the node's storage is well | not reported |

Example: a claim without ``healthStatus`` on a kubelet that calls the volume abnormal is unhealthy; the same on a
kubelet that tells nothing is not reported, and never healthy.
"""

from collections.abc import Mapping
from datetime import datetime

from drctl.decide.freshness import Limits, fresh
from drctl.model.kubernetes import Attachment, Claim, Node, NodeStorage, Pod, Usage
from drctl.model.places import BrokerPlace, BrokerVolume, VolumeHealth
from drctl.model.sight import KafkaView, KubeFacts, Sight


def broker_places(sight: Sight, now: datetime, limits: Limits | None = None) -> tuple[BrokerPlace, ...] | None:
    """Every broker and every pod of the selector, by broker id; None where the pods were not seen, or too long ago."""
    kube, limits = sight.kubernetes, limits or Limits()
    pods = fresh(kube.pods, now, limits) if kube is not None else None
    if kube is None or pods is None:
        return None
    view, around = fresh(sight.kafka, now, limits), _Around(kube, now, limits)
    placed = {pod.broker for pod in pods.values()}
    known = view.alive | view.assigned if view is not None else frozenset()
    missing = [BrokerPlace(broker, _alive(broker, view)) for broker in known - placed]
    return tuple(sorted([*missing, *(around.place(pod, view) for pod in pods.values())], key=_order))


def volume_health(
    claim: Claim | None, pod: Pod, usage: Usage | None, storage: NodeStorage | None
) -> tuple[VolumeHealth, tuple[str, ...]]:
    """Return the answer, and the words of those who call the volume unhealthy."""
    own = [health for health in (claim.health if claim is not None else None, pod.volume_health) if health is not None]
    told = [word for health in own for word in health]
    told += storage.health or () if storage is not None else ()
    abnormal = usage.abnormal if usage is not None else None
    told += ["abnormal"] if abnormal else []
    if told:
        return VolumeHealth.UNHEALTHY, tuple(dict.fromkeys(told))
    # A node whose storage is well says nothing of one volume there.
    return VolumeHealth.HEALTHY if own or abnormal is False else VolumeHealth.NOT_REPORTED, ()


class _Around:
    """Hold what was seen beside the pods; ``attached`` is None where attachments were not."""

    def __init__(self, kube: KubeFacts, now: datetime, limits: Limits) -> None:
        self.nodes: Mapping[str, Node] = fresh(kube.nodes, now, limits) or {}
        self.claims: Mapping[str, Claim] = fresh(kube.claims, now, limits) or {}
        self.usage: Mapping[str, Usage] = fresh(kube.usage, now, limits) or {}
        self.storage: Mapping[str, NodeStorage] = fresh(kube.storage, now, limits) or {}
        seen = fresh(kube.attachments, now, limits)
        self.attached: Mapping[str, tuple[str, ...]] | None = None if seen is None else _by_volume(seen)

    def place(self, pod: Pod, view: KafkaView | None) -> BrokerPlace:
        """One pod with its broker, node and volumes."""
        node = self.nodes.get(pod.node)
        return BrokerPlace(
            pod.broker,
            _alive(pod.broker, view),
            pod.name,
            pod.phase,
            pod.ready,
            pod.restarts,
            pod.trouble,
            pod.node,
            node.ready if node is not None else None,
            node.zone if node is not None else "",
            tuple(self._volume(name, pod) for name in pod.claims),
        )

    def _volume(self, name: str, pod: Pod) -> BrokerVolume:
        claim, usage = self.claims.get(name), self.usage.get(name)
        health, told = volume_health(claim, pod, usage, self.storage.get(pod.node))
        volume = claim.volume if claim is not None else ""
        nodes = self.attached.get(volume, ()) if self.attached is not None and volume else None
        free = usage.free if usage is not None and usage.capacity > 0 else None
        return BrokerVolume(name, claim.phase if claim is not None else "", volume, nodes, free, health, told)


def _by_volume(attachments: tuple[Attachment, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for each in attachments:
        if each.attached:
            found[each.volume] = (*found.get(each.volume, ()), each.node)
    return found


def _alive(broker: int | None, view: KafkaView | None) -> bool | None:
    return None if view is None or broker is None else broker in view.alive


def _order(place: BrokerPlace) -> tuple[bool, int, str]:
    """By broker id, those without one last."""
    return place.broker is None, place.broker or 0, place.pod
