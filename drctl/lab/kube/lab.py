"""The two-site lab with its northern brokers as pods of a real Kubernetes.

All else runs on the machine as ever, but listens where pods reach it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

from drctl.errors import LabError
from drctl.lab.connect import AT_LEAST_ONCE, set_worker
from drctl.lab.kube import brokers
from drctl.lab.kube.cluster import KubeCluster
from drctl.lab.kube.kubectl import Kubectl
from drctl.lab.lab import Lab, Progress
from drctl.lab.layout import KraftNode, SiteLayout, other, plan_layout
from drctl.lab.processes import ProcessStatus

SITE = "north"
KUBERNETES = f"""\
      kubernetes:
        kubeconfig: kubernetes/pki/admin.kubeconfig
        context: lab
        namespace: default
        pods: strimzi.io/cluster={SITE}
"""
"""As its administrator."""


class KubeLab(Lab):
    """A running lab with Kubernetes. All is as in ``Lab``, but north's brokers are pods and no processes."""

    told_besides: ClassVar[Mapping[str, str]] = {SITE: KUBERNETES}
    cluster: KubeCluster

    @classmethod
    def attach(cls, folder: Path) -> Self:
        """The lab that runs in that folder. LabError if there is none or it is not complete."""
        lab = super().attach(folder)
        lab.cluster = KubeCluster.attach(lab.folder / "kubernetes")
        return lab

    @classmethod
    def _require_usable(cls, folder: Path) -> None:
        """A pod's start is a line for a shell, so its folder is plain letters."""
        if not re.fullmatch(r"[A-Za-z0-9/._+-]+", str(folder)):
            raise LabError(
                f"a lab with Kubernetes cannot lie in {str(folder)!r}: its path is ASCII letters, digits, /._+-",
                remedy="name another folder with --dir or DRCTL_LAB",
            )

    @property
    def kubectl(self) -> Kubectl:
        """The administrator's kubectl."""
        return self.cluster.kubectl

    @property
    def pods(self) -> tuple[str, ...]:
        """The names of the broker pods."""
        return self.layout[SITE].brokers

    def detach(self) -> None:
        """Let the lab outlive this process."""
        self.cluster.detach()
        super().detach()

    def down(self, *, keep_logs: bool = False) -> None:
        """End every process, pod and namespace of the lab and remove its folder, or all of it but the logs."""
        if "cluster" in self.__dict__:
            self.cluster.down(keep_logs=keep_logs)
        super().down(keep_logs=keep_logs)

    def status(self) -> tuple[ProcessStatus, ...]:
        """Every process of the lab, those of Kubernetes included."""
        return (*super().status(), *self.cluster.processes.all())

    def states(self) -> dict[str, str]:
        """As in ``Lab``; a broker pod is ``running`` once it is ready, ``not ready`` or ``gone``."""
        pods = {pod["metadata"]["name"]: pod for pod in self.kubectl.list("pods", f"strimzi.io/cluster={SITE}")}
        brokers = {name: "running" if _is_ready(pod) else "not ready" for name, pod in pods.items()}
        return {**super().states(), **dict.fromkeys(self.pods, "gone"), **brokers}

    def ready(self, pod: str) -> bool:
        """Whether Kubernetes thinks that a pod is ready, and not about to end."""
        return _is_ready(self.kubectl.get("pod", pod))

    def start_broker(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """A pod is started by Kubernetes alone: wait until it is ready. LabError if an environment is named."""
        if name not in self.pods:
            return super().start_broker(name, environment)
        if environment:
            raise LabError(f"{name} is a pod, whose environment is its own", remedy="use the lab without Kubernetes")
        deadline = self.clock.monotonic() + 240
        while not self.ready(name):
            self._still_there(name, deadline)
            self.clock.sleep(0.2)
        return None

    def kill_site(self, site: str) -> None:
        """SIGKILL to the worker and to all that runs on the node, Kubernetes itself included; its address stays."""
        if site != SITE:
            return super().kill_site(site)
        self.processes.signal(self.layout[site].worker, "SIGKILL")
        self.cluster.node.inside("sh", "-c", "kill -KILL -1")
        return None

    def _prepare(self, progress: Progress) -> None:
        self.cluster = KubeCluster.start(self.folder / "kubernetes", progress)
        # Never fewer than three pods: with one there is nothing that a fault could leave standing.
        self.layout[SITE] = replace(plan_layout(3)[SITE], host=self.cluster.address)
        # Where pods find it: the machine's own localhost is not theirs.
        south = other(SITE)
        self.layout[south] = replace(self.layout[south], host=self.cluster.gateway)

    def _write_files(self, *, prefixed: bool, at_least_once: bool) -> None:
        super()._write_files(prefixed=prefixed, at_least_once=at_least_once)
        for site in self.layout.values():
            hosts = ("localhost", self.cluster.gateway)
            told = {"listeners": ",".join(f"http://{host}:{site.connect}" for host in hosts)}
            set_worker(site, self.folder, {**told, **(AT_LEAST_ONCE if at_least_once else {})})

    def _format(self, site: SiteLayout) -> None:
        super()._format(site)
        if site.name == SITE:
            brokers.move_logs_to_volumes(site, self.folder)

    def _launch_broker(self, site: SiteLayout, node: KraftNode, environment: Mapping[str, str] | None = None) -> None:
        if site.name != SITE:
            super()._launch_broker(site, node, environment)
        elif node == site.nodes[0]:
            self.kubectl.apply(*brokers.objects(site, self.folder))

    def _still_there(self, process: str, deadline: float) -> None:
        if process not in self.pods:
            super()._still_there(process, deadline)
        elif self.clock.monotonic() > deadline:
            events = self.kubectl.run("get", "events", "--sort-by=.lastTimestamp")
            raise LabError(f"pod {process} is not ready:\n{events[-1500:]}", remedy="see 'kubectl describe pod'")


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    ending = "deletionTimestamp" in pod.get("metadata", {})
    return not ending and any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
