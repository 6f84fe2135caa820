"""Client routing in Kubernetes as the plan file names it: what becomes of it, and what is refused, with its line."""

from pathlib import Path

import pytest

from drctl.config import load
from drctl.errors import ConfigInvalid
from drctl.model.resources import CONFIG_MAP, SERVICE
from drctl.model.routing import CLOSED_NAME, CLOSED_SELECTOR, RoutingField
from drctl.model.scaling import DEPLOYMENT, STATEFUL_SET, Scalable
from tests.unit.config.plan_files import GOOD, written

FILE = "clientRouting: {file: client-routing.json}"
WHERE = "kubeconfig: c, context: clients, namespace: shop"
EXAMPLES = Path(__file__).parents[3] / "examples"


def routed(part: str, where: str = WHERE) -> str:
    return GOOD.replace(FILE, f"clientRouting: {{kubernetes: {{{where}, {part}}}}}")


def read(folder: Path, part: str, where: str = WHERE) -> RoutingField:
    found = load(written(folder, routed(part, where))).client_routing
    assert isinstance(found, RoutingField)
    return found


def test_a_config_map_holds_the_sites_name_or_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, "configMap: {name: client-routing}")
    assert (found.kind, found.name, found.field) == (CONFIG_MAP, "client-routing", ("data", "site"))
    assert (found.values, found.closed) == ({"north": "north", "south": "south"}, "")
    assert (found.place.kubeconfig, found.place.context, found.place.namespace) == (tmp_path / "c", "clients", "shop")
    assert not found.place.take_ownership


def test_a_service_leads_to_a_name_of_each_site(tmp_path: Path) -> None:
    found = read(tmp_path, "service: {name: kafka, externalNames: {north: n.example, south: s.example}}")
    assert (found.kind, found.name, found.field) == (SERVICE, "kafka", ("spec", "externalName"))
    assert (found.values, found.closed) == ({"north": "n.example", "south": "s.example"}, CLOSED_NAME)


def test_a_service_selects_pods_of_each_site(tmp_path: Path) -> None:
    part = "service: {name: kafka, selectors: {north: {app: kafka, site: n}, south: {app: kafka, site: s}}}"
    found = read(tmp_path, part, f"{WHERE}, takeOwnership: true")
    assert found.field == ("spec", "selector")
    assert found.values == {"north": {"app": "kafka", "site": "n"}, "south": {"app": "kafka", "site": "s"}}
    assert found.closed == CLOSED_SELECTOR
    assert found.place.take_ownership


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("takeOwnership: false", "expected either configMap or service"),
        ("configMap: {name: a}, service: {name: b, selectors: {}}", "expected either"),
        ("service: {name: kafka}", "expected either externalNames or selectors"),
        ("configMap: {name: a, key: a/b}", "expected a key of a ConfigMap"),
        ("service: {name: k, externalNames: {north: n}}", r":18: service k: externalNames: site south is missing"),
        ("service: {name: k, externalNames: {north: n, south: s, east: e}}", "there is no site east"),
        ("service: {name: k, externalNames: {north: n, south: n}}", "north and south are the same"),
        ("service: {name: k, externalNames: {north: n, south: closed.drctl.invalid}}", "what drctl sets to close it"),
        ("service: {name: k, externalNames: {north: n, south: 'http://s'}}", "expected a host name in lower case"),
        ("service: {name: k, selectors: {north: {a: b}, south: {}}}", "at least 1 item"),
        ("service: {name: k, selectors: {north: {a: b}, south: {a: b c}}}", "expected a label's value"),
        ("service: {name: k, selectors: {north: {a: b}, south: {drctl.io/closed: 'true'}}}", "to close it"),
    ],
)
def test_what_cannot_lead_anywhere_is_refused_with_its_line(tmp_path: Path, part: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said) as caught:
        load(written(tmp_path, routed(part)))
    assert "plan.yaml:18: " in str(caught.value)


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"plan\.yaml:18: there is no file other"):
        load(written(tmp_path, routed("configMap: {name: a}", WHERE.replace(": c,", ": other,"))))


def test_the_example_names_a_service_for_both_sites() -> None:
    plan = load(EXAMPLES / "strimzi" / "plan.yaml")
    assert isinstance(plan.client_routing, RoutingField)
    assert plan.client_routing.values.keys() == {site.name for site in plan.sites}
    assert plan.entry_point == "kafka.shop.svc:9094"
    assert plan.capacity is not None
    assert plan.capacity.scale_ahead is not None


RESTARTS = "restarts: [{name: shop}, {name: turbines, kind: StatefulSet, namespace: plant}]"


def restarting(text: str, restarts: str = RESTARTS) -> str:
    """The same with restarts in its first workload."""
    return text.replace("groups: [billing]}", f"groups: [billing], {restarts}}}")


def test_what_is_restarted_lies_where_clients_are_routed(tmp_path: Path) -> None:
    text = restarting(routed("configMap: {name: client-routing}"))
    plan = load(written(tmp_path, text))
    assert plan.restarts == (Scalable(DEPLOYMENT, "shop"), Scalable(STATEFUL_SET, "turbines", "plant"))


def test_without_a_place_in_kubernetes_nothing_can_be_restarted(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r":\d+: restart of shop: it needs clientRouting.kubernetes"):
        load(written(tmp_path, restarting(GOOD)))


def test_what_is_restarted_is_named_once(tmp_path: Path) -> None:
    text = restarting(routed("configMap: {name: r}"), "restarts: [{name: shop}, {name: shop, namespace: shop}]")
    with pytest.raises(ConfigInvalid, match=r":\d+: restart of shop: it is named twice"):
        load(written(tmp_path, text))
