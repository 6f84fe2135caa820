"""drctl in two pods of the lab's Kubernetes, from the manifests that a checkout ships: ``deploy/base`` and an overlay.

The overlay says what is the lab's own: its image, plan file and credentials, one node for both pods, a volume of that
node, and the API server's address, for the lab has neither name service nor service proxy.
"""

import base64
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import drctl
from drctl.drivers.kafka.java import escaped
from drctl.errors import LabError
from drctl.lab.connect import client_settings
from drctl.lab.kube.controller_image import NAME, TAGS, VERSION, contents, fingerprint, write_controller_image
from drctl.lab.kube.kubectl import Kubectl
from drctl.lab.kube.lab import SITE, KubeLab
from drctl.lab.kube.storage import CLASS
from drctl.lab.layout import SITES

NAMESPACE = "drctl"
IMPORTED = "image-imported"
"""A file that says of what the node's image was made."""
PLAN, STATE = "/etc/drctl", "/var/lib/drctl"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
IMAGE = "lab.drctl.io/image"
"""An annotation of the pods: of what their image was made, so that another one is another rollout."""

PLACES = (
    (r"clients/(\w+)/(\w+)\.properties", r"\1-\2.properties"),
    (r"links/([\w-]+)\.json", r"\1.json"),
    (r"kubernetes/pki/admin\.kubeconfig", f"{SITE}.kubeconfig"),
    (r"client-routing\.json", f"{STATE}/client-routing.json"),
    (r"file: state/drctl\.sqlite", f"file: {STATE}/drctl.sqlite, shared: true"),
)
"""Where the lab's plan file finds its files, and where they lie in a pod: in one folder, for so a Secret is mounted."""


def checkout() -> Path:
    """The checkout that this drctl runs from. LabError for one that was installed without."""
    folder = Path(drctl.__file__).parents[1]
    if not (folder / "deploy" / "base").is_dir():
        raise LabError("this drctl was installed without its manifests", remedy="run it in a checkout: .venv/bin/drctl")
    return folder


class Controller:
    """The controller of one lab. ``deploy``: the manifests, by default those of the checkout.

    What is written lies in the lab's folder and goes with it.
    """

    def __init__(self, lab: KubeLab, deploy: Path | None = None) -> None:
        self.lab = lab
        self.deploy = deploy or checkout() / "deploy"
        self.folder = lab.folder / "controller"
        self.kubectl = Kubectl(lab.kubectl.kubeconfig, NAMESPACE)

    def install(self, tag: str = TAGS[0], *, seconds: float = 420) -> None:
        """Bring the image onto the node, apply the manifests, and wait until both replicas are ready.

        It may be done again, with other manifests or another tag: then it is an upgrade. LabError with what Kubernetes
        tells of it when it takes longer than that.
        """
        self.import_image()
        self._anywhere.run("apply", "--server-side", "-k", str(self.write_overlay(tag)))
        waiting = ("rollout", "status", "deployment/drctl", f"--timeout={seconds:.0f}s")
        try:
            self.kubectl.run(*waiting, seconds=seconds + 30)
        except LabError as error:
            raise LabError(f"{error}\n{self._circumstances()}", remedy=f"see {self.folder}") from error

    def uninstall(self) -> tuple[str, ...]:
        """Delete all that was applied and wait until it is gone.

        Returns the names of volumes that stay, with the state on them: the lab's storage keeps what a claim leaves.
        """
        folder = self.folder / "overlay"
        if not folder.exists():
            raise LabError("the lab has no controller", remedy="install one with 'drctl lab kube install'")
        self._anywhere.run("delete", "-k", str(folder), "--ignore-not-found", "--timeout=180s", seconds=240)
        volumes = self._anywhere.list("persistentvolumes")
        claims = {each["metadata"]["name"]: each["spec"].get("claimRef", {}) for each in volumes}
        return tuple(name for name, claim in claims.items() if claim.get("namespace") == NAMESPACE)

    def import_image(self) -> None:
        """Make the image and bring it onto the node, unless what it would be made of is there."""
        files = contents(checkout() / "requirements" / "run.txt")
        made_of = fingerprint(files)
        if self._image() == made_of:
            return
        self.folder.mkdir(exist_ok=True)
        archive = write_controller_image(self.folder, files)
        self.lab.cluster.node.import_image(archive)
        archive.unlink()
        (self.folder / IMPORTED).write_text(made_of)

    def _image(self) -> str:
        """Of what the node's image was made; empty before there is one."""
        imported = self.folder / IMPORTED
        return imported.read_text() if imported.exists() else ""

    def write_overlay(self, tag: str) -> Path:
        """Write the overlay and return its folder, for ``kubectl apply -k``."""
        folder = self.folder / "overlay"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        written = overlay(
            self.lab, os.path.relpath(self.deploy.resolve() / "base", folder.resolve()), tag, self._image()
        )
        for name, content in written.items():
            (folder / name).write_text(json.dumps(content, indent=2))
        return folder

    def _circumstances(self) -> str:
        """Return what Kubernetes tells of pods that are not ready, as far as it tells."""
        told = []
        for words in (
            ("get", "pods", "-o", "wide"),
            ("get", "events", "--sort-by=.lastTimestamp"),
            ("logs", "-l", "app.kubernetes.io/name=drctl", "--all-containers", "--tail=20"),
        ):
            try:
                told.append(self.kubectl.run(*words)[-3000:])
            except LabError as error:
                told.append(str(error))
        return "\n".join(told)

    @property
    def _anywhere(self) -> Kubectl:
        """For manifests that name their namespaces."""
        return Kubectl(self.lab.kubectl.kubeconfig, "")


def overlay(lab: KubeLab, base: str, tag: str, made_of: str = "") -> dict[str, Any]:
    """The files of the overlay on that base, with what the image is made of. JSON is YAML, too."""
    site_roles = [
        {
            "target": {"kind": kind, "name": "drctl-site"},
            "patch": json.dumps([_replaced("/metadata/namespace", "default")]),
        }
        for kind in ("Role", "RoleBinding")
    ]
    claim = [
        _replaced("/spec/accessModes", ["ReadWriteOnce"]),
        {**_replaced("/spec/storageClassName", CLASS), "op": "add"},
    ]
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [base, "credentials.yaml"],
        "images": [{"name": "drctl", "newName": NAME, "newTag": tag}],
        "patches": [
            {"path": "plan.yaml"},
            {"path": "deployment.yaml"},
            {"target": {"kind": "PersistentVolumeClaim", "name": "drctl-state"}, "patch": json.dumps(claim)},
            *site_roles,
        ],
    }
    data = {name: base64.b64encode(content).decode() for name, content in credentials(lab.folder).items()}
    secret = {"metadata": {"name": "drctl-credentials", "namespace": NAMESPACE}, "data": data}
    return {
        "kustomization.yaml": kustomization,
        "plan.yaml": {"apiVersion": "v1", "kind": "ConfigMap", **_plan(lab)},
        "credentials.yaml": {"apiVersion": "v1", "kind": "Secret", **secret},
        "deployment.yaml": _deployment(lab, made_of),
    }


def credentials(folder: Path) -> dict[str, bytes]:
    """Return what of a lab's folder its controller reads besides the plan file, by name in the one folder of a pod."""
    found = {path.name: path.read_bytes() for path in (folder / "links").glob("*.json")}
    for site in SITES:
        for user in ("drctl", "canary"):
            settings = dict(_moved(site, client_settings(site, user, folder), found))
            text = "".join(f"{key}={escaped(value)}\n" for key, value in settings.items())
            found[f"{site}-{user}.properties"] = text.encode()
    return found


def plan_for_pods(text: str, gateway: str) -> str:
    """The lab's plan file as it is for a pod, which reaches the machine's Connect workers at ``gateway``."""
    for here, there in PLACES:
        text = re.sub(here, there, text)
    return text.replace("http://localhost:", f"http://{gateway}:")


def _moved(site: str, settings: Mapping[str, str], found: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    """Client settings whose files are those in a pod, which are added to what was found."""
    for key, value in settings.items():
        if key.endswith(".location"):
            name = f"{site}-{Path(value).name}"
            found[name] = Path(value).read_bytes()
            yield key, f"{PLAN}/{name}"
        else:
            yield key, value


def _plan(lab: KubeLab) -> dict[str, Any]:
    cluster = {"server": f"https://{lab.cluster.address}:6443", "certificate-authority": f"{ACCOUNT}/ca.crt"}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": "drctl", "user": {"tokenFile": f"{ACCOUNT}/token"}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "drctl"}}],
    }
    text = plan_for_pods(lab.plan_file.read_text(), lab.cluster.gateway)
    told = {"plan.yaml": text, f"{SITE}.kubeconfig": json.dumps(kubeconfig), "south.kubeconfig": None}
    return {"metadata": {"name": "drctl-plan", "namespace": NAMESPACE}, "data": told}


def _deployment(lab: KubeLab, made_of: str) -> dict[str, Any]:
    address = {"KUBERNETES_SERVICE_HOST": lab.cluster.address, "KUBERNETES_SERVICE_PORT": "6443"}
    routing = {
        "name": "client-routing",
        "image": "drctl",
        "command": [VERSION, "-c", _routed(lab)],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "state", "mountPath": STATE}],
    }
    container = {
        "name": "drctl",
        "env": [{"name": name, "value": value} for name, value in address.items()],
        # Two cores carry both sites, Kubernetes and what else runs on the machine: at 100m a start takes minutes there,
        # and a look longer than a production's probes bear.
        "resources": {"requests": {"cpu": "200m"}},
        "startupProbe": {"failureThreshold": 100},
        "livenessProbe": {"failureThreshold": 20},
    }
    # Both replicas are on the lab's one node.
    pod = {"affinity": None, "initContainers": [routing], "containers": [container]}
    template = {"spec": {"template": {"metadata": {"annotations": {IMAGE: made_of}}, "spec": pod}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "drctl", "namespace": NAMESPACE},
        **template,
    }


def _routed(lab: KubeLab) -> str:
    """Where clients are when it is installed first, as a program; later starts find what the moves have written."""
    file = lab.folder / "client-routing.json"
    text = file.read_text() if file.exists() else json.dumps({"site": SITE})
    there = f"file = pathlib.Path({f'{STATE}/client-routing.json'!r})"
    return f"import pathlib; {there}; file.exists() or file.write_text({text!r})"


def _replaced(path: str, value: object) -> dict[str, object]:
    return {"op": "replace", "path": path, "value": value}
