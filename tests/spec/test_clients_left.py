"""Who is named as left behind while the standby is kept in sync, and what is told of each client."""

from dataclasses import replace

from drctl.cli.clients import as_document
from drctl.decide.clients import left_behind, unseen_clients
from drctl.model.clients import ClientSoftware, ConnectedSoftware
from drctl.monitors.census import take_census
from tests.fakes import fake_world
from tests.fakes.client_metrics import FakeClientMetrics
from tests.spec.harness import switch
from tests.spec.test_group_sync import Keeper


def test_what_group_offset_sync_commits_at_the_standby_after_a_move_home_is_nobody_left_behind() -> None:
    earth = fake_world()
    switch(earth.ports())
    earth.settle(3)
    switch(earth.ports(), "south", "north")
    earth.settle(3)
    Keeper(earth).keep(2)
    census = take_census(earth.ports(), 5)
    late = [at for at in (census.sites[1].committed_at.value or {}).values() if census.since and at > census.since]
    assert late, "group-offset sync has committed since"
    assert list(left_behind(census)) == []
    assert "whose the last commits at south are" in {each.what for each in unseen_clients(census)}
    earth.south.group("dispatch").members = earth.north.group("dispatch").members
    (found,) = left_behind(take_census(earth.ports(), 5))
    assert found.detail.startswith("south: dispatch: 1 member: dispatch at")


def test_of_a_client_whose_software_is_named_it_is_told_whether_it_follows_and_notices_another_cluster() -> None:
    earth = fake_world()
    earth.plan = replace(earth.plan, clients=(ClientSoftware("dispatch*", "apache-kafka-java", "4.3.1"),))
    told = as_document(take_census(earth.ports(), 5))
    (north,) = (site for site in told["sites"] if site["name"] == "north")
    members = {group["name"]: group["members"][0] for group in north["groups"]}
    assert (members["dispatch"]["follows"], members["dispatch"]["checksCluster"]) == ("yes", False)
    assert (members["billing"]["follows"], members["billing"]["checksCluster"]) == ("unknown", None)


def test_connections_are_told_by_software_where_the_brokers_metrics_are_known() -> None:
    earth = fake_world()
    old = ConnectedSoftware("apache-kafka-java", "3.7.0", "TLS", 12)
    earth.client_metrics = {"north": FakeClientMetrics("north", old)}
    told = as_document(take_census(earth.ports(), 5))
    north, south = told["sites"]
    assert north["software"] == [
        {
            "listener": "TLS",
            "software": "apache-kafka-java",
            "version": "3.7.0",
            "connections": 12,
            "follows": "no: restart it",
            "checksCluster": False,
        }
    ]
    assert south["software"] is None
    assert any("12 connections of apache-kafka-java 3.7.0" in each["detail"] for each in told["staying"])
    earth.client_metrics["north"].down = True
    told = as_document(take_census(earth.ports(), 5))
    assert told["sites"][0]["software"] is None
    assert "client software at north" in {each["what"] for each in told["notKnown"]}
