"""What sends a live drill's work home: each fault alone, only while it goes on, and unknown is never well."""

from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.decide.staying import (
    BEHIND,
    IN_A_ROW,
    LINK_HOME_LATE,
    NOT_ARRIVED,
    UNDER_REPLICATED,
    ArrivedGroup,
    StaySignal,
    group_signals,
    site_signals,
    standing,
)
from drctl.model.cluster import Partition, Topic
from drctl.model.facts import Facts, Lag
from drctl.model.fence import CanaryResult
from drctl.model.offsets import TopicPartition
from tests.unit.decide.good_facts import GOOD, GUARDS, NOW, Change, changed, forward, seen, source, unseen

MINUTE = timedelta(minutes=1)
IN_SYNC = Partition(1, (1, 2, 3), (1, 2, 3))


def orders(*partitions: Partition) -> dict[str, Topic]:
    return {name: Topic(name, name, partitions) for name in ("orders", "canary")}


def lag(records: int, seconds: float | None) -> Lag:
    return Lag({TopicPartition("orders", 0): records}, True, seconds)


WELL = forward(lag=seen(lag(3, 0.5)))(source(topics=seen(orders(IN_SYNC, IN_SYNC)))(GOOD))


def blocking(facts: Facts) -> set[str]:
    return {each.name for each in site_signals(facts, GUARDS, MINUTE, NOW) if each.blocking}


def test_where_all_is_well_nothing_sends_it_home() -> None:
    assert blocking(WELL) == set()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (source(cluster=unseen()), "source-silent"),
        (source(topics=seen(orders(IN_SYNC, replace(IN_SYNC, in_sync=(1, 2))))), UNDER_REPLICATED),
        (source(topics=seen(orders(replace(IN_SYNC, leader=-1)))), "partition-without-leader"),
        (changed(canary=seen(CanaryResult(refused=True, answer="denied"))), "canary-refused"),
        (changed(canary=unseen()), "facts-unknown"),
        (forward(lag=unseen()), LINK_HOME_LATE),
        (forward(lag=seen(lag(3, 61.0))), LINK_HOME_LATE),
        (forward(lag=seen(lag(3, None))), LINK_HOME_LATE),
    ],
    ids=["silent", "in sync", "leader", "canary", "unknown canary", "unknown lag", "late", "nobody knows how late"],
)
def test_each_fault_sends_it_home(change: Change, name: str) -> None:
    assert blocking(change(WELL)) == {name}


def test_a_link_without_anything_to_copy_is_not_late() -> None:
    assert blocking(forward(lag=seen(lag(0, None)))(WELL)) == set()


def test_what_else_the_way_home_knows_is_noted_and_decides_nothing() -> None:
    noted = [*site_signals(forward(lag=seen(lag(101, 0.5)))(WELL), GUARDS, MINUTE, NOW)]
    assert ("lag-too-high", False) in {(each.name, each.blocking) for each in noted}


def test_a_group_that_had_members_is_to_arrive_and_to_stand_at_its_position() -> None:
    groups = {"billing": ArrivedGroup(0), "dispatch": ArrivedGroup(1, ("orders-0",)), "audit": ArrivedGroup(0)}
    early = [*group_signals(groups, {"billing", "dispatch"}, may_arrive=True)]
    late = [*group_signals(groups, {"billing", "dispatch"}, may_arrive=False)]
    assert [(each.name, each.blocking) for each in early] == [(NOT_ARRIVED, False), (BEHIND, True)]
    assert [(each.name, each.blocking) for each in late] == [(NOT_ARRIVED, True), (BEHIND, True)]


FIRST, SECOND, NOTED = StaySignal("one", "a"), StaySignal("two", "b"), StaySignal("one", "c", blocking=False)


@pytest.mark.parametrize(
    ("looks", "stands"),
    [
        ([], ()),
        ([(FIRST,)] * (IN_A_ROW - 1), ()),
        ([(FIRST,)] * IN_A_ROW, (FIRST,)),
        ([(FIRST,), (), *[(FIRST,)] * (IN_A_ROW - 1)], ()),
        ([(FIRST,), (SECOND,), (FIRST, SECOND)], ()),
        ([(FIRST,), (FIRST, SECOND), (FIRST, SECOND)], (FIRST,)),
        ([(FIRST,), (NOTED,), (FIRST,)], ()),
        ([(FIRST,)] * IN_A_ROW + [()], ()),
    ],
    ids=["none", "too few", "in a row", "a gap", "never the same", "one of two", "once only noted", "over"],
)
def test_a_signal_stands_where_it_was_seen_in_every_one_of_the_last_looks(
    looks: list[tuple[StaySignal, ...]], stands: tuple[StaySignal, ...]
) -> None:
    assert standing(looks) == stands
