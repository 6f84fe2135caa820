"""A real Kubernetes for the tier. Where it cannot start, tests fail."""

from collections.abc import Iterator

import pytest

from drctl.lab.kube import ControlPlane, KubeLab, control_plane
from drctl.lab.kube.kubectl import Kubectl
from tests.contract.api import ApiHarness
from tests.contract.rollouts import ResourcesRolloutsHarness, RolloutsHarness
from tests.contract.routing import FIELDS, OWNER, KubeRoutingHarness, ResourcesRoutingHarness
from tests.contract.scaling import ScalingHarness
from tests.kube.harness import RealApiHarness, StrimziPlane, namespace, prepare, resources
from tests.kube.scaling import RealScalingHarness


@pytest.fixture(scope="session")
def kube_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeLab]:
    """Three broker pods at north, one process at south. Tests leave it as they found it."""
    with KubeLab.start(tmp_path_factory.mktemp("kube") / "lab", small=True) as lab:
        yield lab


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A bare API server in which namespaces of our own are made."""
    with control_plane(tmp_path_factory.mktemp("plane") / "kubernetes") as running:
        yield running


@pytest.fixture
def api(plane: ControlPlane) -> Iterator[ApiHarness]:
    """A namespace of its own on the real API server, for the suite in tests/contract."""
    harness = RealApiHarness(plane)
    yield harness
    harness.close()


@pytest.fixture
def scaling(plane: ControlPlane) -> Iterator[ScalingHarness]:
    """Deployments in a namespace of their own on the real API server, for the suite in tests/contract."""
    harness = RealScalingHarness(plane)
    yield harness
    harness.close()


@pytest.fixture(params=FIELDS)
def kube_routing(request: pytest.FixtureRequest, plane: ControlPlane) -> Iterator[KubeRoutingHarness]:
    """Client routing in a namespace of its own on the real API server, for the suite in tests/contract."""
    space = namespace(plane)
    ours, owner = resources(plane, space), resources(plane, space, manager=OWNER)
    kubectl = Kubectl(plane.kubeconfig, space)
    yield ResourcesRoutingHarness(
        request.param, ours, owner, lambda kind, name: kubectl.run("delete", kind.name.lower(), name)
    )
    for each in (ours, owner):
        each.close()


@pytest.fixture
def rollouts(plane: ControlPlane) -> Iterator[RolloutsHarness]:
    """Deployments to restart in a namespace of their own on the real API server, for the suite in tests/contract."""
    space = namespace(plane)
    kubectl = Kubectl(plane.kubeconfig, space)
    # Pods need one, which a controller makes elsewhere.
    account = {"apiVersion": "v1", "kind": "ServiceAccount"}
    kubectl.apply(account | {"metadata": {"name": "default", "namespace": space}})
    ours, owner = resources(plane, space), resources(plane, space, manager=OWNER)
    yield ResourcesRolloutsHarness(
        ours, owner, lambda kind, name: kubectl.run("delete", kind.name.lower(), name, "--grace-period=0", "--force")
    )
    for each in (ours, owner):
        each.close()


@pytest.fixture(scope="session", params=["v1", "v1beta2"])
def strimzi(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StrimziPlane]:
    """An API server with Strimzi's definitions in one version."""
    with control_plane(tmp_path_factory.mktemp(request.param) / "kubernetes") as running:
        yield prepare(running, request.param)
