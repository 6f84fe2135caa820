"""A real API server as the suites play on it: namespaces, Strimzi's definitions, and users with few rights."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

from ruamel.yaml import YAML

from drctl.drivers.kube.client import KubeClient
from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.store.clock import SystemClock
from drctl.errors import NotFound
from drctl.lab.kube import ControlPlane
from drctl.lab.kube.kubectl import Kubectl
from drctl.model.resources import EVENT, Kind
from tests.contract.waiting import until

CLOCK = SystemClock()
CHECKOUT = Path(__file__).parents[2]


def namespace(plane: ControlPlane) -> str:
    """A new, empty namespace."""
    name = f"test-{uuid4().hex[:12]}"
    plane.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


def resources(
    plane: ControlPlane, space: str, *, manager: str = "drctl", kubeconfig: Path | None = None
) -> KubeResources:
    """The driver, in that namespace."""
    return KubeResources("north", kubeconfig or plane.kubeconfig, "lab", space, CLOCK, manager=manager)


class RealApiHarness:
    """Config maps of kubectl in a namespace of their own."""

    other = "kubectl"

    def __init__(self, plane: ControlPlane) -> None:
        self.namespace = namespace(plane)
        self.kubectl = Kubectl(plane.kubeconfig, self.namespace)
        self.store = plane.address.store
        self.resources = resources(plane, self.namespace)

    def put(self, name: str, data: Mapping[str, str], *, labels: Mapping[str, str] | None = None) -> None:
        meta = {"name": name, "namespace": self.namespace, **({"labels": dict(labels)} if labels else {})}
        self.kubectl.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": dict(data)})

    def remove(self, name: str) -> None:
        self.kubectl.run("delete", "configmap", name)

    def forgotten(self) -> tuple[Kind, str]:
        """After a compaction of etcd nothing older is known of events, which the server does not cache."""
        now = self._store("range", {"key": "YQ=="})["header"]["revision"]
        self._store("compaction", {"revision": now, "physical": True})
        return EVENT, "1"

    def _store(self, what: str, body: Mapping[str, Any]) -> Any:
        asked = Request(f"http://127.0.0.1:{self.store}/v3/kv/{what}", json.dumps(body).encode())
        with urlopen(asked) as answer:
            return json.load(answer)

    def close(self) -> None:
        self.resources.close()


@dataclass(frozen=True)
class StrimziPlane:
    """An API server that knows Strimzi's kinds in ``version``."""

    plane: ControlPlane
    version: str

    def site(self) -> "StrimziSpace":
        """A namespace for one test."""
        return StrimziSpace(self.plane, self.version, namespace(self.plane))


@dataclass
class StrimziSpace:
    """A namespace with Strimzi's resources, as drctl and as Strimzi's operator."""

    plane: ControlPlane
    version: str
    namespace: str
    opened: list[KubeResources] = field(default_factory=list)

    def resources(self, manager: str = "drctl") -> KubeResources:
        """The driver for one field manager."""
        made = resources(self.plane, self.namespace, manager=manager)
        self.opened.append(made)
        return made

    def put(self, kind: Kind, body: Mapping[str, Any]) -> None:
        """Apply a resource as its owner does, by kubectl."""
        meta = {**body["metadata"], "namespace": self.namespace}
        kubectl = Kubectl(self.plane.kubeconfig, self.namespace)
        kubectl.apply({**body, "apiVersion": kind.api_version, "kind": kind.name, "metadata": meta})

    def write_status(self, kind: Kind, name: str, status: Mapping[str, Any]) -> None:
        """Set a resource's status as its operator does."""
        client = self.operator_client
        path = f"/apis/{kind.api_version}/namespaces/{self.namespace}/{kind.plural}/{name}/status"
        client.send("PATCH", path, {}, body={"status": dict(status)}, content="application/merge-patch+json")

    @property
    def operator_client(self) -> KubeClient:
        """A connection of the operator's own."""
        if not self.opened:
            self.resources("strimzi-cluster-operator")
        return self.opened[0].client

    def close(self) -> None:
        for each in self.opened:
            each.close()


def prepare(plane: ControlPlane, version: str) -> StrimziPlane:
    """Apply Strimzi's nine definitions, generated from what it publishes, and wait until they are served."""
    made = subprocess.run([CHECKOUT / "tools" / "strimzi-crds.sh"], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    files = sorted((Path(made.stdout.strip()) / version).glob("*.yaml"))
    assert len(files) == 9
    definitions = [YAML(typ="safe").load(file) for file in files]
    plane.kubectl.apply(*definitions)
    await_served(plane, definitions)
    return StrimziPlane(plane, version)


def await_served(plane: ControlPlane, definitions: Iterable[Mapping[str, Any]]) -> None:
    """Wait until each kind is established, listed among what its group serves, and answers.

    These come about one after the other: who applies a resource at once may be told that there is no such kind.
    """
    made = tuple(definitions)
    names = [f"crd/{each['metadata']['name']}" for each in made]
    plane.kubectl.run("wait", "--for=condition=Established", "--timeout=60s", *names, seconds=90)
    api = resources(plane, "default")
    for each in made:
        group, plural = each["spec"]["group"], each["spec"]["names"]["plural"]
        for version in [one["name"] for one in each["spec"]["versions"] if one["served"]]:
            path = f"/apis/{group}/{version}"
            until(CLOCK, f"{path}/{plural} is served", partial(_is_served, api.client, path, plural))
    api.close()


def _is_served(client: KubeClient, path: str, plural: str) -> bool:
    try:
        listed = [each["name"] for each in client.send("GET", path).body["resources"]]
        client.send("GET", f"{path}/{plural}", {"limit": "1"})
    except NotFound:
        return False
    return plural in listed


_NUMBERS = count()


def user(plane: ControlPlane, folder: Path, rules: list[dict[str, Any]]) -> Path:
    """A kubeconfig of a user that may do what these rules of a ClusterRole say, and nothing more."""
    name = f"user-{next(_NUMBERS)}-{uuid4().hex[:6]}"
    rbac = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": name, "namespace": "default"}
    plane.kubectl.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "default"}},
        {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": name},
            "subjects": [subject],
        },
    )
    token = plane.kubectl.run("create", "token", name, "-n", "default").strip()
    config = json.loads(plane.kubeconfig.read_text())
    config["users"] = [{"name": config["contexts"][0]["context"]["user"], "user": {"token": token}}]
    path = folder / f"{name}.kubeconfig"
    path.write_text(json.dumps(config))
    return path
