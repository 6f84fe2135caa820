"""Advice about a link's settings: given where something can be gained, with the change that gains it."""

from pathlib import Path

import pytest

from drctl.decide.advice import advice
from drctl.decide.rules import Rule
from drctl.model.cluster import Topic
from drctl.model.fixes import SetConnectorConfig, SetTopicConfig
from drctl.model.link import Connector, ConnectorState, LinkStatus
from drctl.model.links import Link

LINK = Link("north-to-south", "north", "south", Path("/links.json"), "User:mm2")
FRESH = {
    "consumer.poll.timeout.ms": "100",
    "source.consumer.fetch.max.wait.ms": "50",
    "refresh.topics.interval.seconds": "60",
    "refresh.groups.interval.seconds": "5",
    "emit.checkpoints.interval.seconds": "1",
}
WEEK_MS = str(7 * 86_400_000)


def status(**changes: str | None) -> LinkStatus:
    config = {k: v for k, v in {**FRESH, **{k.replace("_", "."): v for k, v in changes.items()}}.items() if v}
    made = [Connector(kind, ConnectorState.RUNNING, (), config) for kind in ("source", "checkpoint", "heartbeat")]
    return LinkStatus(*made)


def syncs(**config: str) -> Topic:
    return Topic("mm2-offset-syncs.north.internal", "id", (), {k.replace("_", "."): v for k, v in config.items()})


def test_a_link_that_is_set_up_for_freshness_needs_no_advice() -> None:
    kept = syncs(cleanup_policy="compact", min_compaction_lag_ms=WEEK_MS)
    assert list(advice(LINK, status(), kept)) == []
    assert list(advice(LINK, None, None)) == []


@pytest.mark.parametrize(("key", "told", "advised"), [(k, v, FRESH[k]) for k in FRESH for v in (None, "9999")])
def test_a_setting_that_makes_positions_older_is_named_with_what_it_costs(
    key: str, told: str | None, advised: str
) -> None:
    (found,) = advice(LINK, status(**{key.replace(".", "_"): told}), None)
    assert found.rule is Rule.LINK_SLOWER
    assert key in found.detail
    assert isinstance(found.fix, SetConnectorConfig)
    assert (found.fix.site, found.fix.key) == ("south", key)
    assert int(found.fix.value) >= int(advised)


def test_an_offset_lag_of_zero_is_advised_against() -> None:
    (found,) = advice(LINK, status(offset_lag_max="0"), None)
    assert isinstance(found.fix, SetConnectorConfig)
    assert found.fix.value == "100"
    assert list(advice(LINK, status(offset_lag_max="100"), None)) == []


def test_mappings_that_the_cleaner_takes_away_are_to_be_kept() -> None:
    (found,) = advice(LINK, status(), syncs(cleanup_policy="compact", min_compaction_lag_ms="0"))
    assert found.fix == SetTopicConfig(
        "south", "mm2-offset-syncs.north.internal", "min.compaction.lag.ms", WEEK_MS, "0"
    )
    assert list(advice(LINK, status(), syncs(cleanup_policy="delete"))) == []


def test_connectors_that_are_absent_are_not_advised() -> None:
    absent = Connector("x", ConnectorState.ABSENT)
    assert list(advice(LINK, LinkStatus(absent, absent, absent), None)) == []
