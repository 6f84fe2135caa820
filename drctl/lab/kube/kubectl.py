"""Talking to the lab's Kubernetes as its administrator, by its own kubectl."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drctl.errors import LabError
from drctl.lab.kube.binaries import labkube


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with one kubeconfig, in one namespace."""

    kubeconfig: Path
    namespace: str = "default"

    def run(self, *arguments: str, stdin: str = "", seconds: float = 60) -> str:
        """Run kubectl and return what it prints. LabError with its own words if it fails or does not end in time."""
        command = [labkube(), "kubectl", "--kubeconfig", str(self.kubeconfig), "--namespace", self.namespace]
        try:
            done = subprocess.run(
                [*command, *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=seconds
            )
        except subprocess.TimeoutExpired as error:
            raise LabError(f"kubectl {arguments[0]} did not end within {seconds:.0f} s") from error
        if done.returncode:
            raise LabError(f"kubectl {' '.join(arguments[:3])}: {done.stderr.strip()}")
        return done.stdout

    def answers(self) -> bool:
        """Whether the API server says that it is ready."""
        try:
            return self.run("get", "--raw", "/readyz", "--request-timeout=2s") == "ok"
        except LabError:
            return False

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """One object; an empty one if it does not exist."""
        return dict(json.loads(self.run("get", kind, name, "-o", "json", "--ignore-not-found") or "{}"))

    def list(self, kind: str, selector: str = "") -> tuple[dict[str, Any], ...]:
        """Every object of a kind."""
        return tuple(json.loads(self.run("get", kind, "-o", "json", "-l", selector))["items"])

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Make these objects so."""
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=document)
