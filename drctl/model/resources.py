"""Kubernetes resources as they are: mappings of the API's own shape, in which what we do not know is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

type Object = Mapping[str, Any]
"""One resource. Who changes it copies it: what is not understood goes back as it came."""

STRIMZI = "kafka.strimzi.io"
STRIMZI_CORE = "core.strimzi.io"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource. ``namespace``: None where it has none, ``""`` for the site's own, else always this one.

    ``version`` is empty where it is to be discovered: the two sites may serve different ones.
    """

    group: str
    version: str
    plural: str
    name: str
    namespace: str | None = ""

    def at(self, version: str) -> "Kind":
        """The same kind in that version."""
        return Kind(self.group, version, self.plural, self.name, self.namespace)

    @property
    def api_version(self) -> str:
        """As manifests write it: ``v1``, ``kafka.strimzi.io/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version


POD = Kind("", "v1", "pods", "Pod")
CLAIM = Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
EVENT = Kind("", "v1", "events", "Event")
SECRET = Kind("", "v1", "secrets", "Secret")
CONFIG_MAP = Kind("", "v1", "configmaps", "ConfigMap")
SERVICE = Kind("", "v1", "services", "Service")
NODE = Kind("", "v1", "nodes", "Node", None)
VOLUME = Kind("", "v1", "persistentvolumes", "PersistentVolume", None)
LEASE = Kind("coordination.k8s.io", "v1", "leases", "Lease", "kube-node-lease")
ATTACHMENT = Kind("storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", None)
CSI_NODE = Kind("storage.k8s.io", "v1", "csinodes", "CSINode", None)
CSI_DRIVER = Kind("storage.k8s.io", "v1", "csidrivers", "CSIDriver", None)
STORAGE_CLASS = Kind("storage.k8s.io", "v1", "storageclasses", "StorageClass", None)

KAFKA = Kind(STRIMZI, "", "kafkas", "Kafka")
NODE_POOL = Kind(STRIMZI, "", "kafkanodepools", "KafkaNodePool")
POD_SET = Kind(STRIMZI_CORE, "", "strimzipodsets", "StrimziPodSet")
MIRROR_MAKER = Kind(STRIMZI, "", "kafkamirrormaker2s", "KafkaMirrorMaker2")
KAFKA_USER = Kind(STRIMZI, "", "kafkausers", "KafkaUser")
KAFKA_TOPIC = Kind(STRIMZI, "", "kafkatopics", "KafkaTopic")
KAFKA_CONNECT = Kind(STRIMZI, "", "kafkaconnects", "KafkaConnect")
KAFKA_CONNECTOR = Kind(STRIMZI, "", "kafkaconnectors", "KafkaConnector")
KAFKA_REBALANCE = Kind(STRIMZI, "", "kafkarebalances", "KafkaRebalance")

STRIMZI_KINDS = (
    KAFKA,
    NODE_POOL,
    POD_SET,
    MIRROR_MAKER,
    KAFKA_USER,
    KAFKA_TOPIC,
    KAFKA_CONNECT,
    KAFKA_CONNECTOR,
    KAFKA_REBALANCE,
)


@dataclass(frozen=True, slots=True)
class Where:
    """Which resources of a kind, by label and field, in Kubernetes' own selector syntax; empty for all."""

    labels: str = ""
    fields: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """All resources of a kind at one resource version. ``ahead``: how far the server's clock is ahead of ours."""

    items: tuple[Object, ...]
    version: str
    ahead: timedelta = timedelta(0)


class Happening(StrEnum):
    """Name what a watch tells. EXPIRED: the server does not know that far back any more (410, 504): list again."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One change, with the resource as it is after it (as it was, where DELETED) and the version to go on from."""

    what: Happening
    item: Object
    version: str
