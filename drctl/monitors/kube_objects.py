"""Kubernetes' own resources, read into what is judged by. Fields that are not there are not known; strange ones too."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from drctl.model.kubernetes import (
    Attachment,
    Claim,
    ConditionStatus,
    Node,
    NodeStorage,
    Pod,
    StorageClass,
    Volume,
    WarningEvent,
)
from drctl.model.resources import Object

ORDINAL = re.compile(r"-(\d+)$")
REPELLING = ("NoSchedule", "NoExecute")
MULTIPLE = ("ReadWriteMany", "ReadOnlyMany")
ON_THE_WAY = ("PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready")
"""Conditions of a pod that say how far it has come, where no container says why it came no further."""


def pod(item: Object, now: datetime) -> Pod:  # noqa: ARG001
    """A pod; its broker is the number at the end of its name, as StatefulSets and Strimzi's pod sets count."""
    meta, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
    conditions = _conditions(status)
    number = ORDINAL.search(meta["name"])
    claims = [each["persistentVolumeClaim"]["claimName"] for each in spec.get("volumes") or () if _claimed(each)]
    ends = moment(meta.get("deletionTimestamp"))
    return Pod(
        meta["name"],
        int(number[1]) if number else None,
        str(spec.get("nodeName") or ""),
        str(status.get("phase") or "Unknown"),
        conditions.get("Ready", ConditionStatus.FALSE),
        next(_troubles(status), ""),
        sum(int(each.get("restartCount") or 0) for each in _containers(status)),
        tuple(claims),
        # The deletion timestamp is when the grace is over.
        ends + timedelta(seconds=30) if ends else None,
        health(status.get("volumeHealth")),
        str(meta.get("uid") or ""),
    )


def _claimed(volume: Mapping[str, Any]) -> bool:
    return bool(volume.get("persistentVolumeClaim"))


def _containers(status: Object) -> Iterator[Mapping[str, Any]]:
    for kind in ("initContainerStatuses", "containerStatuses"):
        yield from status.get(kind) or ()


def _troubles(status: Object) -> Iterator[str]:
    """The most telling first: why the pod as a whole is gone, what its containers wait for or ended of."""
    if status.get("reason"):
        yield _with(status["reason"], status.get("message"))
    for each in status.get("conditions") or ():
        if each.get("type") == "DisruptionTarget" and each.get("status") == "True":
            yield _with(each.get("reason") or "DisruptionTarget", each.get("message"))
        if each.get("type") == "PodScheduled" and each.get("status") != "True":
            yield _with(each.get("reason") or "Unscheduled", each.get("message"))
    for each in _containers(status):
        state, last = each.get("state") or {}, each.get("lastState") or {}
        waiting, ended = state.get("waiting"), state.get("terminated") or last.get("terminated") or {}
        if waiting:
            before = f", before that {ended['reason']}" if ended.get("reason") else ""
            yield f"{_with(waiting.get('reason') or 'Waiting', waiting.get('message'))}{before}"
        elif not each.get("ready") and ended.get("reason") not in (None, "Completed"):
            yield f"{ended['reason']} (exit {ended.get('exitCode')})"
    for each in status.get("conditions") or ():
        if each.get("type") in ON_THE_WAY and each.get("status") == "False" and each.get("reason"):
            yield _with(each["reason"], each.get("message"))


def _with(reason: object, message: object) -> str:
    first = str(message or "").strip().splitlines()
    return f"{reason}: {first[0][:200]}" if first else str(reason)


def _conditions(status: Object) -> dict[str, ConditionStatus]:
    return {str(each["type"]): _answer(each.get("status")) for each in status.get("conditions") or ()}


def _answer(word: object) -> ConditionStatus:
    return ConditionStatus(word) if word in ("True", "False") else ConditionStatus.UNKNOWN


def node(item: Object, now: datetime) -> Node:  # noqa: ARG001
    """A node; one that never reported is UNKNOWN."""
    meta, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
    conditions = _conditions(status)
    pressing = {name for name, held in conditions.items() if name != "Ready" and held is ConditionStatus.TRUE}
    taints = {str(each["key"]) for each in spec.get("taints") or () if each.get("effect") in REPELLING}
    return Node(
        meta["name"],
        conditions.get("Ready", ConditionStatus.UNKNOWN),
        str((meta.get("labels") or {}).get("topology.kubernetes.io/zone") or ""),
        frozenset(taints),
        frozenset(pressing),
        bool(spec.get("unschedulable")),
    )


def lease(item: Object, now: datetime) -> tuple[str, datetime]:
    """The stamp of a node's lease and when we saw it: its own clock is only good to tell that it moved."""
    return str(item["spec"].get("renewTime") or ""), now


def claim(item: Object, now: datetime) -> Claim:  # noqa: ARG001
    """A claim with the new health status, where it has one."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    held = [name for name, answer in _conditions(status).items() if answer is ConditionStatus.TRUE]
    return Claim(
        item["metadata"]["name"],
        str(status.get("phase") or "Pending"),
        str(spec.get("volumeName") or ""),
        str(spec.get("storageClassName") or ""),
        tuple(held),
        health(status.get("healthStatus")),
    )


def volume(item: Object, now: datetime) -> Volume:  # noqa: ARG001
    """A volume; exclusive unless it says that many nodes may have it."""
    spec = item["spec"]
    modes: Iterable[str] = spec.get("accessModes") or ()
    return Volume(
        item["metadata"]["name"],
        str((item.get("status") or {}).get("phase") or "Pending"),
        str(spec.get("persistentVolumeReclaimPolicy") or ""),
        str((spec.get("csi") or {}).get("driver") or ""),
        not any(mode in MULTIPLE for mode in modes),
    )


def attachment(item: Object, now: datetime) -> Attachment | None:  # noqa: ARG001
    """An attachment, None for one of an inline volume, which has no name."""
    spec, status = item["spec"], item.get("status") or {}
    name = (spec.get("source") or {}).get("persistentVolumeName")
    errors = [f"{what}: {_first(status[what])}" for what in ("attachError", "detachError") if status.get(what)]
    if not name:
        return None
    return Attachment(str(name), str(spec.get("nodeName") or ""), bool(status.get("attached")), "; ".join(errors))


def _first(error: Mapping[str, Any]) -> str:
    lines = str(error.get("message") or "no message").splitlines()
    return lines[0][:200]


def node_storage(item: Object, now: datetime) -> NodeStorage:  # noqa: ARG001
    """The CSI drivers at a node."""
    drivers = (item.get("spec") or {}).get("drivers") or ()
    counts = {str(each["name"]): (each.get("allocatable") or {}).get("count") for each in drivers}
    return NodeStorage(item["metadata"]["name"], counts, health((item.get("status") or {}).get("storageHealth")))


def driver(item: Object, now: datetime) -> str:  # noqa: ARG001
    """A CSI driver's name."""
    return str(item["metadata"]["name"])


def storage_class(item: Object, now: datetime) -> StorageClass:  # noqa: ARG001
    """A storage class."""
    return StorageClass(
        item["metadata"]["name"],
        str(item.get("provisioner") or ""),
        bool(item.get("allowVolumeExpansion")),
        str(item.get("volumeBindingMode") or "Immediate"),
    )


def event(item: Object, now: datetime) -> WarningEvent:  # noqa: ARG001
    """An event of either API: ``series``, ``lastTimestamp`` or ``eventTime`` tells when it was seen last."""
    about = item.get("involvedObject") or item.get("regarding") or {}
    series = item.get("series") or {}
    seen = series.get("lastObservedTime") or item.get("lastTimestamp") or item.get("eventTime")
    text = str(item.get("message") or item.get("note") or "").strip().splitlines()
    return WarningEvent(
        str(about.get("kind") or ""),
        str(about.get("name") or ""),
        str(item.get("reason") or ""),
        text[0][:300] if text else "",
        moment(seen),
        str(about.get("uid") or ""),
    )


def health(told: object) -> tuple[str, ...] | None:
    """Return what is wrong by an object's volume-health field: None where nothing is said, empty where all is well.

    A field that is there and lists nothing is the word of a monitor that found nothing. Each entry is read as
    ``status`` with its ``reason``, or as one volume's with conditions of its own; entries of another shape are kept as
    they are, and count as trouble.
    """
    if told is None:
        return None
    entries = told.get("conditions") if isinstance(told, Mapping) and "conditions" in told else told
    if isinstance(entries, Mapping):
        entries = [entries]
    if not isinstance(entries, list):
        return (str(entries)[:100],)
    return tuple(word for each in entries for word in _health_words(each))


def _health_words(entry: object) -> Iterator[str]:
    entries = (entry["conditions"] or ()) if isinstance(entry, Mapping) and "conditions" in entry else (entry,)
    yield from filter(None, map(_health_word, entries))


def _health_word(entry: object) -> str:
    if not isinstance(entry, Mapping):
        return str(entry)[:100]
    word = str(entry.get("status") or entry.get("type") or entry)[:100]
    if word in ("Healthy", "Accessible"):
        return ""
    return f"{word} ({entry['reason']})" if entry.get("reason") else word


def moment(text: object) -> datetime | None:
    """RFC 3339 as Kubernetes writes it, None for what is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None
