"""Committing for many groups: how long a permission is good for; and what groups are that no coordinator describes."""

from collections.abc import Collection, Mapping
from typing import cast

from confluent_kafka import KafkaError

from drctl.drivers.kafka.coordinators import Question
from drctl.drivers.kafka.group_requests import CLASSIC_GROUP
from drctl.drivers.kafka.listing import ListedGroup
from drctl.drivers.kafka.positions import FEW, PERMITTED, PERMITTED_FOR, KafkaPositions
from drctl.drivers.kafka.site import DOUBTED_TIMEOUT, KafkaSite
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import Group, GroupProtocol, GroupState
from drctl.plans.under_way import UNDER_WAY
from tests.unit.drivers.logged_in import LoggedIn


class SlowSite:
    """A site each of whose requests takes ``seconds`` to be sent; ``sent`` tells when, ``asked`` for which groups."""

    name = "north"
    timeout = change_timeout = DOUBTED_TIMEOUT

    def __init__(self, seconds: float) -> None:
        self.now, self.seconds = 100.0, seconds
        self.sent: list[float] = []
        self.asked: list[str] = []

    def ask_coordinators[T](
        self, groups: Collection[str], _: Question[T], *, within: float, again_within: float
    ) -> Mapping[str, tuple[int, T | None]]:
        assert again_within <= PERMITTED_FOR < within
        self.sent.append(self.now)
        self.asked += groups
        self.now += self.seconds
        return dict.fromkeys(groups, (0, None))


def permissions(seconds: float, groups: int) -> tuple[list[float], list[float]]:
    """When a permission was asked for, and when the requests were sent."""
    site, asked = SlowSite(seconds), list[float]()
    positions = KafkaPositions(cast("KafkaSite", site), now=lambda: site.now, in_flight=1)
    wanted = {f"group-{number}": {TopicPartition("orders", 0): Committed(1)} for number in range(groups)}
    assert not positions.commit_all(wanted, lambda: asked.append(site.now))
    return asked, site.sent


def test_of_swift_requests_one_permission_is_good_for_many() -> None:
    asked, sent = permissions(0.001, 200)
    assert len(sent) == 200
    assert len(asked) == -(-200 // PERMITTED)


def test_no_request_is_sent_on_a_permission_that_is_older_than_it_may_be() -> None:
    asked, sent = permissions(0.4, 100)
    for moment in sent:
        assert moment - max(each for each in asked if each <= moment) <= PERMITTED_FOR


def test_groups_are_set_in_the_order_in_which_they_are_given() -> None:
    """The group-offset sync gives those first that have waited longest."""
    site = SlowSite(0)
    wanted = {name: {TopicPartition("orders", 0): Committed(1)} for name in ("late", "early", "middle")}
    assert not KafkaPositions(cast("KafkaSite", site), in_flight=1).commit_all(wanted, lambda: None)
    assert site.asked == [*wanted]


class ListingSite(LoggedIn):
    """A site whose coordinators know no classic or KIP-848 group; ``lists`` tells what its brokers were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: list[tuple[frozenset[GroupProtocol], frozenset[str] | None]] = []

    def ask_coordinators[T](
        self, groups: Collection[str], question: Question[T]
    ) -> Mapping[str, tuple[int, Group | None]]:
        dead = {name: Group(name, GroupProtocol.CLASSIC, GroupState.DEAD) for name in groups}
        if question.api == CLASSIC_GROUP.api:
            return {name: (0, group) for name, group in dead.items()}
        return dict.fromkeys(groups, (KafkaError.GROUP_ID_NOT_FOUND, None))

    def list_groups(
        self, types: Collection[GroupProtocol] = (), beside: Collection[str] | None = None
    ) -> tuple[int, Mapping[str, ListedGroup]]:
        self.lists.append((frozenset(types), None if beside is None else frozenset(beside)))
        known = {
            "jobs": ListedGroup(GroupProtocol.SHARE, GroupState.STABLE),
            "totals": ListedGroup(GroupProtocol.STREAMS, GroupState.EMPTY),
            "billing": ListedGroup(GroupProtocol.CLASSIC, GroupState.EMPTY),
            "bees": ListedGroup(GroupProtocol.OTHER, GroupState.EMPTY),
        }
        return 0, {name: each for name, each in known.items() if not types or each.protocol in types}


def described(names: Collection[str]) -> tuple[ListingSite, Mapping[str, Group]]:
    site = ListingSite()
    return site, KafkaPositions(cast("KafkaSite", site)).describe(names)


def test_a_few_groups_that_coordinators_do_not_know_are_looked_up_among_share_and_streams_groups_alone() -> None:
    site, found = described(["jobs", "totals", "nobody"])
    assert found["jobs"] == Group("jobs", GroupProtocol.SHARE, GroupState.STABLE)
    assert found["totals"] == Group("totals", GroupProtocol.STREAMS, GroupState.EMPTY)
    assert not found["jobs"].takes_positions
    assert not found["totals"].takes_positions
    assert found["nobody"].state is GroupState.DEAD
    kinds = frozenset({GroupProtocol.SHARE, GroupProtocol.STREAMS})
    assert site.lists == [(kinds, frozenset({"jobs", "totals", "nobody"}))]


def test_of_many_groups_one_list_tells_which_are_empty_and_which_are_of_another_kind() -> None:
    others = [f"group-{number}" for number in range(FEW)]
    site, found = described(["jobs", "billing", "bees", *others])
    assert found["jobs"].protocol is GroupProtocol.SHARE
    assert found["bees"] == Group("bees", GroupProtocol.OTHER, GroupState.EMPTY)
    assert found["bees"].immovable
    assert not found["bees"].takes_positions
    assert found["billing"] == Group("billing", GroupProtocol.CLASSIC, GroupState.EMPTY)
    assert {found[name].state for name in others} == {GroupState.DEAD}
    assert site.lists == [(frozenset(), None)]


def test_a_run_waits_for_longer_than_a_commit_of_the_service_may_take() -> None:
    assert PERMITTED_FOR + DOUBTED_TIMEOUT < UNDER_WAY
