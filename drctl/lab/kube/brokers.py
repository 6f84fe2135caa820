"""Kafka brokers as pods on CSI volumes, labelled and named as Strimzi does it.

A StatefulSet stands in for Strimzi's StrimziPodSet: there is no operator. Pods are called ``<cluster>-<pool>-<id>`` and
claims ``data-0-<pod>``; pods carry Strimzi's labels, and change only when they are deleted.
"""

import shlex
import shutil
from pathlib import Path
from typing import Any

from drctl.lab.broker import configuration, storage
from drctl.lab.kube.images import HOST
from drctl.lab.kube.storage import CLASS
from drctl.lab.layout import KraftNode, SiteLayout, archive, class_path, java

POOL = "broker"
DATA = "/var/lib/kafka/data-0"
MAIN = "kafka.Kafka"
MEBIBYTES = 512
"""The size of a broker's volume."""

START = """\
number=${{POD_NAME##*-}}; log={data}/kafka-log$number
seed={seeds}/{site}-broker-$number
[ -e $log/meta.properties ] || {{
  rm -rf $log.new; cp -r $seed $log.new && sync -f $log.new && mv $log.new $log && sync -f $log; }} || exit 1
exec {java} {etc}/{site}-broker-$number.properties
"""
PROBE = "port=PORT_${POD_NAME##*-}; exec 3<>/dev/tcp/$NODE_IP/${!port}"


def set_name(site: SiteLayout) -> str:
    """The name of the site's StatefulSet."""
    return f"{site.name}-{POOL}"


def claim(pod: str) -> str:
    """The name of a broker pod's claim."""
    return f"data-0-{pod}"


def log_folder(node: KraftNode) -> str:
    """Where a broker keeps its logs, on its volume."""
    return f"{DATA}/kafka-log{node.number}"


def move_logs_to_volumes(site: SiteLayout, folder: Path) -> None:
    """Let each broker's configuration name its volume; what was formatted here becomes the seed of an empty volume."""
    for node in site.nodes:
        path = configuration(site, node, folder)
        path.write_text(path.read_text().replace(str(storage(site, node, folder)), log_folder(node)))


def labels(site: SiteLayout) -> dict[str, str]:
    """Return what Strimzi writes on every broker pod of a pool with both roles."""
    return {
        "app.kubernetes.io/instance": site.name,
        "app.kubernetes.io/name": "kafka",
        "app.kubernetes.io/part-of": f"strimzi-{site.name}",
        "strimzi.io/broker-role": "true",
        "strimzi.io/cluster": site.name,
        "strimzi.io/component-type": "kafka",
        "strimzi.io/controller-role": "true",
        "strimzi.io/kind": "Kafka",
        "strimzi.io/name": f"{site.name}-kafka",
        "strimzi.io/pool-name": POOL,
    }


def objects(site: SiteLayout, folder: Path) -> tuple[dict[str, Any], ...]:
    """The StatefulSet with its headless service."""
    chosen = {"strimzi.io/cluster": site.name, "strimzi.io/name": f"{site.name}-kafka"}
    claims = {
        "metadata": {"name": "data-0", "labels": labels(site)},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": CLASS,
            "resources": {"requests": {"storage": f"{MEBIBYTES}Mi"}},
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"{site.name}-kafka-brokers", "labels": labels(site)},
        "spec": {"clusterIP": "None", "selector": chosen, "publishNotReadyAddresses": True},
    }
    brokers = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": set_name(site), "labels": labels(site)},
        "spec": {
            "serviceName": f"{site.name}-kafka-brokers",
            "replicas": len(site.nodes),
            "ordinals": {"start": 1},
            "podManagementPolicy": "Parallel",
            "updateStrategy": {"type": "OnDelete"},
            "selector": {"matchLabels": chosen},
            "template": {"metadata": {"labels": labels(site)}, "spec": _pod(site, folder)},
            "volumeClaimTemplates": [claims],
        },
    }
    return service, brokers


def _pod(site: SiteLayout, folder: Path) -> dict[str, Any]:
    shared = _machine_folders(site, folder)
    command = java(MAIN)
    words = shlex.join([_java(), *command[1:]])
    start = START.format(java=words, data=DATA, seeds=folder / "data", etc=folder / "etc", site=site.name)
    fields = {"POD_NAME": "metadata.name", "NODE_IP": "status.hostIP"}
    return {
        "hostNetwork": True,
        "dnsPolicy": "Default",
        # At a login with a password a broker asks for the name of its own address, and its network thread waits for
        # the answer: without a name server that is there, for 10 s and more at each connection.
        "hostAliases": [{"ip": site.host, "hostnames": [f"{site.name}.lab"]}],
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 30,
        "containers": [
            {
                "name": "kafka",
                "image": HOST,
                "imagePullPolicy": "Never",
                "command": ["/bin/sh", "-c", start],
                "env": [
                    *({"name": k, "valueFrom": {"fieldRef": {"fieldPath": v}}} for k, v in fields.items()),
                    *({"name": f"PORT_{node.number}", "value": str(node.client)} for node in site.nodes),
                ],
                # Without a request for time a pod gets next to none of a busy machine.
                "resources": {"requests": {"cpu": "500m", "memory": "256Mi"}},
                "readinessProbe": {"exec": {"command": ["/bin/bash", "-c", PROBE]}, "periodSeconds": 3},
                "volumeMounts": [
                    {"name": "data-0", "mountPath": DATA},
                    *({"name": f"shared-{n}", "mountPath": path, "readOnly": True} for n, path in enumerate(shared)),
                ],
            }
        ],
        "volumes": [{"name": f"shared-{n}", "hostPath": {"path": path}} for n, path in enumerate(shared)],
    }


def _machine_folders(site: SiteLayout, folder: Path) -> list[str]:
    """Return what a broker needs of this machine: its programs, Java and its configuration, Kafka, the lab's files."""
    home = Path(_java()).parents[1]
    needed = {Path("/usr"), Path(class_path()).parent, Path(__file__).parents[1] / "kafka"}
    needed |= {folder / "etc", folder / "data", folder / "certificates" / site.name}
    # Debian's Java is full of links to its configuration in /etc.
    needed |= {path.resolve().parent for path in home.rglob("*") if path.is_symlink() and path.is_file()}
    # Named to Java by java(), and read in place: a folder that is not there cannot be mounted.
    needed |= {archive(MAIN).parent} if archive(MAIN).exists() else set()
    needed |= {home}
    return sorted(str(path) for path in needed if needed.isdisjoint(path.parents))


def _java() -> str:
    return str(Path(shutil.which("java") or "/usr/bin/java").resolve())
