"""The contract of ClientRouting in Kubernetes, over an API in memory and, in tests/kube, over a real API server."""

import pytest

from drctl.errors import Conflict, DrctlError, NotFound
from tests.contract.routing import NAMES, OWNER, SELECTORS, KubeRoutingHarness

CLOSED: dict[str, object] = {
    "config-map": "",
    "external-name": "closed.drctl.invalid",
    "selector": {"drctl.io/closed": "true"},  # without any selector the endpoints would stay
}
SOUTH: dict[str, object] = {"config-map": "south", "external-name": NAMES["south"], "selector": SELECTORS["south"]}


def test_client_routing_points_where_it_was_turned_twice_or_not(kube_routing: KubeRoutingHarness) -> None:
    routing = kube_routing.routing
    assert routing.site() == "north"
    for site in ("south", None, None, "north", "south"):
        routing.route_to(site)
        assert routing.site() == site


def test_what_clients_follow_is_the_whole_field_and_nothing_else_is_changed(kube_routing: KubeRoutingHarness) -> None:
    before = kube_routing.told()
    outer, inner = kube_routing.routing.routing.field
    for site, written in ((None, CLOSED), ("south", SOUTH)):
        kube_routing.routing.route_to(site)
        assert kube_routing.told()[outer][inner] == written[kube_routing.shape]
    after = kube_routing.told()
    kept = {key: value for key, value in before[outer].items() if key != inner}
    assert kept == {key: value for key, value in after[outer].items() if key != inner}
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


def test_nothing_is_against_it_where_the_field_is_ours_and_a_rehearsal_changes_nothing(
    kube_routing: KubeRoutingHarness,
) -> None:
    outer, inner = kube_routing.routing.routing.field
    for site in ("north", None, "south"):
        kube_routing.routing.route_to(site)
        before = kube_routing.told()
        assert kube_routing.routing.obstacle() == ""
        assert kube_routing.told()[outer][inner] == before[outer][inner]
        assert kube_routing.routing.site() == site


def test_an_owner_of_the_field_is_named_before_and_met_and_may_be_overruled(kube_routing: KubeRoutingHarness) -> None:
    kube_routing.owned_by_others()
    against = kube_routing.routing.obstacle()
    assert OWNER in against
    assert ".".join(kube_routing.routing.routing.field) in against
    with pytest.raises(Conflict, match=OWNER) as met:
        kube_routing.routing.route_to("south")
    assert "takeOwnership" in met.value.remedy
    assert kube_routing.routing.site() == "north"
    taking = kube_routing.taking()
    assert taking.obstacle() == ""
    taking.route_to("south")
    assert kube_routing.routing.site() == "south"
    assert kube_routing.routing.obstacle() == ""


def test_what_was_applied_whole_as_drctl_loses_nothing_and_is_told_before(kube_routing: KubeRoutingHarness) -> None:
    kube_routing.ours_whole()
    before = kube_routing.told()
    assert "cannot be changed" in kube_routing.routing.obstacle()
    with pytest.raises(Conflict) as met:
        kube_routing.routing.route_to("south")
    assert met.value.remedy
    assert kube_routing.told() == before
    assert kube_routing.routing.site() == "north"


def test_a_service_of_a_type_that_does_not_follow_the_field_leads_nobody(kube_routing: KubeRoutingHarness) -> None:
    if kube_routing.shape == "config-map":
        return
    kube_routing.of_another_type()
    for act in (
        kube_routing.routing.site,
        kube_routing.routing.obstacle,
        lambda: kube_routing.taking().route_to("south"),
    ):
        with pytest.raises(Conflict, match="leads nobody") as met:
            act()
        assert "ExternalName" in met.value.remedy


def test_a_resource_that_is_gone_is_not_made_again(kube_routing: KubeRoutingHarness) -> None:
    kube_routing.removed()
    for act in (kube_routing.routing.site, kube_routing.routing.obstacle, lambda: kube_routing.routing.route_to(None)):
        with pytest.raises(NotFound) as caught:
            act()
        assert caught.value.remedy
    with pytest.raises(NotFound):
        kube_routing.told()


def test_what_is_no_sites_is_told_and_can_be_turned_all_the_same(kube_routing: KubeRoutingHarness) -> None:
    taking = kube_routing.taking()
    outer, inner = taking.routing.field
    strange = {"app": "other"} if kube_routing.shape == "selector" else "elsewhere.example"
    body = {outer: {inner: strange}}
    taking.resources.apply(taking.routing.kind, taking.routing.name, body, take=True)
    with pytest.raises(DrctlError, match="holds nothing of a site") as caught:
        kube_routing.routing.site()
    assert "clientRouting" in caught.value.remedy
    kube_routing.routing.route_to("south")
    assert kube_routing.routing.site() == "south"
