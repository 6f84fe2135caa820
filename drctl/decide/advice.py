"""Advice about a link's settings: what makes the standby's positions older than they need be.

The effects are measured on two sites of three brokers with an exactly-once worker, 500 records a second, where a
position at the standby was as old as the copy and no older.
"""

from collections.abc import Iterator, Mapping

from drctl.decide.rules import Blocker, Rule
from drctl.model.cluster import Topic
from drctl.model.fixes import SetConnectorConfig, SetTopicConfig
from drctl.model.link import Connector, ConnectorState, LinkStatus
from drctl.model.links import Link

AT_MOST: tuple[tuple[str, str, int, int, str], ...] = (
    ("source", "consumer.poll.timeout.ms", 1000, 100, "copies are up to 4.7 s old (p99) at 1000, 1.8 s at 100"),
    ("source", "source.consumer.fetch.max.wait.ms", 500, 50, "with 20 ms of poll timeout 1.6 s (p99) at 50"),
    ("source", "refresh.topics.interval.seconds", 600, 60, "new topics and partitions are copied so much later"),
    ("checkpoint", "refresh.groups.interval.seconds", 600, 60, "new groups get their first checkpoint so much later"),
    (
        "checkpoint",
        "emit.checkpoints.interval.seconds",
        60,
        10,
        "where drctl did not keep a group in sync, MirrorMaker 2's own position for it is so much older",
    ),
)
"""Connector, setting, Kafka's default, what is advised at most, and what more costs."""

SYNCS_LAG = "offset.lag.max"
KEPT = "min.compaction.lag.ms"
DAY_MS = 86_400_000
KEEP_MS = 7 * DAY_MS
"""As long as Kafka keeps records, and positions of groups, by default: a group that is further behind has lost both."""


def advice(link: Link, status: LinkStatus | None, syncs_topic: Topic | None) -> Iterator[Blocker]:
    """Return what to set otherwise; each can be set while the link runs, its tasks are started again by that."""
    if status is not None:
        for kind, key, default, most, effect in AT_MOST:
            connector: Connector = getattr(status, kind)
            told = connector.config.get(key, "")
            if connector.state is not ConnectorState.ABSENT and (_number(told) or default) > most:
                detail = f"{connector.name}: {key} is {told or f'{default}, its default'}: {effect}"
                set_it = SetConnectorConfig(link.target, connector.name, key, str(most), told or str(default))
                fix = None if link.has_operator else set_it
                yield Blocker(Rule.LINK_SLOWER, detail, f"set {key}={most}, in {link.connectors.name} too", fix)
        yield from _lag_max(link, status.source)
    if syncs_topic is not None:
        yield from _syncs_kept(link, syncs_topic)


def _lag_max(link: Link, source: Connector) -> Iterator[Blocker]:
    told = source.config.get(SYNCS_LAG, "")
    if told.isdecimal() and int(told) < 100:
        detail = (
            f"{source.name}: {SYNCS_LAG} is {told}: no position is fresher for it, and copies get older (p99 2.0 s)"
        )
        fix = None if link.has_operator else SetConnectorConfig(link.target, source.name, SYNCS_LAG, "100", told)
        yield Blocker(Rule.LINK_SLOWER, detail, f"leave {SYNCS_LAG} at 100, in {link.connectors.name} too", fix)


def _syncs_kept(link: Link, topic: Topic) -> Iterator[Blocker]:
    config: Mapping[str, str] = topic.config
    kept = _number(config.get(KEPT, ""), 0) or 0
    if topic.compacted and kept < KEEP_MS:
        detail = f"{link.target}: {topic.name}: {KEPT} is {kept}: the cleaner takes mappings away, and groups that are"
        detail += " far behind cannot be translated exactly"
        fix = SetTopicConfig(link.target, topic.name, KEPT, str(KEEP_MS), str(kept))
        yield Blocker(Rule.LINK_SLOWER, detail, f"set {KEPT} to a week or more", fix)


def _number(text: str, otherwise: int | None = None) -> int | None:
    return int(text) if text.isdecimal() else otherwise
