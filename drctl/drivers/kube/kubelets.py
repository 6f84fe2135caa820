"""Volume figures of a node's kubelet, through the API server's proxy (right: get on nodes/proxy)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from drctl.drivers.kube.client import KubeClient
from drctl.model.kubernetes import Usage


class ProxiedKubelets:
    """Implements :class:`drctl.ports.Kubelets` by ``/stats/summary``."""

    def __init__(self, client: KubeClient, namespace: str) -> None:
        self.client, self.namespace = client, namespace

    def usage(self, node: str) -> Mapping[str, Usage]:
        told = self.client.send("GET", f"/api/v1/nodes/{quote(node, safe='')}/proxy/stats/summary").body
        found = {}
        with self.client.understood():
            for each in [volume for pod in told.get("pods") or () for volume in pod.get("volume") or ()]:
                claim = each.get("pvcRef") or {}
                if claim.get("namespace") == self.namespace and claim.get("name"):
                    found[str(claim["name"])] = _usage(each)
        return found


def _usage(volume: Mapping[str, Any]) -> Usage:
    def figure(name: str) -> int:
        value = volume.get(name)
        return value if isinstance(value, int) else 0

    told = volume.get("volumeHealthStats")
    return Usage(
        figure("capacityBytes"),
        figure("availableBytes"),
        figure("inodes"),
        figure("inodesFree"),
        # The older of the two health surfaces: there only with a feature gate and a driver that reports.
        bool(told.get("abnormal")) if isinstance(told, Mapping) else None,
    )
