"""Model what Kubernetes tells of a site: pods, nodes and the volumes between them. Names are Kubernetes' own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ConditionStatus(StrEnum):
    """The status of a condition. UNKNOWN, which the node controller writes of a node that fell silent, is not False."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Pod:
    """A broker's pod.

    ``broker`` is its id in Kafka, None where the name tells none. ``trouble`` is why it or a container of it is not
    well, in Kubernetes' words (``CrashLoopBackOff``, ``OOMKilled``, ``Unschedulable: 0/3 nodes …``); empty if nothing
    is said. ``overdue`` is when its end was due while it is being deleted. ``volume_health`` is None where the API
    knows no such field or nobody filled it: no signal, which is not health.
    """

    name: str
    broker: int | None
    node: str
    phase: str
    ready: ConditionStatus
    trouble: str = ""
    restarts: int = 0
    claims: tuple[str, ...] = ()
    overdue: datetime | None = None
    volume_health: tuple[str, ...] | None = None
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A node; ``taints`` are the keys of those that repel pods, ``pressures`` the conditions that are not as wanted."""

    name: str
    ready: ConditionStatus
    zone: str = ""
    taints: frozenset[str] = frozenset()
    pressures: frozenset[str] = frozenset()
    cordoned: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A PersistentVolumeClaim; ``conditions`` that hold (``Resizing``, …); ``health`` as for :class:`Pod`."""

    name: str
    phase: str
    volume: str = ""
    storage_class: str = ""
    conditions: tuple[str, ...] = ()
    health: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """A PersistentVolume. ``exclusive``: one node at a time. ``driver`` is its CSI driver, empty for others."""

    name: str
    phase: str
    reclaim: str = ""
    driver: str = ""
    exclusive: bool = True


@dataclass(frozen=True, slots=True)
class Attachment:
    """A VolumeAttachment: which volume is, or is to be, at which node, and what went wrong (first line)."""

    volume: str
    node: str
    attached: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class NodeStorage:
    """A CSINode: the drivers at a node, each with how many volumes it takes there (None: not told)."""

    node: str
    drivers: Mapping[str, int | None]
    health: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class StorageClass:
    """A StorageClass: who provisions, whether claims can grow, and when they are bound."""

    name: str
    driver: str
    expandable: bool
    binding: str


@dataclass(frozen=True, slots=True)
class WarningEvent:
    """A warning event. Kubernetes forgets them after an hour and drops some: a reason, never the only source.

    ``uid`` is that of the object it is about, which may be gone while another has its name; empty where it is not told.
    """

    kind: str
    name: str
    reason: str
    text: str
    seen_at: datetime | None
    uid: str = ""

    def is_about(self, pod: Pod) -> bool:
        """Whether it is not about a pod that had this one's name before."""
        return self.kind != "Pod" or not (self.uid and pod.uid) or self.uid == pod.uid


@dataclass(frozen=True, slots=True)
class Usage:
    """How full a claim's file system is, in bytes and inodes, as its kubelet measures it.

    ``abnormal`` is what the driver says of the volume to the kubelet; None where it says nothing.
    """

    capacity: int
    available: int
    inodes: int = 0
    inodes_free: int = 0
    abnormal: bool | None = None

    @property
    def free(self) -> float:
        """The part that is free, of bytes or inodes, whichever is less; 1.0 is empty."""
        parts = ((self.available, self.capacity), (self.inodes_free, self.inodes))
        return min((left / of for left, of in parts if of > 0), default=1.0)
