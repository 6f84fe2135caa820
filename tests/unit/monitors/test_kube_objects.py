"""Kubernetes' and Strimzi's resources in the shapes that API servers send, and in shapes that they should not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.model.kubernetes import Attachment, ConditionStatus
from drctl.model.strimzi import ResourceState
from drctl.monitors import kube_objects as read
from drctl.monitors.strimzi_objects import standing, strimzi

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pod(status: dict[str, Any] | None = None, **meta: object) -> dict[str, Any]:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-0-north-pool-7"}}, {"emptyDir": {}}]
    spec = {"nodeName": "node-1", "volumes": volumes, "somethingNew": {"x": 1}}
    return {"metadata": {"name": "north-pool-7", **meta}, "spec": spec, "status": status or {}}


def container(state: dict[str, Any], last: dict[str, Any] | None = None, *, ready: bool = False) -> dict[str, Any]:
    return {"containerStatuses": [{"ready": ready, "restartCount": 3, "state": state, "lastState": last or {}}]}


def condition(kind: str, status: str, **more: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, **more}]}


def test_a_pod_tells_its_broker_its_node_and_its_claims() -> None:
    found = read.pod(pod(condition("Ready", "True") | {"phase": "Running"}), NOW)
    assert (found.broker, found.node, found.claims) == (7, "node-1", ("data-0-north-pool-7",))
    assert (found.phase, found.ready, found.trouble) == ("Running", ConditionStatus.TRUE, "")
    assert read.pod(pod(name="entity-operator-abc"), NOW).broker is None


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (container({"waiting": {"reason": "CrashLoopBackOff"}}), "CrashLoopBackOff"),
        (
            container({"waiting": {"reason": "CrashLoopBackOff"}}, {"terminated": {"reason": "OOMKilled"}}),
            "CrashLoopBackOff, before that OOMKilled",
        ),
        (
            container({"waiting": {"reason": "ImagePullBackOff", "message": "no such image\nmore"}}),
            "ImagePullBackOff: no such image",
        ),
        (container({"terminated": {"reason": "OOMKilled", "exitCode": 137}}), "OOMKilled (exit 137)"),
        (container({"running": {}}, {"terminated": {"reason": "Error", "exitCode": 1}}, ready=True), ""),
        (condition("PodScheduled", "False", reason="Unschedulable", message="0/3 nodes"), "Unschedulable: 0/3 nodes"),
        (condition("DisruptionTarget", "True", reason="EvictionByEvictionAPI"), "EvictionByEvictionAPI"),
        (
            {"reason": "Evicted", "message": "The node was low on resource: disk"},
            "Evicted: The node was low on resource: disk",
        ),
        ({"reason": "NodeLost"}, "NodeLost"),
    ],
)
def test_a_pod_tells_why_it_is_not_well(status: dict[str, Any], trouble: str) -> None:
    assert read.pod(pod(status), NOW).trouble == trouble


def test_a_pod_that_is_deleted_is_overdue_after_its_grace_and_a_little() -> None:
    found = read.pod(pod(deletionTimestamp="2026-01-01T00:00:00Z"), NOW)
    assert found.overdue == NOW + timedelta(seconds=30)
    assert read.pod(pod(), NOW).overdue is None


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        (condition("Ready", "True"), ConditionStatus.TRUE),
        (condition("Ready", "False"), ConditionStatus.FALSE),
        (condition("Ready", "Unknown"), ConditionStatus.UNKNOWN),
        (condition("Ready", "Perhaps"), ConditionStatus.UNKNOWN),
        ({}, ConditionStatus.UNKNOWN),
    ],
)
def test_a_node_that_is_not_known_to_be_ready_is_not_ready(status: dict[str, Any], ready: ConditionStatus) -> None:
    assert read.node({"metadata": {"name": "n"}, "status": status}, NOW).ready is ready


def test_a_node_tells_its_zone_its_taints_and_its_pressures() -> None:
    taints = [{"key": "a", "effect": "NoExecute"}, {"key": "b", "effect": "PreferNoSchedule"}]
    labels = {"topology.kubernetes.io/zone": "west-1"}
    status = condition("DiskPressure", "True")
    found = read.node({"metadata": {"name": "n", "labels": labels}, "spec": {"taints": taints}, "status": status}, NOW)
    assert (found.zone, found.taints, found.pressures) == ("west-1", frozenset({"a"}), frozenset({"DiskPressure"}))


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (None, None),
        ({"conditions": []}, ()),
        ([], ()),
        ({"conditions": [{"status": "DataLoss", "reason": "DiskFailed"}]}, ("DataLoss (DiskFailed)",)),
        ({"conditions": [{"status": "Healthy"}]}, ()),
        ([{"status": "Inaccessible"}], ("Inaccessible",)),
        ([{"status": "SomethingNobodyKnows"}], ("SomethingNobodyKnows",)),
        ({"status": "Degraded"}, ("Degraded",)),
        ("odd", ("odd",)),
        ([7], ("7",)),
    ],
)
def test_volume_health_is_unknown_where_nobody_speaks_and_trouble_where_nobody_understands(
    told: object, found: tuple[str, ...] | None
) -> None:
    assert read.health(told) == found


def test_an_attachment_tells_what_went_wrong() -> None:
    status = {"attached": False, "attachError": {"message": "rpc error: no path\nstack"}}
    spec = {"source": {"persistentVolumeName": "pv-1"}, "nodeName": "n"}
    assert read.attachment({"spec": spec, "status": status}, NOW) == Attachment(
        "pv-1", "n", False, "attachError: rpc error: no path"
    )
    assert read.attachment({"spec": {"source": {"inlineVolumeSpec": {}}}}, NOW) is None


def test_events_of_both_apis_are_read() -> None:
    old = {
        "involvedObject": {"kind": "Pod", "name": "p"},
        "reason": "FailedMount",
        "message": "no",
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }
    new = {
        "regarding": {"kind": "Pod", "name": "p"},
        "reason": "FailedMount",
        "note": "no",
        "eventTime": "2026-01-01T00:00:00.000001Z",
    }
    first, second = read.event(old, NOW), read.event(new, NOW)
    assert (first.name, first.text, first.seen_at) == ("p", "no", NOW)
    assert (second.name, second.text) == ("p", "no")
    assert read.event({}, NOW).seen_at is None


def test_claims_volumes_classes_and_nodes_storage_are_read() -> None:
    claim = read.claim({"metadata": {"name": "c"}, "spec": {"volumeName": "pv"}, "status": {"phase": "Lost"}}, NOW)
    assert (claim.phase, claim.volume, claim.health) == ("Lost", "pv", None)
    shared = read.volume(
        {"metadata": {"name": "pv"}, "spec": {"accessModes": ["ReadWriteMany"], "csi": {"driver": "d"}}}, NOW
    )
    assert (shared.exclusive, shared.driver) == (False, "d")
    node = read.node_storage(
        {"metadata": {"name": "n"}, "spec": {"drivers": [{"name": "d", "allocatable": {"count": 5}}]}}, NOW
    )
    assert node.drivers == {"d": 5}
    assert read.storage_class({"metadata": {"name": "fast"}, "provisioner": "d"}, NOW).binding == "Immediate"
    assert read.driver({"metadata": {"name": "d"}}, NOW) == "d"


def resource(status: dict[str, Any], kind: str = "Kafka", **meta: object) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "north", "generation": 2, **meta}, "spec": {}, "status": status}


@pytest.mark.parametrize(
    ("item", "stands"),
    [
        (resource(condition("Ready", "True") | {"observedGeneration": 2}), ResourceState.READY),
        (
            resource(condition("NotReady", "True", reason="Creating") | {"observedGeneration": 2}),
            ResourceState.NOT_READY,
        ),
        (resource(condition("Ready", "True") | {"observedGeneration": 1}), ResourceState.BEHIND),
        (resource(condition("ReconciliationPaused", "True") | {"observedGeneration": 1}), ResourceState.PAUSED),
        (
            resource(condition("Ready", "True"), annotations={"strimzi.io/pause-reconciliation": "true"}),
            ResourceState.PAUSED,
        ),
        (resource(condition("Ready", "False") | {"observedGeneration": 2}), ResourceState.SILENT),
        (resource({}), ResourceState.SILENT),
        (resource(condition("Error", "True"), "StrimziPodSet"), ResourceState.NOT_READY),
        (resource({"pods": 3, "readyPods": 3}, "StrimziPodSet"), ResourceState.READY),
    ],
)
def test_a_strimzi_resource_stands_as_its_conditions_say_in_sum(item: dict[str, Any], stands: ResourceState) -> None:
    assert standing(item) is stands


def test_a_mirror_maker_that_is_ready_tells_of_its_failed_tasks() -> None:
    tasks = [{"id": 0, "state": "RUNNING"}, {"id": 1, "state": "FAILED", "trace": "Exception: no\n\tat x"}]
    connectors = [{"name": "a->b.MirrorSourceConnector", "connector": {"state": "RUNNING"}, "tasks": tasks}]
    found = strimzi(resource(condition("Ready", "True") | {"connectors": connectors}, "KafkaMirrorMaker2"), NOW)
    assert found.standing is ResourceState.READY
    assert found.failed == ("a->b.MirrorSourceConnector task 1 failed: Exception: no",)


def test_a_connector_tells_of_its_own() -> None:
    own = {"name": "sink", "connector": {"state": "FAILED"}, "tasks": []}
    assert strimzi(resource({"connectorStatus": own}, "KafkaConnector"), NOW).failed == ("sink failed",)


def test_pools_and_pod_sets_count() -> None:
    pool = resource({"nodeIds": [0, 1], "replicas": 2}, "KafkaNodePool")
    pool["spec"] = {"replicas": 3, "roles": ["broker"]}
    found = strimzi(pool, NOW)
    assert (found.wanted, found.present, found.ids) == (3, 2, (0, 1))
    pool["spec"]["roles"] = ["controller"]
    assert strimzi(pool, NOW).ids == ()
    pods = strimzi(resource({"pods": 3, "readyPods": 2}, "StrimziPodSet"), NOW)
    assert (pods.wanted, pods.present) == (3, 2)


def test_a_rebalance_tells_its_state_and_warnings_are_told() -> None:
    assert strimzi(resource(condition("Rebalancing", "True"), "KafkaRebalance"), NOW).phase == "Rebalancing"
    warned = resource(condition("Warning", "True", reason="KafkaStorage", message="one disk\nmore"))
    assert strimzi(warned, NOW).said == ("KafkaStorage: one disk",)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["metadata", "spec", "status", "kind"]), VALUES), st.sampled_from([
    read.pod, read.node, read.lease, read.claim, read.volume, read.attachment, read.node_storage, read.driver,
    read.storage_class, read.event, strimzi,
]))  # fmt: skip
def test_shapes_that_nobody_sends_raise_nothing_that_is_not_caught(item: dict[str, Any], reader: Any) -> None:
    try:
        reader(item, NOW)
    except (AttributeError, KeyError, TypeError, ValueError):
        return
