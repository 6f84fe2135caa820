"""Watching a real API server, with all rights and with one right missing at a time."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from drctl.drivers.kube.kubelets import ProxiedKubelets
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Forbidden
from drctl.lab.kube import ControlPlane
from drctl.lab.kube.kubectl import Kubectl
from drctl.model.resources import CONFIG_MAP, STRIMZI_KINDS
from drctl.monitors.kubernetes import KubeObserver
from tests.kube.harness import RealApiHarness, namespace, resources, user

CLOCK = SystemClock()
KINDS = {
    "pods": ("", "pods"),
    "nodes": ("", "nodes"),
    "claims": ("", "persistentvolumeclaims"),
    "volumes": ("", "persistentvolumes"),
    "attachments": ("storage.k8s.io", "volumeattachments"),
    "leases": ("coordination.k8s.io", "leases"),
    "storage": ("storage.k8s.io", "csinodes"),
    "drivers": ("storage.k8s.io", "csidrivers"),
    "classes": ("storage.k8s.io", "storageclasses"),
    "events": ("", "events"),
}


def rules(*, without: str = "", verb: str = "list") -> list[dict[str, Any]]:
    """What drctl needs to look, less one verb on one kind."""
    made = []
    for name, (group, plural) in KINDS.items():
        verbs = [each for each in ("list", "watch") if (name, each) != (without, verb)]
        made.append({"apiGroups": [group], "resources": [plural], "verbs": verbs})
    return made


def pod(name: str, space: str) -> dict[str, Any]:
    containers = [{"name": "kafka", "image": "none"}]
    meta = {"name": name, "namespace": space, "labels": {"app": "kafka"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": containers}}


def with_pods(plane: ControlPlane, space: str) -> Kubectl:
    """Nothing runs there that would make the account which every pod needs."""
    kubectl = Kubectl(plane.kubeconfig, space)
    meta = {"name": "default", "namespace": space}
    kubectl.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    return kubectl


def observer_of(plane: ControlPlane, space: str, kubeconfig: Path | None = None, **more: Any) -> KubeObserver:
    api = resources(plane, space, kubeconfig=kubeconfig)
    return KubeObserver(api, ProxiedKubelets(api.client, space), CLOCK, "app=kafka", **more)


def test_everything_is_seen_with_the_rights_that_are_asked_for(plane: ControlPlane, tmp_path: Path) -> None:
    space = namespace(plane)
    kubectl = with_pods(plane, space)
    kubectl.apply(pod("kafka-0", space))
    watching = observer_of(plane, space, user(plane, tmp_path, rules()))
    watching.look()
    facts = watching.facts()
    assert {name: each.unknown for name, each in facts.readings().items() if not each.known} == {}
    seen = (facts.pods.value or {})["kafka-0"]
    assert (seen.broker, seen.phase, seen.node) == (0, "Pending", "")


@pytest.mark.parametrize("verb", ["list", "watch"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_right_that_is_missing_blinds_that_reading_alone_and_is_named(
    plane: ControlPlane, tmp_path: Path, kind: str, verb: str
) -> None:
    watching = observer_of(plane, namespace(plane), user(plane, tmp_path, rules(without=kind, verb=verb)))
    watching.look()
    if verb == "watch":
        for each in watching.all:
            each.follow(1)
    unknown = {name: each.unknown for name, each in watching.facts().readings().items() if not each.known}
    if kind == "nodes":
        assert unknown.pop("skew") == unknown["nodes"]
    if kind == "pods":
        unknown.pop("usage", None)
    assert list(unknown) == [kind]
    assert f'cannot {verb} resource "{KINDS[kind][1]}"' in unknown[kind]


def test_what_changes_is_seen_by_watching(plane: ControlPlane) -> None:
    space = namespace(plane)
    kubectl = with_pods(plane, space)
    watching = observer_of(plane, space)
    assert watching.pods.follow(1)
    kubectl.apply(pod("kafka-1", space))
    assert watching.pods.follow(1)
    assert list(watching.pods.reading().value or ()) == ["kafka-1"]
    kubectl.run("delete", "pod", "kafka-1", "--grace-period=0", "--force")
    assert watching.pods.follow(1)
    assert watching.pods.reading().value == {}


def test_definitions_that_are_missing_are_said_to_be(plane: ControlPlane) -> None:
    watching = observer_of(plane, namespace(plane), kinds=STRIMZI_KINDS)
    watching.look()
    said = [each.said[0] for each in watching.facts().strimzi.value or ()]
    assert len(said) == 9
    assert all("is not served" in each for each in said)


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_a_right_to_act_that_is_missing_is_named(plane: ControlPlane, tmp_path: Path, verb: str) -> None:
    harness = RealApiHarness(plane)
    harness.put("one", {"a": "1"})
    verbs = [each for each in ("get", "patch", "create") if each != verb]
    few = user(plane, tmp_path, [{"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}])
    api = resources(plane, harness.namespace, kubeconfig=few)
    act = {
        "get": lambda: api.get(CONFIG_MAP, "one"),
        "patch": lambda: api.apply(CONFIG_MAP, "one", {"data": {"b": "2"}}),
    }
    with pytest.raises(Forbidden, match=f'cannot {verb} resource "configmaps"') as caught:
        act[verb]()
    assert "grant that verb" in caught.value.remedy
    assert deepcopy(harness.resources.get(CONFIG_MAP, "one"))["data"] == {"a": "1"}
    api.close()
    harness.close()
