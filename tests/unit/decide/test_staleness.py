"""What was not renewed in time: links that copy nothing are watched, positions that were not kept are told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drctl.decide.rules import GateCategory, Rule
from drctl.decide.staleness import FLUSHED, INTERVALS, SHOWN, SOON, link_silent, stale_positions, worth_watching
from drctl.model.facts import Lag, LinkFacts
from drctl.model.forecast import Forecast, GroupForecast
from drctl.model.link import Connector, ConnectorState, LinkStatus, Task
from drctl.model.loss import EndsFrom, Loss
from drctl.model.offsets import TopicPartition
from drctl.model.reading import Reading
from drctl.model.site import Link

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
    (found,) = stale_positions(forecast({"billing": group(LIMIT), "dispatch": group(LIMIT - 1)}))
    assert (found.rule, found.concern) == (Rule.POSITIONS_STALE, GateCategory.POSITIONS)
    assert "billing by 30 s; at most 40 records are read again, none is skipped" in found.detail
    assert "dispatch" not in found.detail


def test_what_nobody_can_count_is_unknown_and_only_some_groups_are_named() -> None:
    many = {f"group-{n}": group(LIMIT, None) for n in range(SHOWN + 2)}
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
