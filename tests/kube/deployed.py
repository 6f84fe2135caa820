"""What deploy/ ships, on a real API server: rendered, applied, and its rights handed out one by one or less one."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from drctl.lab.kube import ControlPlane
from drctl.lab.kube.binaries import labkube
from drctl.lab.kube.kubectl import Kubectl
from drctl.model.resources import Kind
from tests.kube.harness import CHECKOUT, await_served, resources

DEPLOY = CHECKOUT / "deploy"
RIGHTS = (
    "site/rights.yaml", "base/lease.yaml", "components/volume-figures/rights.yaml", "components/resources/rights.yaml",
    "components/kafka-connectors/rights.yaml", "components/client-restarts/rights.yaml",
)  # fmt: skip
RBAC = "rbac.authorization.k8s.io"

type Manifest = dict[str, Any]


def documents(text: str) -> list[Manifest]:
    return [each for each in YAML(typ="safe").load_all(text) if each]


def built(folder: str) -> list[Manifest]:
    """A kustomization, rendered by kubectl."""
    done = subprocess.run(
        [labkube(), "kubectl", "kustomize", DEPLOY / folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return documents(done.stdout)


def tool(name: str) -> str:
    """Where a tool is that ``tools/NAME.sh`` builds when it is first asked."""
    done = subprocess.run([CHECKOUT / f"tools/{name}.sh"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def everywhere(plane: ControlPlane) -> Kubectl:
    """The administrator, for resources that name their namespaces."""
    return Kubectl(plane.kubeconfig, "")


def apply_strictly(plane: ControlPlane, manifests: list[Manifest], *more: str) -> None:
    """Server-side, refusing every field that the server does not know."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    everywhere(plane).run("apply", "--server-side", "--validate=strict", *more, "-f", "-", stdin=text)


def define(plane: ControlPlane) -> list[Manifest]:
    """Apply the definitions of drctl's own kinds and wait until they are served; returns them."""
    definitions = documents((DEPLOY / "components/resources/definitions.yaml").read_text())
    apply_strictly(plane, definitions)
    await_served(plane, definitions)
    return definitions


class Right(NamedTuple):
    """One verb on one resource, and on one name where the role says which. ``role``: its kind and name."""

    role: str
    group: str
    resource: str
    verb: str
    name: str = ""

    def __str__(self) -> str:
        parts = (self.role.rpartition("/drctl-")[2], self.verb, self.resource, self.name)
        return "-".join(part for part in parts if part).replace("/", "-")


def _manifests() -> list[Manifest]:
    return [each for path in RIGHTS for each in documents((DEPLOY / path).read_text())]


def labelled(role: Manifest) -> str:
    """Kind and name: a Role and a ClusterRole may have the same name."""
    return f"{role['kind']}/{role['metadata']['name']}"


def rights() -> Iterator[Right]:
    """Every single right of every role that is shipped."""
    for role in _manifests():
        for rule in role.get("rules") or ():
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    for verb in rule["verbs"]:
                        for name in rule.get("resourceNames", [""]):
                            yield Right(labelled(role), group, resource, verb, name)


_NUMBERS = count()


@dataclass(frozen=True)
class Account:
    """A service account with the shipped roles, less one right."""

    plane: ControlPlane
    folder: Path

    def kubeconfig(self, without: Right | None = None) -> Path:
        number = next(_NUMBERS)
        who, held = f"drctl-{number}", [each for each in rights() if each != without]
        made: list[Manifest] = [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": who, "namespace": "drctl"}}
        ]
        for each in _manifests():
            meta = {**each["metadata"], "name": f"{each['metadata']['name']}-{number}"}
            if "rules" in each:
                mine = [right for right in held if right.role == labelled(each)]
                made.append({**each, "metadata": meta, "rules": [_rule(right) for right in mine]})
            elif "roleRef" in each:
                reference = {**each["roleRef"], "name": f"{each['roleRef']['name']}-{number}"}
                subjects = [{**subject, "name": who} for subject in each["subjects"]]
                made.append({**each, "metadata": meta, "roleRef": reference, "subjects": subjects})
        # By the driver, for kubectl takes a second to start.
        api = resources(self.plane, "drctl", manager="kubectl")
        for each in made:
            api.apply(_kind(each), each["metadata"]["name"], each)
        path = f"/api/v1/namespaces/drctl/serviceaccounts/{who}/token"
        token = api.client.send("POST", path, body={"spec": {}}).body["status"]["token"]
        api.close()
        config = json.loads(self.plane.kubeconfig.read_text())
        config["users"] = [{"name": config["contexts"][0]["context"]["user"], "user": {"token": token}}]
        file = self.folder / f"{who}.kubeconfig"
        file.write_text(json.dumps(config))
        return file


def _rule(right: Right) -> Manifest:
    names = {"resourceNames": [right.name]} if right.name else {}
    return {"apiGroups": [right.group], "resources": [right.resource], "verbs": [right.verb], **names}


def _kind(item: Manifest) -> Kind:
    group, _, version = item["apiVersion"].rpartition("/")
    return Kind(group, version, f"{item['kind'].lower()}s", item["kind"], item["metadata"].get("namespace"))
