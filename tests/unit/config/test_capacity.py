"""Deployments and shifts in the plan file: what becomes of them, and what contradicts itself, with its line."""

import re
from datetime import date, timedelta
from pathlib import Path
from textwrap import indent

import pytest

from drctl.config import load
from drctl.errors import ConfigInvalid
from drctl.model.scaling import DEPLOYMENT, STATEFUL_SET, Carrier, Scalable
from tests.unit.config.plan_files import GOOD, KAFKA, KUBERNETES, STRIMZI, written

SOUTH = 'kafka: {bootstrapServers: "s:1", clientProperties: c, canary: {clientProperties: c, topic: canary}}'
BOTH = GOOD.replace(KAFKA, f"{KAFKA}\n      {KUBERNETES}\n      {STRIMZI}").replace(
    SOUTH, f"{SOUTH}\n      {KUBERNETES}\n      {STRIMZI}"
)
WORKLOADS = "  workloads:\n    - {name: all, topics: [readings], groups: [billing]}\n"
PAGE = Path(__file__).parents[3] / "docs" / "capacity.md"
WEEK = "days: [mon, tue, wed, thu, fri, sat, sun]"


def with_deployment(part: str, text: str = BOTH) -> str:
    return text.replace("groups: [billing]}", f"groups: [billing], deployments: [{part}]}}")


def with_shifts(*shifts: str, zone: str = "Europe/Berlin", text: str = BOTH) -> str:
    return f"{text}  capacity:\n    timeZone: {zone}\n    shifts:\n" + "".join(f"      - {each}\n" for each in shifts)


def test_the_example_of_the_page_is_a_plan_file(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\nspec:\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    plan = load(written(tmp_path, BOTH.replace(WORKLOADS, "") + indent(example, "")))
    assert plan.carriers == (
        Carrier(Scalable(DEPLOYMENT, "dispatch", take=True), ("billing",)),
        Carrier(Scalable(STATEFUL_SET, "ingest", "plant")),
    )
    assert plan.capacity is not None
    assert plan.capacity.shifts[0].demand.tasks_max == 8
    assert plan.capacity.ahead == timedelta(minutes=90)
    assert plan.capacity.scale_ahead == timedelta(minutes=15)
    assert plan.capacity.blocked == ((date(2026, 12, 24), date(2027, 1, 6)),)
    assert plan.deployments_ahead() == (Scalable(DEPLOYMENT, "gate"),)
    assert [str(pool) for pool in plan.node_pools("south")] == ["KafkaNodePool/broker"]


def test_a_group_that_is_none_of_the_workload_is_left_to_its_sinks_to_tell(tmp_path: Path) -> None:
    text = with_deployment("{name: a, groups: [billing, ledger]}").replace(
        "[billing], dep", "[billing], sinks: [lake], dep"
    )
    (carrier,) = load(written(tmp_path, text)).carriers
    assert (carrier.groups, carrier.of_sinks) == (("billing", "ledger"), ("ledger",))


def test_without_both_nothing_is_scaled_and_nothing_demanded(tmp_path: Path) -> None:
    plan = load(written(tmp_path, GOOD))
    assert (plan.carriers, plan.capacity) == ((), None)


DAY = f'{{name: day, {WEEK}, begins: "06:00", ends: "22:00"}}'
NIGHT = f'{{name: night, {WEEK}, begins: "22:00", ends: "06:00"}}'


GATED, POOLED = DAY[:-1] + ", deployments: {a: 3}}", DAY[:-1] + ", nodePools: {broker: 3}}"


def with_more(line: str, day: str = DAY) -> str:
    return with_shifts(day, NIGHT) + f"    {line}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (with_deployment("{name: a}", GOOD), r":16: deployment a: site north has no kubernetes part"),
        (with_deployment("{name: a}, {name: a}"), "deployment a: it is named twice"),
        (with_deployment("{name: a, groups: [else]}"), "its group else is none of workload all"),
        (with_deployment("{name: a, kind: DaemonSet}"), "kind input should be 'Deployment' or 'StatefulSet'"),
        (with_shifts(DAY), r"plan\.yaml:26: no shift covers mon 00:00 to mon 06:00"),
        (with_shifts(DAY), "no shift covers sun 22:00 to sun 24:00"),
        (
            with_shifts(DAY, NIGHT.replace('ends: "06:00"', 'ends: "06:30"')),
            r"plan\.yaml:28: shift night overlaps shift day: sun 06:00 to sun 06:30",
        ),
        (with_shifts(DAY, NIGHT, zone="Europe/Atlantis"), r"plan\.yaml:25: there is no time zone Europe/Atlantis"),
        (with_shifts(DAY, NIGHT.replace("night", "day")), "shift day: the name is used twice"),
        (with_shifts(DAY.replace("06:00", "6:00"), NIGHT), "begins expected a time of day as 06:00"),
        (with_shifts(DAY.replace("22:00", "25:00"), NIGHT), "ends expected a time of day as 06:00"),
        (with_shifts(DAY[:-1] + ", nodePools: {broker: 3}}", NIGHT, text=GOOD), "nodePools need a strimzi part"),
        (with_shifts(DAY[:-1] + ", deployments: {a: 3}}", NIGHT, text=GOOD), "deployments need a kubernetes part"),
        (with_shifts(DAY[:-1] + ", nodePools: {broker: 0}}", NIGHT), "greater than or equal to 1"),
        (with_more("scaleAhead: 13h", GATED), r"plan\.yaml:\d+: scaleAhead 13h is longer than 12h"),
        (with_more("scaleAhead: 0s", GATED), "expected more than no time at all"),
        (with_more("scaleAhead: 15m", DAY), "no shift names anything that may be scaled"),
        (with_more("scaleAhead: 15m", POOLED), "no shift names anything that may be scaled"),
        (with_more('blockedDates: ["2026-02-30"]'), r"plan\.yaml:\d+: 2026-02-30: there is no such day"),
        (with_more('blockedDates: ["2026-12-24/2026-12-23"]'), "it ends before it begins"),
    ],
)
def test_what_contradicts_itself_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        load(written(tmp_path, text))


def test_without_a_word_nothing_is_scaled_ahead_and_no_date_is_blocked(tmp_path: Path) -> None:
    capacity = load(written(tmp_path, with_shifts(GATED, NIGHT))).capacity
    assert capacity is not None
    assert (capacity.scale_ahead, capacity.blocked) == (None, ())


def test_two_shifts_that_meet_at_midnight_cover_the_week_once(tmp_path: Path) -> None:
    early = f'{{name: early, {WEEK}, begins: "00:00", ends: "12:00"}}'
    late = f'{{name: late, {WEEK}, begins: "12:00", ends: "24:00"}}'
    assert load(written(tmp_path, with_shifts(early, late))).capacity is not None
