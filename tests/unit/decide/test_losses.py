"""What a link loses: every rule fires on its fault alone, and a link in good order fires none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drctl.decide.losses import WINDOW, WINDOW_AT_LEAST_ONCE, losses, time_left
from drctl.decide.rules import Blocker, Rule
from drctl.model.cluster import Partition, Topic
from drctl.model.copying import LinkLook, PositionPair
from drctl.model.links import Link
from drctl.model.offsets import LogBounds, OffsetSync, TopicPartition
from drctl.model.reading import Reading

NOW = datetime(2026, 1, 10, tzinfo=UTC)
P = TopicPartition("orders", 0)
HOUR_MS = 3_600_000


def seen[T](value: T) -> Reading[T]:
    return Reading(value, NOW)


def unseen[T]() -> Reading[T]:
    return Reading(None, NOW, "no answer")


def orders(**config: str) -> Topic:
    return Topic("orders", "id-1", (Partition(1, (1,), (1,)),), {k.replace("_", "."): v for k, v in config.items()})


GOOD = LinkLook(
    at=NOW,
    link=Link("north-to-south", "north", "south", Path("/links.json"), "User:mm2"),
    running=seen(True),
    exactly_once=True,
    topics=seen({"orders": orders(retention_ms=str(10 * HOUR_MS))}),
    topic_ids=seen({"orders": "id-1"}),
    bounds=seen({P: LogBounds(100, 200, 200)}),
    frontier=seen({P: 200}),
    copied=seen({P: 150}),
    waiting=seen({}),
    syncs=seen({P: (OffsetSync(100, 90), OffsetSync(150, 140), OffsetSync(199, 180))}),
    checkpoints=seen(1),
    standings=seen((PositionPair("billing", P, 150, 140), PositionPair("billing", P, 151, 180))),
    committed_at=seen({"billing": NOW - timedelta(days=1)}),
    offsets_retention=seen(timedelta(days=7)),
)

type Change = Callable[[LinkLook], LinkLook]


def changed(**changes: object) -> Change:
    return lambda look: replace(look, **changes)  # type: ignore[arg-type]


def waiting(hours_old: float, frontier: int = 150) -> Change:
    """Records wait behind that frontier; the oldest is so old."""
    written = int((NOW - timedelta(hours=hours_old)).timestamp() * 1000)
    return changed(frontier=seen({P: frontier}), waiting=seen({P: written}))


FIRES: list[tuple[Rule, str, Change]] = [
    (Rule.LOSSES_UNKNOWN, "the state of the link", changed(running=unseen())),
    (Rule.LOSSES_UNKNOWN, "the source's topics", changed(topics=unseen())),
    (Rule.LOSSES_UNKNOWN, "which topics", changed(topic_ids=unseen())),
    (Rule.LOSSES_UNKNOWN, "log bounds", changed(bounds=unseen())),
    (Rule.LOSSES_UNKNOWN, "what was copied", changed(frontier=unseen())),
    (Rule.LOSSES_UNKNOWN, "what waits", changed(waiting=unseen())),
    (Rule.LOSSES_UNKNOWN, "positions on both", changed(standings=unseen())),
    (Rule.LOSSES_UNKNOWN, "ages of positions", changed(committed_at=unseen())),
    (Rule.LOSSES_UNKNOWN, "offsets.retention.minutes", changed(offsets_retention=seen(None))),
    (Rule.TOPIC_RECREATED, "orders was deleted", changed(topic_ids=seen({"orders": "id-0"}))),
    (
        Rule.RECORDS_LOST,
        "offsets 160 to 169",
        changed(bounds=seen({P: LogBounds(170, 200, 200)}), frontier=seen({P: 160})),
    ),
    (Rule.SOURCE_SHORTER, "copied up to 201", changed(frontier=seen({P: 201}))),
    (Rule.RETENTION_NEAR, "3600 s until", waiting(9)),
    (Rule.RETENTION_NEAR, "0 s until", waiting(99)),
    (Rule.CHECKPOINTS_MISSING, "no answer", changed(checkpoints=unseen())),
    (Rule.TARGET_AHEAD, "at most 140 for 150", changed(standings=seen((PositionPair("billing", P, 150, 141),)))),
    (Rule.TARGET_AHEAD, "at most 180 for 151", changed(standings=seen((PositionPair("billing", P, 151, 181),)))),
    (Rule.POSITIONS_EXPIRING, "forgotten in 24.0 h", changed(committed_at=seen({"b": NOW - timedelta(days=6)}))),
    (Rule.POSITIONS_EXPIRING, "forgotten in 0.0 h", changed(committed_at=seen({"b": NOW - timedelta(days=9)}))),
]

SILENT: list[Change] = [
    changed(bounds=seen({P: LogBounds(170, 200, 200)}), frontier=seen({P: 160}), copied=seen({P: 170})),  # markers only
    changed(bounds=seen({P: LogBounds(100, 200, 200)}), frontier=seen({})),  # nothing is noted as copied yet
    changed(bounds=seen({P: LogBounds(160, 200, 200)}), frontier=seen({P: 160})),
    changed(topic_ids=seen({})),  # seen for the first time
    changed(standings=seen((PositionPair("billing", P, 200, 500),))),  # beyond every sync nobody can tell
    changed(committed_at=seen({})),
    changed(topics=seen({"orders": orders(cleanup_policy="compact", retention_ms="1")})),
]


def found(*looks: LinkLook) -> list[Blocker]:
    return list(losses(looks))


def test_a_link_in_good_order_loses_nothing() -> None:
    assert found(GOOD) == []
    assert time_left([GOOD]) == {}


@pytest.mark.parametrize(("rule", "words", "change"), FIRES, ids=range(len(FIRES)))
def test_a_loss_is_named_with_its_place_and_remedy(rule: Rule, words: str, change: Change) -> None:
    named = [each for each in found(change(GOOD)) if each.rule is rule]
    assert any(words in each.detail and each.remedy for each in named), named


@pytest.mark.parametrize("change", SILENT, ids=range(len(SILENT)))
def test_what_is_no_loss_is_not_named(change: Change) -> None:
    assert found(change(GOOD)) == []


def test_a_fresh_backlog_has_time() -> None:
    look = waiting(1)(GOOD)
    assert [each.rule for each in found(look)] == [Rule.LOSSES_UNKNOWN]  # one look does not tell whether it copies
    assert time_left([look]) == {P: 9 * 3600}


def test_without_a_time_on_the_record_or_a_retention_nobody_can_tell_how_long() -> None:
    assert time_left([changed(frontier=seen({P: 150}), waiting=seen({P: None}))(GOOD)]) == {}
    endless = changed(topics=seen({"orders": orders(retention_ms="-1")}))(waiting(99)(GOOD))
    assert time_left([endless]) == {}


def earlier(seconds: float, **changes: object) -> LinkLook:
    return replace(waiting(1)(GOOD), at=NOW - timedelta(seconds=seconds), **changes)  # type: ignore[arg-type]


def test_the_speed_of_the_log_start_tells_when_retention_overtakes() -> None:
    then = earlier(10, bounds=seen({P: LogBounds(50, 200, 200)}))
    assert time_left([then, waiting(1)(GOOD)]) == {P: 10.0}  # 50 offsets to go, 5 a second
    assert Rule.RETENTION_NEAR in {each.rule for each in found(then, waiting(1)(GOOD))}


@pytest.mark.parametrize(("exactly_once", "window"), [(True, WINDOW), (False, WINDOW_AT_LEAST_ONCE)])
def test_a_running_link_that_stands_still_for_the_window_is_silent(exactly_once: bool, window: timedelta) -> None:
    now = replace(waiting(1)(GOOD), exactly_once=exactly_once)
    rules = {each.rule for each in found(earlier(window.total_seconds()), now)}
    assert rules == {Rule.LINK_SILENT}
    rules = {each.rule for each in found(earlier(window.total_seconds() - 1), now)}
    assert rules == {Rule.LOSSES_UNKNOWN}


def test_a_link_that_moves_or_rests_or_is_stopped_is_not_silent() -> None:
    assert found(earlier(60, frontier=seen({P: 149})), waiting(1)(GOOD)) == []
    assert found(replace(GOOD, at=NOW - timedelta(seconds=60)), GOOD) == []
    assert found(earlier(60), changed(running=seen(False))(waiting(1)(GOOD))) == []


def test_a_link_that_began_to_wait_just_now_is_not_silent_yet() -> None:
    rested = replace(GOOD, at=NOW - timedelta(seconds=60), frontier=seen({P: 150}), waiting=seen({}))
    assert Rule.LINK_SILENT not in {each.rule for each in found(rested, waiting(1)(GOOD))}
