"""A site of three brokers on three nodes in three zones, seen well by everybody, to be made ill piece by piece."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from drctl.decide.health import diagnose
from drctl.model.cause import SiteHealth
from drctl.model.kubernetes import (
    Attachment,
    Claim,
    ConditionStatus,
    Node,
    NodeStorage,
    Pod,
    StorageClass,
    Usage,
    Volume,
    WarningEvent,
)
from drctl.model.reading import Reading
from drctl.model.sight import KafkaView, KubeFacts, QuorumView, Sight, Sighting
from drctl.model.strimzi import ResourceState, StrimziResource

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PARTS = ("brokers", "kubernetes", "connect")


@dataclass
class Situation:
    """North as drctl at south and the witness at west see it; change what is to be ill, then ask for :meth:`sight`."""

    brokers: tuple[int, ...] = (0, 1, 2)
    pods: dict[str, Pod] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    leases: dict[str, timedelta] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    storage: dict[str, NodeStorage] = field(default_factory=dict)
    usage: dict[str, Usage] = field(default_factory=dict)
    events: list[WarningEvent] = field(default_factory=list)
    strimzi: list[StrimziResource] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    met: dict[tuple[str, str], bool | None] = field(default_factory=dict)
    kafka: KafkaView | None = None
    kafka_unknown: str = ""
    skew: timedelta = timedelta(0)
    kubernetes: bool = True
    age: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self.kafka = KafkaView(
            frozenset(self.brokers), frozenset(self.brokers), 0, 12, offline_dirs={}, quorum=QuorumView(0, 1)
        )
        self.met = {**{("south", part): True for part in PARTS}, ("west", "brokers"): True}
        for broker in self.brokers:
            self.broker(broker, f"node-{broker}", f"zone-{broker}")

    def broker(self, broker: int, node: str, zone: str) -> None:
        name, claim, volume = f"kafka-{broker}", f"data-kafka-{broker}", f"pv-{broker}"
        self.pods[name] = Pod(name, broker, node, "Running", ConditionStatus.TRUE, claims=(claim,))
        self.nodes[node] = Node(node, ConditionStatus.TRUE, zone)
        self.leases[node] = timedelta(seconds=5)
        self.claims[claim] = Claim(claim, "Bound", volume, "fast", health=())
        self.volumes[volume] = Volume(volume, "Bound", "Retain", "csi.example")
        self.attachments.append(Attachment(volume, node, attached=True))
        self.storage[node] = NodeStorage(node, {"csi.example": 8})
        self.usage[claim] = Usage(100, 60)

    def pod(self, broker: int, **changes: object) -> None:
        name = f"kafka-{broker}"
        self.pods[name] = replace(self.pods[name], **changes)  # type: ignore[arg-type]

    def node(self, number: int, **changes: object) -> None:
        name = f"node-{number}"
        self.nodes[name] = replace(self.nodes[name], **changes)  # type: ignore[arg-type]

    def claim(self, number: int, **changes: object) -> None:
        name = f"data-kafka-{number}"
        self.claims[name] = replace(self.claims[name], **changes)  # type: ignore[arg-type]

    def gone(self, *brokers: int) -> None:
        """These brokers are out of Kafka's metadata, and their pods not ready."""
        assert self.kafka is not None
        self.kafka = replace(self.kafka, alive=self.kafka.alive - set(brokers))
        for broker in brokers:
            self.pod(broker, ready=ConditionStatus.FALSE)

    def silent(self, *observers: str, parts: tuple[str, ...] = PARTS) -> None:
        """These observers meet none of these parts; where nobody is left, nothing is read of them."""
        for observer, part in self.met:
            if observer in observers and part in parts:
                self.met[observer, part] = False
        if "south" in observers and "brokers" in parts:
            self.kafka_unknown = "site north does not answer"
        if "south" in observers and "kubernetes" in parts:
            self.unknown = dict.fromkeys(KubeFacts.__slots__, "the API server does not answer")

    def sight(self) -> Sight:
        seen = NOW - self.age

        def read[T](name: str, value: T) -> Reading[T]:
            return Reading(None, seen, self.unknown[name]) if name in self.unknown else Reading(value, seen)

        kube = KubeFacts(
            read("pods", self.pods),
            read("nodes", self.nodes),
            read("leases", self.leases),
            read("claims", self.claims),
            read("volumes", self.volumes),
            read("attachments", tuple(self.attachments)),
            read("storage", self.storage),
            read("drivers", frozenset({"csi.example"})),
            read("classes", {"fast": StorageClass("fast", "csi.example", True, "Immediate")}),
            read("events", tuple(self.events)),
            read("usage", self.usage),
            read("strimzi", tuple(self.strimzi)),
            read("skew", self.skew),
        )
        kafka = Reading(None, seen, self.kafka_unknown) if self.kafka_unknown else Reading(self.kafka, seen)
        sightings = tuple(
            Sighting(f"drctl-{place}", place, part, Reading(met, seen, "" if met is not None else "could not look"))
            for (place, part), met in self.met.items()
        )
        return Sight("north", NOW, kafka, kube if self.kubernetes else None, sightings)


def resource(kind: str, standing: ResourceState = ResourceState.READY, **more: object) -> StrimziResource:
    return StrimziResource(kind, "it", standing, **more)  # type: ignore[arg-type]


def judged(change: Callable[[Situation], object] = lambda _: None) -> SiteHealth:
    situation = Situation()
    change(situation)
    return diagnose(situation.sight(), NOW)


def do(*changes: Callable[[Situation], object]) -> Callable[[Situation], object]:
    return lambda situation: [change(situation) for change in changes]


def kafka(**changes: object) -> Callable[[Situation], object]:
    def change(situation: Situation) -> None:
        assert situation.kafka is not None
        situation.kafka = replace(situation.kafka, **changes)  # type: ignore[arg-type]

    return change
