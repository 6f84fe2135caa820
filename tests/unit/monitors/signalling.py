"""A site on Kubernetes as its API server tells of it: all is well until it is changed."""

from dataclasses import replace
from typing import Any

from drctl.decide.health import diagnose
from drctl.model import resources as of
from drctl.model.kubernetes import Usage
from drctl.model.reading import Reading
from drctl.model.sight import KafkaView, QuorumView, Sight
from drctl.monitors.kubernetes import KubeObserver
from tests.fakes import FakeApi, FakeClock, FakeKubelets, FakeResources

TRUE = {"type": "Ready", "status": "True"}
type Fields = dict[str, Any]


class Site:
    """Three brokers, each a pod on a node of its own with a volume; all is well until it is changed."""

    def __init__(self) -> None:
        self.clock, self.kubelets = FakeClock(), FakeKubelets()
        self.api = FakeApi({of.STRIMZI: ("v1",), of.STRIMZI_CORE: ("v1",)})
        self.kafka = KafkaView(
            frozenset({0, 1, 2}), frozenset({0, 1, 2}), 0, 12, offline_dirs={}, quorum=QuorumView(0, 1)
        )
        for number in range(3):
            self.pod(number)
            self.node(number)
            self.claim(number)
            self.volume(number)
            self.attachment(number)
            self.csi_node(number)
            self.api.put(of.LEASE, {"metadata": {"name": f"node-{number}"}, "spec": {"renewTime": "1"}})
            self.kubelets.nodes[f"node-{number}"] = {f"data-{number}": Usage(100, 60, abnormal=False)}
        self.api.put(of.CSI_DRIVER, {"metadata": {"name": "csi.example"}})
        self.api.put(of.STORAGE_CLASS, {"metadata": {"name": "fast"}, "provisioner": "csi.example"})
        self.observer = KubeObserver(
            FakeResources(self.api, self.clock), self.kubelets, self.clock, "app=kafka", kinds=of.STRIMZI_KINDS
        )

    def pod(self, number: int, *, node: str = "", **status: object) -> None:
        volumes = [{"persistentVolumeClaim": {"claimName": f"data-{number}"}}]
        spec = {"nodeName": node or f"node-{number}", "volumes": volumes}
        told = {"phase": "Running", "conditions": [TRUE], **status}
        self.api.put(
            of.POD, {"metadata": {"name": f"kafka-{number}", "labels": {"app": "kafka"}}, "spec": spec, "status": told}
        )

    def waits(self, number: int, container: Fields, last: Fields | None = None) -> None:
        told = {"ready": False, "restartCount": 7, "state": container, "lastState": last or {}}
        self.pod(number, conditions=[{"type": "Ready", "status": "False"}], containerStatuses=[told])

    def stands(self, number: int, kind: str, reason: str, message: str = "") -> None:
        ready = {"type": "Ready", "status": "False"}
        told = {"type": kind, "status": str(kind == "DisruptionTarget"), "reason": reason, "message": message}
        self.pod(number, phase="Pending", conditions=[ready, told])

    def node(self, number: int, *conditions: Fields, **spec: object) -> None:
        told = {"conditions": [*conditions, *([TRUE] if all(each["type"] != "Ready" for each in conditions) else [])]}
        self.api.put(of.NODE, {"metadata": {"name": f"node-{number}"}, "spec": spec, "status": told})

    def claim(self, number: int, **status: object) -> None:
        told = {"phase": "Bound", "healthStatus": {"conditions": []}, **status}
        spec = {"volumeName": f"pv-{number}", "storageClassName": "fast"}
        self.api.put(of.CLAIM, {"metadata": {"name": f"data-{number}"}, "spec": spec, "status": told})

    def volume(self, number: int, phase: str = "Bound", driver: str = "csi.example") -> None:
        spec = {"accessModes": ["ReadWriteOnce"], "csi": {"driver": driver}, "persistentVolumeReclaimPolicy": "Retain"}
        self.api.put(of.VOLUME, {"metadata": {"name": f"pv-{number}"}, "spec": spec, "status": {"phase": phase}})

    def attachment(self, number: int, name: str = "", node: str = "", **status: object) -> None:
        spec = {"source": {"persistentVolumeName": f"pv-{number}"}, "nodeName": node or f"node-{number}"}
        body = {"metadata": {"name": name or f"csi-{number}"}, "spec": spec, "status": {"attached": True, **status}}
        self.api.put(of.ATTACHMENT, body)

    def csi_node(
        self, number: int, *, drivers: tuple[str, ...] = ("csi.example",), count: int = 8, **status: object
    ) -> None:
        spec = {"drivers": [{"name": name, "allocatable": {"count": count}} for name in drivers]}
        self.api.put(of.CSI_NODE, {"metadata": {"name": f"node-{number}"}, "spec": spec, "status": status})

    def event(self, reason: str, kind: str = "Pod", name: str = "kafka-1", text: str = "so it is") -> None:
        about = {"kind": kind, "name": name}
        self.api.put(
            of.EVENT,
            {
                "metadata": {"name": f"{name}.{reason}"},
                "type": "Warning",
                "involvedObject": about,
                "reason": reason,
                "message": text,
            },
        )

    def strimzi(self, kind: of.Kind, *conditions: str, spec: Fields | None = None, **status: object) -> None:
        held = [
            {"type": each.partition(" ")[0], "status": "True", "reason": each.partition(" ")[2]} for each in conditions
        ]
        body = {"metadata": {"name": "it"}, "spec": spec or {}, "status": {"conditions": held, **status}}
        self.api.put(kind.at("v1"), body)

    def view(self, **changes: object) -> None:
        self.kafka = replace(self.kafka, **changes)  # type: ignore[arg-type]

    def told(self) -> str:
        """All that is read of the site, line by line."""
        self.observer.look()
        now = self.clock.now()
        found = diagnose(Sight("north", now, Reading(self.kafka, now), self.observer.facts()), now)
        causes = [
            f"{cause.scope.value} {cause.subject}: {reason}" for cause in found.causes for reason in cause.reasons
        ]
        return "\n".join((*causes, *found.blind, *found.notes, f"blocked: {found.blocked}"))
