"""Watching a real API server, with all rights and with one right missing at a time."""

import operator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from drctl.drivers.kube.kubelets import ProxiedKubelets
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Forbidden
from drctl.lab.kube import ControlPlane
from drctl.lab.kube.kubectl import Kubectl
from drctl.model.resources import CLAIM, CONFIG_MAP, POD, STRIMZI_KINDS
from drctl.monitors.kubernetes import KubeObserver
from tests.contract.waiting import settled
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


CLAIMED: dict[str, Any] = {
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Mi"}},
        "storageClassName": "none",
    }
}


def pod(name: str, space: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    containers = [{"name": "kafka", "image": "none"}]
    meta = {"name": name, "namespace": space, "labels": labels or {"app": "kafka"}}
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


def unseen(watching: KubeObserver, verb: str = "list") -> dict[str, str]:
    """Look, by that verb as well, and return what is unknown then, with the reasons."""
    watching.look()
    if verb == "watch":
        for each in watching.all:
            each.follow(1)
    return {name: each.unknown for name, each in watching.facts().readings().items() if not each.known}


def followed(watching: KubeObserver) -> list[str]:
    """Watch the pods for a second and return the names of those that are there then."""
    watching.pods.follow(1)
    return list(watching.pods.reading().value or ())


def test_everything_is_seen_with_the_rights_that_are_asked_for(plane: ControlPlane, tmp_path: Path) -> None:
    space = namespace(plane)
    kubectl = with_pods(plane, space)
    kubectl.apply(pod("kafka-0", space))
    watching = observer_of(plane, space, user(plane, tmp_path, rules()))
    # The server's authorizer sees a new binding a moment after it is stored.
    settled(CLOCK, "everything is seen", lambda: unseen(watching), operator.not_)
    seen = (watching.facts().pods.value or {})["kafka-0"]
    assert (seen.broker, seen.phase, seen.node) == (0, "Pending", "")


@pytest.mark.parametrize("verb", ["list", "watch"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_right_that_is_missing_blinds_that_reading_alone_and_is_named(
    plane: ControlPlane, tmp_path: Path, kind: str, verb: str
) -> None:
    watching = observer_of(plane, namespace(plane), user(plane, tmp_path, rules(without=kind, verb=verb)))
    # What is known by it is unknown without it, too: the clock by the list of nodes, volume figures by the pods.
    implied = {"nodes": {"skew"}, "pods": {"usage"}}.get(kind, set())
    unknown = settled(
        CLOCK,
        f"{kind} alone are unknown",
        lambda: unseen(watching, verb),
        lambda found: kind in found and found.keys() <= {kind, *implied},
    )
    assert f'cannot {verb} resource "{KINDS[kind][1]}"' in unknown[kind]
    assert {found for name, found in unknown.items() if name == "skew"} <= {unknown[kind]}


def test_what_changes_is_seen_by_watching(plane: ControlPlane) -> None:
    space = namespace(plane)
    kubectl = with_pods(plane, space)
    watching = observer_of(plane, space)
    watching.look()
    assert followed(watching) == []
    kubectl.apply(pod("kafka-1", space))
    settled(CLOCK, "the pod is seen", lambda: followed(watching), lambda names: names == ["kafka-1"])
    kubectl.run("delete", "pod", "kafka-1", "--grace-period=0", "--force")
    settled(CLOCK, "the pod is gone", lambda: followed(watching), operator.not_)


def test_a_thousand_pods_of_others_are_not_even_sent_and_their_claims_come_in_pages(plane: ControlPlane) -> None:
    space = namespace(plane)
    with_pods(plane, space)
    others = resources(plane, space, manager="others")
    for number in range(1000):
        others.apply(POD, f"other-{number}", pod("", space, labels={"app": "other"}))
    for number in range(600):  # a page holds 500
        others.apply(CLAIM, f"other-{number}", CLAIMED)
    others.apply(POD, "kafka-0", pod("", space))
    watching = observer_of(plane, space)
    assert unseen(watching) == {}
    assert list(watching.pods.reading().value or ()) == ["kafka-0"]
    assert len(watching.claims.reading().value or ()) == 600
    translated = watching.pods.translated
    others.patch(POD, "other-1", {"metadata": {"labels": {"changed": "yes"}}})
    assert followed(watching) == ["kafka-0"]
    assert watching.pods.translated == translated
    others.close()


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
