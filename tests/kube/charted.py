"""The controller of a lab as Helm installs it from the chart, with the values that the chart has for it.

What the lab needs beyond them, such as both pods on one node, is put into what Helm has rendered, by a post-renderer.
"""

import json
import os
import shlex
import subprocess
from pathlib import Path

from drctl.lab.kube.binaries import labkube
from drctl.lab.kube.controller import NAMESPACE, Controller, overlay
from drctl.lab.kube.controller_image import NAME, TAGS
from drctl.lab.kube.storage import CLASS
from tests.kube.deployed import tool

RELEASE = "drctl"
RENDERED = "rendered.yaml"


class ChartController(Controller):
    """As its parent, with ``chart`` of the same manifests in place of ``base``."""

    def install(self, tag: str = TAGS[0], *, seconds: float = 420) -> None:
        """Install the release, or upgrade it, and wait until both replicas are ready."""
        self.import_image()
        word = "upgrade" if RELEASE in self.releases() else "install"
        self.hand_over(word, tag)
        waiting = ("rollout", "status", "deployment/drctl", f"--timeout={seconds:.0f}s")
        self.kubectl.run(*waiting, seconds=seconds + 30)

    def hand_over(self, word: str, tag: str = TAGS[0]) -> None:
        """``helm install`` or ``helm upgrade``, which waits for no pod."""
        folder = self._written(tag)
        rest = ["--create-namespace"] if word == "install" else []
        values = ["--values", str(folder / "values.json"), "--post-renderer", str(folder / "post-renderer")]
        self.helm(word, RELEASE, str(self.deploy / "chart"), *values, *rest)

    def releases(self) -> list[str]:
        """The names of what Helm has installed."""
        return self.helm("list", "--short", "--all").split()

    def remove(self) -> str:
        """``helm uninstall``, until all is gone; returns what it says."""
        return self.helm("uninstall", RELEASE, "--wait", "--cascade", "foreground", "--timeout", "180s")

    def helm(self, *words: str) -> str:
        """What Helm prints; it must succeed, and leaves nothing outside of the lab's folder."""
        own = {name: str(self.folder / "helm") for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}
        environment = {**os.environ, **own, "KUBECACHEDIR": str(self.folder / "helm")}
        command = [tool("helm"), *words, "--namespace", NAMESPACE, "--kubeconfig", str(self.kubectl.kubeconfig)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def _written(self, tag: str) -> Path:
        folder = self.folder / "chart"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        files = overlay(self.lab, RENDERED, tag, self._image())
        files["values.json"] = {
            "image": f"{NAME}:{tag}",
            "storageClass": CLASS,
            "site": {"namespace": "default"},
            "plan": files["plan.yaml"]["data"],
        }
        for name, content in files.items():
            (folder / name).write_text(json.dumps(content, indent=2))
        here = shlex.quote(str(folder))
        renderer = folder / "post-renderer"
        renderer.write_text(
            f"#!/bin/sh\ncat > {here}/{RENDERED}\nexec {shlex.quote(labkube())} kubectl kustomize {here}\n"
        )
        renderer.chmod(0o700)
        return folder
