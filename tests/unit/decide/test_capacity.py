"""Shifts: which one is on, when the next begins, and what a standby lacks for it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from drctl.decide.equality import failover_warnings
from drctl.decide.overrides import sift
from drctl.decide.readiness import Rule, blockers, warnings
from drctl.model.capacity import Capacity, Demand, Shift
from drctl.model.facts import Facts
from drctl.model.fixes import SetConnectorConfig
from drctl.model.reading import Reading
from drctl.model.scaling import DEPLOYMENT, NODE_POOL, Scalable, Scale, Scaled, Scaler
from tests.unit.decide.good_facts import GOOD, GUARDS, NOW

ALL = tuple(range(7))
DEMAND = Demand({"dispatch": 6, "gate": 2}, {"broker": 5}, 4)
DAY = Shift("day", ALL, 6 * 60, 22 * 60, DEMAND)
NIGHT = Shift("night", ALL, 22 * 60, 6 * 60)
BERLIN = Capacity(ZoneInfo("Europe/Berlin"), "Europe/Berlin", (DAY, NIGHT), ahead=timedelta(minutes=30))
NOON, MIDNIGHT = NOW.replace(hour=11), NOW.replace(hour=23)
DISPATCH, GATE = Scalable(DEPLOYMENT, "dispatch"), Scalable(DEPLOYMENT, "gate")
POOL = Scalable(NODE_POOL, "broker")
ENOUGH = {str(DISPATCH): Scaled(Scale(0, 0, 0)), str(GATE): Scaled(Scale(2, 2, 2)), str(POOL): Scaled(Scale(5, 5, 5))}


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        ("2026-03-29T03:59:00+00:00", "night"),  # summer time began at 01:00 UTC
        ("2026-03-29T04:00:00+00:00", "day"),
        ("2026-10-25T04:59:00+00:00", "night"),  # and ended at 01:00 UTC
        ("2026-10-25T05:00:00+00:00", "day"),
        ("2026-07-01T20:00:00+00:00", "night"),
        ("2026-12-01T20:59:00+00:00", "day"),
    ],
)
def test_the_clock_on_the_wall_decides_summer_and_winter(moment: str, name: str) -> None:
    assert BERLIN.on(datetime.fromisoformat(moment)).name == name


def test_an_hour_that_is_left_out_or_repeated_neither_loses_nor_adds_a_change() -> None:
    early = Shift("early", ALL, 2 * 60 + 30, 12 * 60)
    late = Shift("late", ALL, 12 * 60, 2 * 60 + 30)
    capacity = replace(BERLIN, shifts=(early, late))
    spring = capacity.within(datetime(2026, 3, 28, 23, tzinfo=UTC), timedelta(hours=6))
    assert [(at.hour, at.minute, shift.name) for at, shift in spring] == [(1, 0, "early")]  # 02:30 is not: 03:00
    autumn = capacity.within(datetime(2026, 10, 24, 22, tzinfo=UTC), timedelta(hours=6))
    # 02:30 comes twice; at the second 02:00 the clock on the wall is in the shift before.
    assert [(at.hour, at.minute, shift.name) for at, shift in autumn] == [
        (0, 30, "early"),
        (1, 0, "late"),
        (1, 30, "early"),
    ]


@pytest.mark.parametrize("minute", range(0, 7 * 24 * 60, 61))
def test_a_shift_that_ends_before_it_begins_ends_on_the_next_day(minute: int) -> None:
    assert DAY.covers(minute) != NIGHT.covers(minute)


def demanding(at: datetime, present: Mapping[str, Scaled | None], *, pools: bool = False, tasks: str = "4") -> Facts:
    status = GOOD.link.status.value
    assert status is not None
    source = replace(status.source, config={**status.source.config, "tasks.max": tasks})
    link = replace(GOOD.link, status=Reading(replace(status, source=source), NOW))
    target = replace(GOOD.target, scaled=Reading(present, at))
    capacity = replace(BERLIN, scales_pools=pools)
    return replace(GOOD, seen_at=at, target=target, link=link, named=(DISPATCH, POOL), capacity=capacity)


def found(facts: Facts) -> list[tuple[Rule, str]]:
    return [(each.rule, each.detail) for each in blockers(facts, GUARDS, facts.seen_at)]


def test_a_standby_that_has_what_the_shift_demands_has_nothing_against_it() -> None:
    assert found(demanding(NOON, ENOUGH)) == []
    assert list(warnings(demanding(NOON, ENOUGH))) == []


def test_what_is_being_scaled_down_counts_as_what_is_to_stay() -> None:
    ((rule, detail),) = found(demanding(NOON, {**ENOUGH, str(POOL): Scaled(Scale(3, 5, 5))}))
    assert rule is Rule.STANDBY_TOO_SMALL
    assert detail.endswith("there are 3")
    assert not Scale(3, 5, 5).has(5)
    assert Scale(5, 5, 5).has(5)


def test_a_node_pool_that_is_too_small_stands_in_the_way_unless_drctl_may_scale_it() -> None:
    small = ENOUGH | {str(POOL): Scaled(Scale(3, 3, 3))}
    (reason,) = found(demanding(NOON, small))
    assert reason == (
        Rule.STANDBY_TOO_SMALL,
        "south: shift day (Europe/Berlin) demands 5 of KafkaNodePool/broker, there are 3",
    )
    assert found(demanding(NOON, small, pools=True)) == []
    owned = ENOUGH | {str(POOL): Scaled(Scale(3, 3, 3, owners=("argocd",)))}
    assert [rule for rule, _ in found(demanding(NOON, owned, pools=True))] == [Rule.STANDBY_TOO_SMALL]
    assert found(demanding(MIDNIGHT, small)) == []


def test_too_few_tasks_are_named_with_the_change_that_mends_it() -> None:
    facts = demanding(NOON, ENOUGH, tasks="1")
    (reason,) = blockers(facts, GUARDS, NOON)
    assert reason.rule is Rule.STANDBY_TOO_SMALL
    assert reason.detail.startswith("north-to-south: shift day")
    assert reason.fix == SetConnectorConfig("south", "mirror.source", "tasks.max", "4", "1")


def test_tasks_that_the_move_sets_are_no_reason_to_wait_unless_something_keeps_it_from_that() -> None:
    few = demanding(NOON, ENOUGH, tasks="1")
    assert few.capacity is not None
    let = replace(few, capacity=replace(few.capacity, scales_tasks=True))
    assert found(let) == []
    ((rule, detail),) = found(replace(let, tasks_held="a manifest of argocd says it"))
    assert rule is Rule.STANDBY_TOO_SMALL
    assert detail.endswith("there are 1, and drctl may not set it now: a manifest of argocd says it")


def test_what_the_move_scales_itself_is_no_reason_to_wait_unless_it_cannot() -> None:
    idle = ENOUGH | {str(GATE): Scaled(Scale(0, 0, 0))}
    assert found(demanding(NOON, idle)) == []
    owned = ENOUGH | {str(GATE): Scaled(Scale(0, 0, 0, owners=("argocd",)))}
    assert [rule for rule, _ in found(demanding(NOON, owned))] == [Rule.STANDBY_TOO_SMALL]
    capped = ENOUGH | {str(DISPATCH): Scaled(Scale(0, 0, 0), (Scaler("HorizontalPodAutoscaler", "load", 1, 4),))}
    ((rule, detail),) = found(demanding(NOON, capped))
    assert rule is Rule.STANDBY_TOO_SMALL
    assert detail.endswith("its autoscaler allows 4")


@pytest.mark.parametrize("present", [None, {**ENOUGH, str(POOL): None}])
def test_what_is_not_known_or_not_there_is_never_enough(present: Mapping[str, Scaled | None] | None) -> None:
    facts = demanding(NOON, present or {})
    if present is None:
        facts = replace(facts, target=replace(facts.target, scaled=Reading(None, NOON, "no answer")))
    assert {rule for rule, _ in found(facts)} == {Rule.CAPACITY_UNKNOWN}


def test_both_may_be_overridden_by_name() -> None:
    small = demanding(NOON, ENOUGH | {str(POOL): Scaled(Scale(3, 3, 3)), str(GATE): None})
    reasons = list(blockers(small, GUARDS, NOON))
    assert len(reasons) == 2
    said = {"standby-too-small": "it is a drill", "capacity-unknown": "it is a drill"}
    assert sift(reasons, said).standing == ()


def test_a_shift_that_begins_while_the_work_moves_and_demands_more_is_worth_knowing() -> None:
    small = ENOUGH | {str(POOL): Scaled(Scale(3, 3, 3))}
    before_six = NOW.replace(hour=4, minute=45)
    (reason,) = warnings(demanding(before_six, small))
    assert reason.rule is Rule.SHIFT_CHANGES
    assert (
        "shift day (Europe/Berlin) begins at 06:00 and demands 5 of KafkaNodePool/broker, there are 3" in reason.detail
    )
    assert list(warnings(demanding(NOW.replace(hour=4), small))) == []


@pytest.mark.parametrize("silent", [False, True])
def test_a_failover_is_warned_and_goes_on(silent: bool) -> None:
    facts = demanding(NOON, ENOUGH | {str(POOL): Scaled(Scale(3, 3, 3))})
    if silent:
        facts = replace(facts, source=replace(facts.source, cluster=Reading(None, NOON, "no answer", silent=True)))
    assert Rule.STANDBY_TOO_SMALL in {each.rule for each in failover_warnings(facts)}
