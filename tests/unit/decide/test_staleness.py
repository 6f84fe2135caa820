"""What was not renewed in time: links that copy nothing are watched, positions that were not kept are told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drctl.decide.rules import GateCategory, Rule
from drctl.decide.staleness import (
    FLUSHED,
    INTERVALS,
    KEPT_WITHIN,
    SHOWN,
    SOON,
    Span,
    link_silent,
    not_kept,
    positions_not_kept,
    stale_positions,
    worth_watching,
)
from drctl.model.facts import Lag, LinkFacts
from drctl.model.forecast import Forecast, GroupForecast
from drctl.model.link import Connector, ConnectorState, LinkStatus, Task
from drctl.model.links import Link
from drctl.model.loss import EndsFrom, Loss
from drctl.model.offsets import TopicPartition
from drctl.model.reading import Reading
from drctl.model.sync_report import FailingGroup, SyncReport

NOW = datetime(2026, 1, 1, tzinfo=UTC)
P = TopicPartition("orders", 0)
ONCE = {"exactly.once.support": "required"}
RUNNING = ConnectorState.RUNNING
LIMIT = (INTERVALS * SOON).total_seconds()


def link(
    lag: Lag | None,
    config: dict[str, str] | None = None,
    state: ConnectorState = RUNNING,
    task: ConnectorState = RUNNING,
) -> LinkFacts:
    source = Connector("source", state, (Task(0, task),), ONCE if config is None else config)
    status = LinkStatus(source, Connector("checkpoint", RUNNING), Connector("heartbeat", RUNNING))
    measured = Reading(lag, NOW, "" if lag else "no answer")
    named = Link("north-to-south", "north", "south", Path("/link.json"), "User:mm2")
    return LinkFacts(named, Reading(status, NOW), measured, Reading(1, NOW))


def waiting(seconds: float | None, records: int = 3) -> Lag:
    return Lag({P: records}, True, seconds)


@pytest.mark.parametrize(
    ("config", "after"),
    [
        (ONCE, INTERVALS * SOON),
        ({}, INTERVALS * FLUSHED),
        (ONCE | {"transaction.boundary": "connector"}, INTERVALS * FLUSHED),
        (ONCE | {"transaction.boundary": "interval"}, INTERVALS * FLUSHED),
        (
            ONCE | {"transaction.boundary": "interval", "transaction.boundary.interval.ms": "20000"},
            timedelta(seconds=60),
        ),
        (ONCE | {"transaction.boundary": "interval", "transaction.boundary.interval.ms": "5"}, INTERVALS * SOON),
    ],
    ids=["exactly-once", "at-least-once", "by-connector", "by-interval", "by-20-seconds", "by-5-milliseconds"],
)
def test_a_record_that_waited_for_three_intervals_of_its_link_makes_it_worth_watching(
    config: dict[str, str], after: timedelta
) -> None:
    assert worth_watching(link(waiting(after.total_seconds()), config)) == after
    assert worth_watching(link(waiting(after.total_seconds() - 1), config)) is None


@pytest.mark.parametrize(
    "healthy",
    [
        link(waiting(0.0, 0)),
        link(waiting(None)),
        link(None),
        link(waiting(900.0), state=ConnectorState.PAUSED),
        link(waiting(900.0), task=ConnectorState.FAILED),
    ],
    ids=["nothing-to-copy", "no-time", "lag-unknown", "paused", "failed"],
)
def test_what_has_nothing_to_copy_or_is_named_by_another_rule_is_not_watched(healthy: LinkFacts) -> None:
    assert worth_watching(healthy) is None


def test_a_silent_link_is_named_with_how_long_it_was_watched() -> None:
    found = link_silent("north-to-south", timedelta(seconds=31), 1)
    assert (found.rule, found.concern) == (Rule.LINK_SILENT, GateCategory.LAG)
    assert "nothing was copied for 31 s, while 1 record waited" in found.detail


def forecast(groups: dict[str, GroupForecast], ends: EndsFrom = EndsFrom.SIGHTING) -> Forecast:
    return Forecast("north", "south", NOW, Loss({}, ends), groups, {}, ())


def group(late: float | None, rereads: int | None = 40) -> GroupForecast:
    return GroupForecast(2, 2, rereads, late, late)


def test_positions_that_are_older_than_what_was_copied_are_named_with_what_is_read_again() -> None:
    (found,) = stale_positions(forecast({"billing": group(LIMIT + 1), "dispatch": group(LIMIT)}))
    assert (found.rule, found.concern) == (Rule.POSITIONS_STALE, GateCategory.POSITIONS)
    assert "billing by 31 s; at most 40 records are read again, none is skipped" in found.detail
    assert "dispatch" not in found.detail


def test_what_nobody_can_count_is_unknown_and_only_some_groups_are_named() -> None:
    many = {f"group-{n}": group(LIMIT + 1, None) for n in range(SHOWN + 2)}
    (found,) = stale_positions(forecast(many))
    assert "and 2 more groups" in found.detail
    assert f"group-{SHOWN}" not in found.detail
    assert "how much is read again is unknown" in found.detail


@pytest.mark.parametrize(
    "found",
    [
        forecast({"idle": group(0.0, 0)}),
        forecast({"untold": group(None)}),
        forecast({}),
        forecast({"billing": group(900.0)}, EndsFrom.ASKED),
    ],
    ids=["idle", "untold", "cold-standby", "source-answers"],
)
def test_who_has_read_all_who_has_none_and_who_is_asked_again_is_not_named(found: Forecast) -> None:
    assert list(stale_positions(found)) == []


def report(ago: float, left_alone: frozenset[str] = frozenset(), **failing: float) -> SyncReport:
    """What group-offset sync told so many seconds ago; ``failing`` are groups with when they began to fail."""
    groups = {group: FailingGroup(before(since), "no answer") for group, since in failing.items()}
    return SyncReport("north", "south", 3, before(ago), groups, left_alone)


def before(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def run(begin: float, end: float) -> Span:
    """When a run was under way, each in seconds before now."""
    return before(begin), before(end)


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("told", "runs", "age"),
    [
        (report(LIMIT), [], None),
        (report(LIMIT + 1), [], KEPT_WITHIN + SECOND),
        (report(-60), [], None),
        (report(1, billing=LIMIT), [], None),
        (report(1, billing=LIMIT + 1), [], KEPT_WITHIN + SECOND),
        (report(1, dispatch=900), [], None),
        (report(900, frozenset({"billing"})), [], None),
        (report(100), [run(90, 20)], None),
        (report(101), [run(90, 20)], KEPT_WITHIN + SECOND),
        (report(100), [run(80, 50), run(90, 20)], None),
        (report(100), [run(3600, 69)], KEPT_WITHIN + 39 * SECOND),
        (report(100), [run(70, -5)], None),
        (report(1, billing=100), [run(90, 20)], None),
    ],
    ids=[
        "exactly-three-intervals",
        "longer",
        "told-by-a-clock-ahead",
        "fails-for-exactly-three-intervals",
        "fails-for-longer",
        "another-one-fails",
        "left-alone",
        "held-up-by-a-run",
        "held-up-and-longer",
        "runs-that-overlap",
        "run-from-before",
        "run-under-way",
        "fails-and-held-up",
    ],
)
def test_a_group_is_not_kept_once_more_than_three_intervals_outside_of_runs_have_passed(
    told: SyncReport, runs: list[Span], age: timedelta | None
) -> None:
    assert not_kept(told, ["billing"], runs, NOW) == ({} if age is None else {"billing": age})


def test_groups_that_were_not_kept_are_named_with_for_how_long_and_why_and_only_some_of_them() -> None:
    due = {f"group-{n}": timedelta(seconds=31 + n) for n in range(SHOWN + 2)}
    found = positions_not_kept(report(5, frozenset(), **{"group-0": 31.0}), due)
    assert (found.rule, found.concern) == (Rule.POSITIONS_STALE, GateCategory.POSITIONS)
    assert "south: positions were not kept there: group-0 for 31 s (no answer), group-1 for 32 s" in found.detail
    assert "and 2 more groups" in found.detail
    assert "last told of itself at 2025-12-31 23:59:55 UTC" in found.detail
