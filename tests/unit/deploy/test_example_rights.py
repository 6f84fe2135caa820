"""The rights that the example gives drctl where its clients' routing is kept: enough, and each one needed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from drctl.config import load
from drctl.drivers.kube.client_routing import KubeClientRouting
from drctl.drivers.kube.resources import KubeResources
from drctl.errors import Forbidden
from drctl.model.resources import SERVICE
from drctl.model.routing import RoutingField
from tests.fakes import FakeApi, FakeClock, FakeResources
from tests.unit.deploy.authorizing import AuthorizedApi, Grant

EXAMPLE = Path(__file__).parents[3] / "examples" / "strimzi"
VERBS = ("get", "patch")


def documents(name: str) -> list[dict[str, Any]]:
    return list(YAML(typ="safe").load_all((EXAMPLE / "clients" / name).read_text()))


@contextmanager
def routed(folder: Path, *, without: str = "") -> Iterator[KubeClientRouting]:
    """What the example says was applied: the Service, its field as drctl, the Service without it; less one verb."""
    service, role = documents("service.yaml")
    (field,) = documents("routing.yaml")
    api, space = FakeApi(), service["metadata"]["namespace"]
    left = {key: value for key, value in service["spec"].items() if key != "externalName"}
    for spec, manager in ((service["spec"], "kubectl"), (field["spec"], "drctl"), (left, "kubectl")):
        FakeResources(api, FakeClock(), namespace=space, manager=manager).apply(SERVICE, "kafka", {"spec": spec})
    server = AuthorizedApi(api)
    (rule,) = role["rules"]
    assert tuple(rule["verbs"]) == VERBS
    for verb in (each for each in rule["verbs"] if each != without):
        server.grants.append(Grant(space, "", rule["resources"][0], verb, rule["resourceNames"][0]))
    routing = load(EXAMPLE / "plan.yaml").client_routing
    assert isinstance(routing, RoutingField)
    with server.serving(folder) as kubeconfig:
        resources = KubeResources("of client routing", kubeconfig, "lab", routing.place.namespace, FakeClock())
        yield KubeClientRouting(routing, resources)
        resources.close()


def test_what_the_example_grants_and_hands_over_is_enough_to_turn_clients(tmp_path: Path) -> None:
    with routed(tmp_path) as routing:
        assert routing.site() == "north"
        assert routing.obstacle() == ""
        for site in (None, "south", "north"):
            routing.route_to(site)
            assert routing.site() == site


ACTS: dict[str, Callable[[KubeClientRouting], object]] = {
    "get": KubeClientRouting.site,
    "patch": lambda routing: routing.route_to("south"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_needed_and_named_where_it_is_missing(tmp_path: Path, verb: str) -> None:
    with routed(tmp_path, without=verb) as routing, pytest.raises(Forbidden, match=f"cannot {verb} resource"):
        ACTS[verb](routing)


def test_a_change_that_is_not_granted_is_told_before(tmp_path: Path) -> None:
    with routed(tmp_path, without="patch") as routing:
        assert 'cannot patch resource "services"' in routing.obstacle()
