"""The contract of ClientRouting, for the fake, a file, and resources of Kubernetes in memory."""

from pathlib import Path

import pytest

from drctl.ports import ClientRouting
from tests.contract.routing import FIELDS, FakeRoutingHarness, FileRoutingHarness, fake_kube_routing


@pytest.fixture(params=["fake", "file", *FIELDS])
def routing(request: pytest.FixtureRequest, tmp_path: Path) -> ClientRouting:
    if request.param == "fake":
        return FakeRoutingHarness().routing
    return FileRoutingHarness(tmp_path).routing if request.param == "file" else fake_kube_routing(request.param).routing


def test_client_routing_points_where_it_was_turned(routing: ClientRouting) -> None:
    assert routing.site() == "north"
    for site in (None, None, "south", "south", "north"):
        routing.route_to(site)
        assert routing.site() == site


def test_asking_for_obstacles_changes_nothing(routing: ClientRouting) -> None:
    for site in ("north", None, "south"):
        routing.route_to(site)
        assert routing.obstacle() == ""
        assert routing.site() == site
