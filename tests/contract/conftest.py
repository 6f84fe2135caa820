"""The real things that the drivers are held against: one small lab for the tier. Where it is missing, tests fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drctl.lab import Lab
from tests.contract.link import FakeLinkStage, LinkStage, RealLinkStage
from tests.contract.stage import FakeStage, RealStage, Stage
from tests.leftovers import no_thread_is_left


@pytest.fixture(autouse=True)
def _no_thread_outlives_its_test() -> Iterator[None]:
    with no_thread_is_left():
        yield


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab.start(tmp_path_factory.mktemp("contract") / "lab", small=True) as running:
        yield running


@pytest.fixture(params=["fake", "north", "south"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A site to play on: in memory, real with passwords (north), real with client certificates (south)."""
    if request.param == "fake":
        yield FakeStage()
        return
    real = RealStage(request.getfixturevalue("lab"), request.param)
    yield real
    real.close()


@pytest.fixture(params=["fake", "real"])
def link(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LinkStage]:
    """A link without connectors."""
    if request.param == "fake":
        yield FakeLinkStage()
        return
    real = RealLinkStage(request.getfixturevalue("lab"), tmp_path)
    yield real
    real.close()
