"""All that can be wrong with a Kafka site on Kubernetes, in the words of Kubernetes, CSI and Strimzi: what is told."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from drctl.model import resources as of
from drctl.model.kubernetes import Usage
from drctl.model.sight import QuorumView
from tests.unit.monitors.signalling import Fields, Site


def lease_stands_still(site: Site) -> None:
    site.told()
    site.clock.jump(timedelta(seconds=45))
    for number in (0, 2):
        site.api.put(of.LEASE, {"metadata": {"name": f"node-{number}"}, "spec": {"renewTime": "2"}})


def held_by_another_node(site: Site) -> None:
    site.attachment(1, "csi-1-new", "node-2", attached=False)
    site.pod(1, node="node-2", phase="Pending", conditions=[{"type": "Ready", "status": "False"}])


def warned_while_pending(reason: str, kind: str = "Pod", name: str = "kafka-1") -> Callable[[Site], None]:
    def change(site: Site) -> None:
        site.event(reason, kind, name)
        site.pod(1, phase="Pending", conditions=[{"type": "Ready", "status": "False"}])

    return change


def doing(act: Callable[..., object], *words: object, **more: object) -> Callable[[Site], object]:
    """That method of the site, with these words."""
    return lambda site: act(site, *words, **more)


def tasks(state: str) -> list[Fields]:
    return [
        {"name": "a->b.MirrorSourceConnector", "connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": state}]}
    ]


class Signal(NamedTuple):
    """``row``: the first words of its line on the page. ``said``: what is told once it is so, and was not before."""

    row: str
    said: str
    change: Callable[[Site], object]


def pods() -> Iterator[Signal]:
    row = "pod: phase"
    for reason in ("CrashLoopBackOff", "CreateContainerConfigError", "ImagePullBackOff", "ErrImagePull"):
        yield Signal(row, f"not ready: {reason}", doing(Site.waits, 1, {"waiting": {"reason": reason}}))
    for reason, code in (("OOMKilled", 137), ("Error", 1), ("ContainerStatusUnknown", 137)):
        ended = {"terminated": {"reason": reason, "exitCode": code}}
        yield Signal(row, f"not ready: {reason} (exit {code})", doing(Site.waits, 1, ended))
    yield Signal(
        row, "before that OOMKilled",
        lambda s: s.waits(1, {"waiting": {"reason": "CrashLoopBackOff"}}, {"terminated": {"reason": "OOMKilled"}}),
    )  # fmt: skip
    for reason in ("Evicted", "NodeLost"):
        yield Signal(row, f"not ready: {reason}", doing(Site.pod, 1, phase="Failed", reason=reason, conditions=[]))
    yield Signal(row, "Unschedulable: 0/3", lambda s: s.stands(1, "PodScheduled", "Unschedulable", "0/3 nodes"))
    yield Signal(row, "TaintManager", lambda s: s.stands(1, "DisruptionTarget", "DeletionByTaintManager"))
    for kind in ("Initialized", "ContainersReady", "PodReadyToStartContainers"):
        yield Signal(row, f"not ready: Why{kind}", doing(Site.stands, 1, kind, f"Why{kind}"))
    yield Signal(row, "pod kafka-1 is Unknown", lambda s: s.pod(1, phase="Unknown", conditions=[]))
    yield Signal(
        "pod: `status.volumeHealth`",
        "as DataLoss",
        lambda s: s.pod(1, volumeHealth=[{"name": "data", "conditions": [{"status": "DataLoss"}]}]),
    )
    yield Signal("pod: `status.volumeHealth`", "as Peculiar", lambda s: s.pod(1, volumeHealth=[{"status": "Peculiar"}]))


def nodes() -> Iterator[Signal]:
    row, pressed = "node: Ready", "node: pressures"
    yield Signal(
        row,
        "node node-1: node node-1 says that it is not ready",
        lambda s: s.node(1, {"type": "Ready", "status": "False"}),
    )
    yield Signal(row, "its Ready condition is Unknown", lambda s: s.node(1, {"type": "Ready", "status": "Unknown"}))
    for key, said in (
        ("not-ready", "tainted as not ready"),
        ("unreachable", "does not answer"),
        ("out-of-service", "out of service"),
    ):
        taint = {"key": f"node.kubernetes.io/{key}", "effect": "NoExecute"}
        yield Signal(row, said, doing(Site.node, 1, taints=[taint]))
    for kind in ("DiskPressure", "MemoryPressure", "PIDPressure", "NetworkUnavailable"):
        yield Signal(pressed, f"node node-1: {kind}", doing(Site.node, 1, {"type": kind, "status": "True"}))
    yield Signal(pressed, "node node-1 is cordoned", lambda s: s.node(1, unschedulable=True))
    yield Signal("node leases", "has not renewed its lease for 45 s", lease_stands_still)


def volumes() -> Iterator[Signal]:
    claim, csi, usage = "claim: phase", "CSI node", "volume figures"
    yield Signal(claim, "claim data-1 is Lost", lambda s: s.claim(1, phase="Lost"))
    yield Signal(claim, "claim data-1 is Pending", lambda s: s.claim(1, phase="Pending"))
    for kind in ("Resizing", "FileSystemResizePending", "ModifyingVolume"):
        held = [{"type": kind, "status": "True"}]
        yield Signal(claim, f"claim data-1: {kind}", doing(Site.claim, 1, conditions=held))
    for word in ("Inaccessible", "DataLoss", "Degraded", "NobodyKnowsThis"):
        health = {"conditions": [{"status": word, "reason": "Why"}]}
        yield Signal(claim, f"reported as {word} (Why)", doing(Site.claim, 1, healthStatus=health))
    yield Signal("volume: phase", "volume pv-1 is Failed", lambda s: s.volume(1, "Failed"))
    yield Signal("volume: phase", "volume pv-1 is Released", lambda s: s.volume(1, "Released"))
    yield Signal(
        "attachments",
        "attachError: no path",
        lambda s: s.attachment(1, attached=False, attachError={"message": "no path"}),
    )
    yield Signal("attachments", "detachError: busy", lambda s: s.attachment(1, detachError={"message": "busy"}))
    yield Signal("attachments", "still attached to node node-1", held_by_another_node)
    for word in ("StorageUnreachable", "StorageDegraded"):
        yield Signal(
            csi, f"storage of node node-1 is {word}", doing(Site.csi_node, 1, storageHealth=[{"status": word}])
        )
    yield Signal(
        csi, "CSI driver csi.example is not registered there, which kafka-1 needs", lambda s: s.csi_node(1, drivers=())
    )
    yield Signal(
        csi, "it takes 1 volumes of CSI driver csi.example, and all places are taken", lambda s: s.csi_node(1, count=1)
    )
    yield Signal("CSI drivers", "there is no CSI driver gone.example", lambda s: s.volume(1, driver="gone.example"))
    yield Signal(
        usage, "claim data-1: 10% left", lambda s: s.kubelets.nodes.update({"node-1": {"data-1": Usage(100, 10)}})
    )
    yield Signal(
        usage,
        "claim data-1 is full: 1.0% left",
        lambda s: s.kubelets.nodes.update({"node-1": {"data-1": Usage(100, 1)}}),
    )
    yield Signal(
        usage, "claim data-1 is full", lambda s: s.kubelets.nodes.update({"node-1": {"data-1": Usage(100, 60, 100, 1)}})
    )
    yield Signal(
        usage,
        "abnormal by its kubelet",
        lambda s: s.kubelets.nodes.update({"node-1": {"data-1": Usage(100, 60, abnormal=True)}}),
    )
    yield Signal(usage, "its kubelet measures no usage", lambda s: s.kubelets.nodes.update({"node-1": {}}))


def events() -> Iterator[Signal]:
    row = "events"
    for reason in ("FailedAttachVolume", "FailedMount", "FailedMapVolume", "VolumeConditionAbnormal"):
        yield Signal(row, f"volume of broker 1: event {reason} on Pod kafka-1: so it is", warned_while_pending(reason))
    for reason in ("ProvisioningFailed", "VolumeResizeFailed", "FileSystemResizeFailed"):
        change = warned_while_pending(reason, "PersistentVolumeClaim", "data-1")
        yield Signal(row, f"volume of broker 1: event {reason} on PersistentVolumeClaim data-1", change)
    for reason in ("FailedScheduling", "NodeNotReady", "BackOff", "Unhealthy", "Evicted"):
        yield Signal(row, f"broker 1: event {reason} on Pod kafka-1: so it is", warned_while_pending(reason))


def strimzi() -> Iterator[Signal]:
    row = "Kafka, KafkaNodePool"
    for kind in of.STRIMZI_KINDS:
        yield Signal(row, f"{kind.name}/it is not ready: Creating", doing(Site.strimzi, kind, "NotReady Creating"))
        yield Signal(
            row, f"{kind.name}/it: reconciliation is paused", doing(Site.strimzi, kind, "ReconciliationPaused")
        )
        yield Signal(
            row,
            f"{kind.name}/it: its operator has not acted",
            doing(Site.strimzi, kind, "Ready", observedGeneration=0),
        )
        yield Signal(
            row,
            f"{kind.name}/it warns: UnknownFields",
            doing(Site.strimzi, kind, "Ready", "Warning UnknownFields"),
        )
    yield Signal(
        row,
        "KafkaNodePool/it: 2 of 3 pods",
        lambda s: s.strimzi(of.NODE_POOL, "Ready", spec={"replicas": 3}, replicas=2),
    )
    yield Signal(
        row, "broker 7 has no pod", lambda s: s.strimzi(of.NODE_POOL, "Ready", spec={"roles": ["broker"]}, nodeIds=[7])
    )
    yield Signal(
        row, "StrimziPodSet/it: 2 of 3 pods", lambda s: s.strimzi(of.POD_SET, pods=3, readyPods=2, currentPods=3)
    )
    yield Signal(
        row, "StrimziPodSet/it is Rolling", lambda s: s.strimzi(of.POD_SET, pods=3, readyPods=3, currentPods=1)
    )
    yield Signal(
        row,
        "KafkaMirrorMaker2/it: a->b.MirrorSourceConnector task 0 failed",
        lambda s: s.strimzi(of.MIRROR_MAKER, "Ready", connectors=tasks("FAILED")),
    )
    yield Signal(
        row,
        "KafkaConnector/it: a->b.MirrorSourceConnector task 0 failed",
        lambda s: s.strimzi(of.KAFKA_CONNECTOR, "Ready", connectorStatus=tasks("FAILED")[0]),
    )
    yield Signal(row, "KafkaRebalance/it is Rebalancing", lambda s: s.strimzi(of.KAFKA_REBALANCE, "Rebalancing"))


def brokers() -> Iterator[Signal]:
    row = "brokers alive"
    yield Signal(row, "broker 1 is not in the metadata", lambda s: s.view(alive=frozenset({0, 2})))
    yield Signal(row, "7 replicas of broker 1 not in sync", lambda s: s.view(out_of_sync={1: 7}))
    yield Signal(
        "log directories",
        "volume of broker 1: broker 1 took log directory /data out of service",
        lambda s: s.view(offline_dirs={1: ("/data",)}),
    )
    told = QuorumView(0, 9, frozenset({0, 1, 2}), frozenset({2}))
    yield Signal(
        "controllers",
        "controllers behind in the quorum: 2 of 3 voters, led by 0 in epoch 9",
        lambda s: s.view(quorum=told),
    )
    lost = "controllers of north: no controller leads"
    yield Signal("controllers", lost, lambda s: s.view(quorum=None, quorum_lost="no controller leads"))
    yield Signal(row, "blocked: 3", lambda s: s.view(under_min_isr=2, leaderless=1))
    yield Signal(
        "the API server's clock",
        "clock is 90 s ahead of ours",
        lambda s: setattr(s.api, "ahead", timedelta(seconds=90)),
    )


SIGNALS = [*pods(), *nodes(), *volumes(), *events(), *strimzi(), *brokers()]
