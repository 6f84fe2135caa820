"""The real things that the drivers are held against: one small lab for the tier. Where it is missing, tests fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drctl.lab import Lab
from tests.contract.api import ApiHarness, FakeApiHarness
from tests.contract.harness import FakeHarness, Harness
from tests.contract.link import ConnectorsLinkHarness, FakeLinkHarness, LinkHarness, RealLinkHarness, StrimziLinkHarness
from tests.contract.real_site import RealHarness
from tests.contract.rollouts import FakeRolloutsHarness, RolloutsHarness, fake_kube_rollouts
from tests.contract.routing import FIELDS, KubeRoutingHarness, fake_kube_routing
from tests.contract.scaling import FakeScalingHarness, ScalingHarness
from tests.leftovers import no_thread_is_left


@pytest.fixture(autouse=True)
def _no_thread_outlives_its_test() -> Iterator[None]:
    with no_thread_is_left():
        yield


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab.start(tmp_path_factory.mktemp("contract") / "lab", small=True) as running:
        yield running


@pytest.fixture(scope="session")
def real_sites(lab: Lab) -> Iterator[dict[str, RealHarness]]:
    """Both sites of the lab by name, connected once: logging in costs more than most tests do."""
    sites = {name: RealHarness(lab, name) for name in ("north", "south")}
    yield sites
    for each in sites.values():
        each.close()


@pytest.fixture(params=["fake", "north", "south"])
def harness(request: pytest.FixtureRequest) -> Harness:
    """A site to play on: in memory, real with passwords (north), real with client certificates (south)."""
    if request.param == "fake":
        return FakeHarness()
    sites: dict[str, RealHarness] = request.getfixturevalue("real_sites")
    return sites[request.param]


@pytest.fixture(params=["fake", "real", "connectors"])
def bare_link(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LinkHarness]:
    """A link without connectors."""
    yield from _link(request, tmp_path)


@pytest.fixture(params=["fake", "real", "v1", "v1beta2", "connectors"])
def link(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LinkHarness]:
    """A link without connectors, or with stopped ones where it is driven through Strimzi's resources, in each shape."""
    yield from _link(request, tmp_path, bare=False)


def _link(request: pytest.FixtureRequest, folder: Path, *, bare: bool = True) -> Iterator[LinkHarness]:
    if request.param == "fake":
        yield FakeLinkHarness()
        return
    lab, sites = request.getfixturevalue("lab"), request.getfixturevalue("real_sites")
    real: RealLinkHarness | StrimziLinkHarness | ConnectorsLinkHarness
    match request.param:
        case "real":
            real = RealLinkHarness(lab, sites, folder)
        case "connectors":
            real = ConnectorsLinkHarness(lab, sites, "v1", bare=bare)
        case version:
            real = StrimziLinkHarness(lab, sites, version)
    yield real
    real.close()


@pytest.fixture
def api() -> ApiHarness:
    """A Kubernetes API in memory; tests/kube runs the same suite on a real one."""
    return FakeApiHarness()


@pytest.fixture
def scaling() -> ScalingHarness:
    """Deployments in memory; tests/kube runs the same suite on a real API server."""
    return FakeScalingHarness()


@pytest.fixture(params=FIELDS)
def kube_routing(request: pytest.FixtureRequest) -> KubeRoutingHarness:
    """Client routing in Kubernetes, in memory; tests/kube runs the same suite on a real API server."""
    return fake_kube_routing(request.param)


@pytest.fixture(params=["fake", "driver"])
def rollouts(request: pytest.FixtureRequest) -> RolloutsHarness:
    """Restarts in memory; tests/kube runs the same suite on a real API server."""
    return FakeRolloutsHarness() if request.param == "fake" else fake_kube_rollouts()
