"""Deployments on a real API server: what no controller does there, the harness does."""

import json
from typing import Any

from drctl.drivers.kube.scaling import KubeScaling
from drctl.drivers.kube.workload_pods import APPS
from drctl.lab.kube import ControlPlane
from drctl.lab.kube.kubectl import Kubectl
from drctl.model.scaling import STATEFUL_SET, Scalable
from tests.kube.harness import await_served, namespace, resources

CONTAINER = {"name": "app", "image": "registry.example/app"}
KEDA: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "scaledobjects.keda.sh"},
    "spec": {
        "group": "keda.sh",
        "scope": "Namespaced",
        "names": {"plural": "scaledobjects", "kind": "ScaledObject"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            }
        ],
    },
}
"""Only the name of KEDA's definition: its schema is not ours to test."""


class RealScalingHarness:
    """A namespace of its own."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane, self.namespace = plane, namespace(plane)
        self.kubectl = Kubectl(plane.kubeconfig, self.namespace)
        # Pods need one, which a controller makes elsewhere.
        account = {"apiVersion": "v1", "kind": "ServiceAccount"}
        self.kubectl.apply(account | {"metadata": {"name": "default", "namespace": self.namespace}})
        self.resources = resources(plane, self.namespace)
        self.scaling = KubeScaling(self.resources)

    def create(self, what: Scalable, replicas: int, *, manifest_says: bool = False) -> None:
        labels = {"app": what.name, "kind": what.kind}
        spec: dict[str, Any] = {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [CONTAINER]}},
        }
        spec |= {"serviceName": what.name} if what.kind == STATEFUL_SET else {}
        spec |= {"replicas": replicas} if manifest_says else {}
        owner = resources(self.plane, self.namespace, manager="gitops")
        owner.apply(APPS[what.kind], what.name, {"spec": spec})
        owner.close()
        if not manifest_says:
            self.scale_by_hand(what, replicas)

    def scale_by_hand(self, what: Scalable, replicas: int) -> None:
        self.kubectl.run("scale", what.kind.lower(), what.name, f"--replicas={replicas}")

    def report(self, what: Scalable, pods: int, available: int, *, ended: int = 0, network: str = "") -> None:
        self.kubectl.run(
            "delete", "pod", "-l", f"app={what.name},kind={what.kind}", "--grace-period=0", "--force", "--wait=true"
        )
        for number in range(pods + ended):
            self._pod(what, number, has_ended=number >= pods, network=network)
        kind = APPS[what.kind]
        generation = self.resources.get(kind, what.name)["metadata"]["generation"]
        status = {
            "observedGeneration": generation,
            "replicas": pods,
            "readyReplicas": available,
            "availableReplicas": available,
        }
        self.resources.patch(kind, what.name, {"status": status}, subresource="status")

    def _pod(self, what: Scalable, number: int, *, has_ended: bool, network: str) -> None:
        name = f"{what.name}-{what.kind.lower()}-{number}"
        labels = {"app": what.name, "kind": what.kind}
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels},
            "spec": {"containers": [CONTAINER], "automountServiceAccountToken": False, "hostNetwork": not network},
        }
        self.kubectl.apply(body)
        address = f"{network or '192.0.2'}.{number + 1}"
        status = {"podIP": address, "podIPs": [{"ip": address}]} | ({"phase": "Failed"} if has_ended else {})
        patch = json.dumps({"status": status})
        self.kubectl.run("patch", "pod", name, "--subresource=status", "--type=merge", "-p", patch)

    def autoscale(self, what: Scalable, least: int, most: int) -> None:
        self._autoscaler("load", what, least, most)

    def _autoscaler(self, name: str, what: Scalable, least: int, most: int, **meta: Any) -> None:
        body = {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": name, "namespace": self.namespace, **meta},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": what.kind, "name": what.name},
                "minReplicas": least,
                "maxReplicas": most,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
                    }
                ],
            },
        }
        self.kubectl.apply(body)

    def scale_by_events(self, what: Scalable, *, paused: bool = False, paused_at: int | None = None) -> None:
        self.kubectl.apply(KEDA)
        await_served(self.plane, [KEDA])
        notes = {"autoscaling.keda.sh/paused": "true"} if paused else {}
        notes |= {"autoscaling.keda.sh/paused-replicas": str(paused_at)} if paused_at is not None else {}
        self.kubectl.apply(
            {
                "apiVersion": "keda.sh/v1alpha1",
                "kind": "ScaledObject",
                "metadata": {"name": "events", "namespace": self.namespace, "annotations": notes},
                "spec": {"scaleTargetRef": {"name": what.name}, "triggers": []},
            }
        )
        uid = self.kubectl.get("scaledobject", "events")["metadata"]["uid"]
        owner = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "events", "uid": uid}
        self._autoscaler("keda-hpa-events", what, 1, 100, ownerReferences=[owner])

    def close(self) -> None:
        self.resources.close()
