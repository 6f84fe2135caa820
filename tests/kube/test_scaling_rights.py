"""The rights for Deployments that move, as docs/kubernetes-rights.md lists them: each is needed, and named."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drctl.drivers.kube.scaling import KubeScaling
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Forbidden
from drctl.model.resources import NODE_POOL
from drctl.model.scaling import DEPLOYMENT, STATEFUL_SET, Scalable
from drctl.model.scaling import NODE_POOL as POOL
from tests.contract.waiting import until
from tests.kube.harness import StrimziPlane, resources, user
from tests.kube.scaling import RealScalingHarness
from tests.kube.strimzi_manifests import node_pool

type Act = Callable[[KubeScaling], object]

CLOCK = SystemClock()
SHOP, PLANT = Scalable(DEPLOYMENT, "shop"), Scalable(STATEFUL_SET, "plant")
BROKERS = Scalable(POOL, "broker", take=True)
"""Its number stands in kubectl's manifest."""


def scaled(what: Scalable) -> Act:
    """Scale it to another number than it has."""
    return lambda scaling: scaling.scale(what, scaling.state(what).wanted + 1)


NEEDED: dict[tuple[str, str, str], Act] = {
    ("apps", "deployments", "get"): lambda scaling: scaling.state(SHOP),
    ("apps", "deployments", "patch"): lambda scaling: scaling.keep(SHOP, 2),
    ("apps", "deployments/scale", "patch"): scaled(SHOP),
    ("apps", "statefulsets", "get"): lambda scaling: scaling.state(PLANT),
    ("apps", "statefulsets", "patch"): lambda scaling: scaling.keep(PLANT, 2),
    ("apps", "statefulsets/scale", "patch"): scaled(PLANT),
    ("", "pods", "list"): lambda scaling: scaling.state(SHOP),
    ("autoscaling", "horizontalpodautoscalers", "list"): lambda scaling: scaling.scalers(SHOP),
    ("keda.sh", "scaledobjects", "list"): lambda scaling: scaling.scalers(SHOP),
    ("kafka.strimzi.io", "kafkanodepools", "get"): lambda scaling: scaling.state(BROKERS),
    ("kafka.strimzi.io", "kafkanodepools/scale", "patch"): scaled(BROKERS),
}
"""Each right, by group, resource and verb, with what of drctl needs it."""


@pytest.fixture(scope="module")
def site(strimzi: StrimziPlane) -> Iterator[RealScalingHarness]:
    """A namespace with one of each, and KEDA's definition."""
    made = RealScalingHarness(strimzi.plane)
    made.create(SHOP, 1)
    made.create(PLANT, 1)
    made.scale_by_events(SHOP, paused=True)
    kind = NODE_POOL.at(strimzi.version)
    pool = node_pool()
    meta = {**pool["metadata"], "namespace": made.namespace}
    made.kubectl.apply({**pool, "apiVersion": kind.api_version, "kind": kind.name, "metadata": meta})
    yield made
    made.close()


def _as_user(site: RealScalingHarness, folder: Path, without: tuple[str, str, str] | None = None) -> KubeScaling:
    rules: list[dict[str, Any]] = [
        {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        for group, resource, verb in NEEDED
        if (group, resource, verb) != without
    ]
    kubeconfig = user(site.plane, folder, rules)
    return KubeScaling(resources(site.plane, site.namespace, kubeconfig=kubeconfig))


def _refusal(act: Act, scaling: KubeScaling) -> str:
    try:
        act(scaling)
    except Forbidden as refused:
        return str(refused)
    return ""


def test_with_all_of_them_everything_that_moves_deployments_succeeds(site: RealScalingHarness, tmp_path: Path) -> None:
    scaling = _as_user(site, tmp_path)
    # The server's authorizer sees new bindings a moment after they are stored.
    until(CLOCK, "the rights are in force", lambda: not any(_refusal(act, scaling) for act in NEEDED.values()))
    scaling.resources.close()


@pytest.mark.parametrize("right", NEEDED, ids=lambda right: "-".join(filter(None, right)).replace("/", "-"))
def test_each_is_needed_and_its_verb_and_resource_are_named_where_it_is_missing(
    site: RealScalingHarness, tmp_path: Path, right: tuple[str, str, str]
) -> None:
    scaling = _as_user(site, tmp_path, without=right)
    _, resource, verb = right
    named = f'cannot {verb} resource "{resource}"'
    until(CLOCK, f"it is said that one {named}", lambda: named in _refusal(NEEDED[right], scaling))
    scaling.resources.close()
