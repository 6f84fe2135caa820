"""Who is named as left behind while the standby is kept in sync, and what is told of each client."""

from dataclasses import replace

import pytest

from drctl.cli.clients import as_document
from drctl.cli.left_clients import clients_left, clients_left_document, clients_left_lines, with_away
from drctl.cli.switchover import as_document as run_document
from drctl.cli.switchover import show_what_is_missing
from drctl.decide.clients import left_behind, unseen_clients
from drctl.model.clients import ClientSoftware, ConnectedSoftware
from drctl.model.run import RunState
from drctl.model.session import Member
from drctl.monitors.census import take_census
from drctl.monitors.status import status
from tests.fakes import FakeWorld, fake_world
from tests.fakes.client_metrics import FakeClientMetrics
from tests.spec.handing_over import hand_over, stop
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


def returns_once_clients_are_sent_on(earth: FakeWorld) -> None:
    """Somebody joins a group at the source again, and commits nothing there: nobody writes what it could read."""

    def come_back(effect: str) -> None:
        if effect == "routing to south":
            earth.north.groups["billing"].members = (Member("m", "billing-old", "/10.0.0.9"),)

    earth.effects.watchers.append(come_back)


def test_a_switchover_names_who_is_connected_at_the_source_though_nothing_is_committed_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    earth = fake_world()
    returns_once_clients_are_sent_on(earth)
    result = switch(earth.ports())
    assert result.state is RunState.DONE, "clients are served at the target: nothing is undone for one that is not"
    assert result.evidence["watch-first-commits"]["still at the source"] == []
    named = ["group billing: 1 member: billing-old at /10.0.0.9"]
    assert result.evidence["watch-first-commits"]["connected at the source"] == named
    assert not run_document(result)["complete"]
    show_what_is_missing(result)
    told = capsys.readouterr().err
    assert f"still connected at north: {named[0]}" in told
    assert "restart them: they belong to south" in told


def test_a_status_names_who_stayed_behind_until_nobody_has() -> None:
    earth = fake_world()
    returns_once_clients_are_sent_on(earth)
    switch(earth.ports())
    world = earth.ports()
    left = clients_left(world, status(world))
    assert [each["detail"] for each in clients_left_document(left)] == [
        "north: billing: 1 member: billing-old at /10.0.0.9"
    ]
    assert "restart them: they belong to south" in "\n".join(clients_left_lines(left))
    earth.north.groups["billing"].members = ()
    assert clients_left(world, status(world)) == []


def test_while_nobody_knows_which_site_serves_nobody_is_called_left_behind() -> None:
    earth = fake_world()
    earth.routing.route_to(None)
    world = earth.ports()
    assert clients_left(world, status(world)) == []


def test_a_group_that_was_handed_over_alone_is_left_behind_nowhere() -> None:
    earth = fake_world()
    routing = stop(earth, "dispatch")
    hand_over(earth.ports(), "dispatch")
    routing.route_to("south")
    earth.settle(2)
    assert earth.south.groups["dispatch"].members
    world = earth.ports()
    assert clients_left(world, status(world)) == []
    assert as_document(with_away(world, take_census(world, 5)))["leftBehind"] == []
