"""A real Kubernetes on this machine: control plane, node, storage, and a Kafka site in pods."""

from drctl.lab.kube.cluster import KubeCluster
from drctl.lab.kube.control_plane import ControlPlane, control_plane
from drctl.lab.kube.lab import KubeLab

__all__ = ["ControlPlane", "KubeCluster", "KubeLab", "control_plane"]
