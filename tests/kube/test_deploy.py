"""What deploy/ ships on a real API server, and the chart rendered by Helm."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from drctl.errors import LabError
from drctl.lab.kube import ControlPlane, control_plane
from drctl.model.resources import Object
from drctl.service.election import LEASE
from tests.kube.deployed import DEPLOY, Manifest, apply_strictly, built, documents, everywhere, tool
from tests.kube.harness import resources

type Key = tuple[str, str, str]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server with the base, and the namespace of a site."""
    with control_plane(tmp_path_factory.mktemp("deploy") / "kubernetes") as plane:
        plane.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kafka"}})
        apply_strictly(plane, built("base"))
        yield plane


def by_key(manifests: list[Manifest]) -> dict[Key, Manifest]:
    return {(m["kind"], m["metadata"]["name"], m["metadata"].get("namespace", "")): m for m in manifests}


def chart(*more: str) -> dict[Key, Manifest]:
    """The chart, rendered for namespace drctl."""
    command = [tool("helm"), "template", "drctl", str(DEPLOY / "chart"), "--namespace", "drctl", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return by_key(documents(done.stdout))


def test_the_base_is_accepted_whole_and_once_more(installed: ControlPlane) -> None:
    apply_strictly(installed, built("base"))
    found = json.loads(everywhere(installed).run("get", "deploy/drctl", "-n", "drctl", "-o", "json"))
    assert found["spec"]["replicas"] == 2


def test_a_field_that_the_server_does_not_know_would_be_refused(installed: ControlPlane) -> None:
    broken = deepcopy(by_key(built("base"))["Deployment", "drctl", "drctl"])
    broken["spec"]["template"]["spec"]["containers"][0]["readOnlyRoot"] = True
    with pytest.raises(LabError, match="readOnlyRoot"):
        apply_strictly(installed, [broken], "--dry-run=server")


@pytest.mark.parametrize("site", ["north", "south"])
def test_the_overlays_are_accepted(installed: ControlPlane, site: str) -> None:
    manifests = built(f"overlays/two-sites/{site}")
    monitors = [each for each in manifests if each["kind"] == "ServiceMonitor"]
    assert len(monitors) == (site == "south")  # its definition belongs to the Prometheus operator
    rest = [each for each in manifests if each not in monitors]
    # Applied for good a claim could not change its class, as it could not in use.
    apply_strictly(installed, [each for each in rest if each["kind"] != "PersistentVolumeClaim"], "--dry-run=server")


def test_the_component_that_shows_resources_is_accepted_with_the_base(installed: ControlPlane, tmp_path: Path) -> None:
    base, component = (os.path.relpath(DEPLOY / part, tmp_path.resolve()) for part in ("base", "components/resources"))
    (tmp_path / "kustomization.yaml").write_text(json.dumps({"resources": [base], "components": [component]}))
    manifests = built(str(tmp_path))
    apply_strictly(installed, manifests, "--dry-run=server")
    pod = by_key(manifests)["Deployment", "drctl", "drctl"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["args"][-1] == "--show-resources=$(POD_NAMESPACE)"


def test_applying_again_takes_nothing_from_who_leads(installed: ControlPlane) -> None:
    api = resources(installed, "drctl")
    api.patch(LEASE, "drctl", {"spec": {"holderIdentity": "one", "leaseTransitions": 3, "leaseDurationSeconds": 30}})
    before: Object = api.get(LEASE, "drctl")
    apply_strictly(installed, built("base"))
    assert api.get(LEASE, "drctl")["spec"] == before["spec"]
    api.close()


def _privileged(spec: dict[str, Any]) -> None:
    spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True


def _unconfined(spec: dict[str, Any]) -> None:
    del spec["securityContext"]["seccompProfile"]


def _capable(spec: dict[str, Any]) -> None:
    del spec["containers"][0]["securityContext"]["capabilities"]


def _root(spec: dict[str, Any]) -> None:
    spec["securityContext"].update(runAsNonRoot=False, runAsUser=0)


def _pod(change: Callable[[dict[str, Any]], None] | None = None) -> Manifest:
    template = deepcopy(by_key(built("base"))["Deployment", "drctl", "drctl"]["spec"]["template"])
    if change is not None:
        change(template["spec"])
    meta = {**template["metadata"], "name": "drctl-0", "namespace": "drctl"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]}


def test_its_pods_are_let_into_a_restricted_namespace(installed: ControlPlane) -> None:
    apply_strictly(installed, [_pod()], "--dry-run=server")


@pytest.mark.parametrize("change", [_privileged, _unconfined, _capable, _root])
def test_a_pod_with_more_than_it_needs_is_not(
    installed: ControlPlane, change: Callable[[dict[str, Any]], None]
) -> None:
    with pytest.raises(LabError, match='violates PodSecurity "restricted'):
        apply_strictly(installed, [_pod(change)], "--dry-run=server")


def test_the_chart_renders_to_the_base() -> None:
    base = by_key(built("base"))
    # Helm makes the namespace itself: --create-namespace.
    del base["Namespace", "drctl", ""]
    # And would delete the claim, which goes with the namespace elsewhere.
    base["PersistentVolumeClaim", "drctl-state", "drctl"]["metadata"]["annotations"] = {
        "helm.sh/resource-policy": "keep"
    }
    assert chart() == base


def test_what_the_chart_leaves_out_is_there_on_request() -> None:
    more = chart("--set", "serviceMonitor=true,volumeFigures=true,kafkaConnectors=true,clientRestarts=true")
    assert more.keys() - chart().keys() == {
        ("ServiceMonitor", "drctl", "drctl"),
        ("ClusterRole", "drctl-volume-figures", ""),
        ("ClusterRoleBinding", "drctl-volume-figures", ""),
        ("Role", "drctl-connectors", "kafka"),
        ("RoleBinding", "drctl-connectors", "kafka"),
        ("Role", "drctl-client-restarts", "clients"),
        ("RoleBinding", "drctl-client-restarts", "clients"),
    }


def test_the_charts_alerts_are_those_of_the_component() -> None:
    (component,) = documents((DEPLOY / "components/alerts/alerts.yaml").read_text())
    assert chart("--set", "alerts=true")["PrometheusRule", "drctl", "drctl"] == component


def test_the_charts_values_reach_where_they_belong() -> None:
    told = "image=registry.example/drctl:9,place=south,credentials=mine,storageClass=cephfs,site.namespace=streams"
    made = chart("--set", told)
    pod = made["Deployment", "drctl", "drctl"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "registry.example/drctl:9"
    assert "--place=south" in pod["containers"][0]["args"]
    assert {"secret": {"name": "mine"}} in pod["volumes"][0]["projected"]["sources"]
    assert made["PersistentVolumeClaim", "drctl-state", "drctl"]["spec"]["storageClassName"] == "cephfs"
    assert ("Role", "drctl-site", "streams") in made
