"""The census judged: who should have left, and who cannot follow."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from drctl.decide.clients import Follows, checks_cluster, follows, left_behind, software_of, staying, unseen_clients
from drctl.decide.rules import Rule
from drctl.model.clients import Census, ClientSoftware, ConnectedSoftware, SiteClients
from drctl.model.reading import Reading
from drctl.model.session import Group, GroupProtocol, GroupState, Member

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPENED = NOW - timedelta(minutes=5)


def seen[T](value: T) -> Reading[T]:
    return Reading(value, NOW)


def clients(site: str, *members: Member, committed: datetime | None = None) -> SiteClients:
    state = GroupState.STABLE if members else GroupState.EMPTY
    group = Group("billing", GroupProtocol.CLASSIC, state, members)
    return SiteClients(site, seen({"billing": group}), seen({"billing": committed} if committed else {}))


MILL = Member("m-1", "mill-1", "/10.0.0.1")
OLD = ClientSoftware("mill*", "librdkafka", "2.9.0")


def census(north: SiteClients, south: SiteClients, *known: ClientSoftware, serving: str | None = "south") -> Census:
    return Census((north, south), seen(serving), OPENED, known)


@pytest.mark.parametrize(
    ("software", "version", "way"),
    [
        ("apache-kafka-java", "3.7.2", Follows.NO),
        ("apache-kafka-java", "3.8.0", Follows.IF_SET),
        ("apache-kafka-java", "4.0.0", Follows.YES),
        ("apache-kafka-java", "unknown", Follows.UNKNOWN),
        ("librdkafka", "2.9.1", Follows.NO),
        ("librdkafka", "2.15.0", Follows.ONCE_ALL_ARE_GONE),
        ("librdkafka", "2.16.0", Follows.YES),
        ("confluent-kafka-python", "2.3.0-librdkafka-2.3.0", Follows.NO),
        ("confluent-kafka-go", "2.12.0-rdkafka-2.12.0", Follows.ONCE_ALL_ARE_GONE),
        ("kgo", "1.20.0", Follows.UNKNOWN),
    ],
)
def test_whether_a_client_follows_is_told_by_its_software(software: str, version: str, way: Follows) -> None:
    assert follows(software, version) is way


@pytest.mark.parametrize(
    ("software", "version", "checks"),
    [
        ("apache-kafka-java", "4.4.0", True),
        ("apache-kafka-java", "5.0.1", True),
        ("apache-kafka-java", "4.3.1", False),
        ("apache-kafka-java", "unknown", None),
        ("librdkafka", "2.16.0", None),
    ],
)
def test_whether_a_client_notices_another_cluster_is_told_by_its_software(
    software: str, version: str, checks: bool | None
) -> None:
    assert checks_cluster(software, version) is checks


def test_the_longest_pattern_tells_the_software() -> None:
    exact = ClientSoftware("mill-1", "apache-kafka-java", "4.3.1")
    assert software_of("mill-1", (OLD, exact)) == exact
    assert software_of("mill-2", (OLD, exact)) == OLD
    assert software_of("shop", (OLD, exact)) is None


def test_members_at_a_site_that_does_not_serve_are_left_behind() -> None:
    (found,) = left_behind(census(clients("north", MILL), clients("south")))
    assert found.rule is Rule.CLIENTS_LEFT
    assert "mill-1 at /10.0.0.1" in found.detail
    assert "south" in found.remedy


def test_a_commit_there_after_the_other_site_was_opened_is_one_too() -> None:
    late = clients("north", committed=NOW)
    (found,) = left_behind(census(late, clients("south")))
    assert "committed at" in found.detail


def test_where_group_offset_sync_commits_a_late_commit_is_nobodys_and_that_is_said() -> None:
    kept = census(replace(clients("north", committed=NOW), synced=True), clients("south", MILL), OLD)
    assert list(left_behind(kept)) == []
    assert "whose the last commits at north are" in {each.what for each in unseen_clients(kept)}
    used = census(replace(clients("north", MILL, committed=NOW), synced=True), clients("south"))
    assert [each.detail for each in left_behind(used)] == ["north: billing: 1 member: mill-1 at /10.0.0.1"]


def test_nobody_is_left_behind_at_the_site_that_serves_or_by_an_old_commit() -> None:
    at_work = clients("south", MILL, committed=NOW)
    assert list(left_behind(census(clients("north", committed=OPENED - timedelta(1)), at_work))) == []
    assert list(left_behind(census(clients("north"), clients("south", MILL), serving=None))) == []


def test_clients_whose_software_does_not_follow_are_named_by_it() -> None:
    (found,) = staying(census(clients("north", MILL), clients("south"), OLD))
    assert "librdkafka 2.9.0" in found.detail
    assert found.rule is Rule.CLIENT_STAYS
    assert list(staying(census(clients("north", MILL), clients("south")))) == []


def test_what_nobody_tells_of_clients_is_said() -> None:
    told = {each.what for each in unseen_clients(census(clients("north", MILL), clients("south")))}
    assert told == {"software of mill-1", "producers, and consumers without a group"}
    dark = SiteClients("north", Reading(None, NOW, "no answer"), Reading(None, NOW, "no answer"))
    told = {each.what for each in unseen_clients(census(dark, clients("south", MILL), OLD))}
    assert told == {"groups at north", "last commits at north", "producers, and consumers without a group"}


@pytest.mark.parametrize(
    ("software", "version", "named"),
    [
        ("apache-kafka-java", "3.7.0", ["north: 12 connections of apache-kafka-java 3.7.0 at listener TLS follow to"]),
        (
            "librdkafka",
            "2.15.0",
            ["north: 12 connections of librdkafka 2.15.0 at listener TLS follow to"],
        ),
        ("apache-kafka-java", "4.1.0", []),
        ("unknown", "unknown", []),
    ],
)
def test_software_that_the_brokers_count_is_named_where_it_does_not_follow(
    software: str, version: str, named: list[str]
) -> None:
    told = (ConnectedSoftware(software, version, "TLS", 12),)
    found = list(staying(census(replace(clients("north"), connected=seen(told)), clients("south"))))
    assert [each.detail[: len(name)] for each, name in zip(found, named, strict=True)] == named
    assert {each.rule for each in found} <= {Rule.CLIENT_STAYS}


def test_metrics_that_are_not_told_are_named_and_those_that_nobody_asked_for_are_not() -> None:
    dark = replace(clients("north"), connected=Reading(None, NOW, "site north: metrics at http://m are not told"))
    told = dict(unseen_clients(census(dark, clients("south"))))
    assert told["client software at north"] == "metrics at http://m are not told"
    assert "client software at south" not in told
