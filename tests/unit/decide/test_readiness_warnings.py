"""What only costs something is a warning, and nothing stands in the way for it."""

import pytest

from drctl.decide.readiness import Rule, blockers, warnings
from drctl.model.cluster import Broker, Cluster
from drctl.model.fence import DenyRule, Writers
from drctl.model.link import Connector, ConnectorState
from drctl.model.upkeep import DiskSpace
from tests.unit.decide.good_facts import (
    BROKERS,
    CORDONED,
    DENIED,
    EVE,
    EVES,
    GOOD,
    GUARDS,
    MIB,
    MIRROR,
    NOW,
    RULES,
    STAMPED,
    WRITTEN,
    Change,
    changed,
    configured,
    disks,
    here,
    label,
    named,
    rule,
    seen,
    source,
    target,
    there,
    topic,
    topics,
    two_replicas,
    unseen,
)

WARNING: list[tuple[Rule, str, Change]] = [
    (
        Rule.SINK_FAILED,
        "the disk is full",
        source(sinks=seen({"lake": Connector("lake", ConnectorState.FAILED, trace="the disk is full")})),
    ),
    (
        Rule.STANDBY_OPEN,
        "south: no deny rule stands",
        lambda f: changed(target_canary=WRITTEN)(target(standing=seen(frozenset[DenyRule]()))(f)),
    ),
    (Rule.RULE_OF_OTHERS, "north: drctl did not make the deny rules that stand for User:eve", source(standing=EVES)),
    (
        Rule.DENIED_TOO,
        "north: User:connect writes to no topic that moves",
        source(
            writers=seen(Writers(frozenset({"User:shop", "User:connect"}))),
            rules=seen(RULES | {rule("User:connect", "WRITE", "TOPIC", "connect-*")}),
        ),
    ),
    (
        Rule.RULE_OF_OTHERS,
        "south: drctl did not make the deny rules that stand for User:eve",
        target(standing=seen(DENIED | {EVE})),
    ),
    (Rule.AT_LEAST_ONCE, "twice", configured("source", exactly_once_support=None)),
    (
        Rule.UNCOMMITTED_COPIED,
        "read_committed",
        configured("source", exactly_once_support=None, source_consumer_isolation_level=None),
    ),
    (Rule.GROUPS_SYNCED, "sync.group", configured("checkpoint", sync_group_offsets_enabled="true")),
    (Rule.CONVERTER_INHERITED, "key.converter", configured("source", key_converter=None)),
    (
        Rule.SETTINGS_DIFFER,
        "compression.type is producer",
        lambda f: there("compression.type", "producer")(here("compression.type", "zstd")(f)),
    ),
    (Rule.SETTINGS_DIFFER, "not set at south", here("compression.type", "zstd")),
    (
        Rule.RIGHT_WIDER,
        "User:guest",
        source(rules=seen(RULES | {rule("User:guest", "READ", "TOPIC", "orders", allow=False)})),
    ),
    (Rule.QUOTA_DIFFERS, "user mm2 is 1", target(quotas=seen({MIRROR: {"producer_byte_rate": 1.0}}))),
    (Rule.FACTS_UNKNOWN, "client quotas at south", target(quotas=unseen())),
    (Rule.FACTS_UNKNOWN, "not compared: what drctl may do at north: no answer", source(rights=unseen())),
    (Rule.DISK_FILLING, "south: broker 2: /data has 14 MiB", target(disks=disks(b2=DiskSpace(100 * MIB, 14 * MIB)))),
    (Rule.DISK_FILLING, "south: broker 2: /data has 3 MiB", target(disks=disks(b2=DiskSpace(100 * MIB, 3 * MIB)))),
    (
        Rule.DIRECTORY_CORDONED,
        "south: broker 2 takes no new partition",
        lambda f: two_replicas(target(disks=disks(b2=CORDONED))(f)),
    ),
    (
        Rule.FACTS_UNKNOWN,
        "not compared: free space on the disks of broker 2 of south: no answer",
        target(disks={**disks(), "broker 2": unseen()}),
    ),
    (
        Rule.FACTS_UNKNOWN,
        "of broker 1, broker 2, broker 3 and 2 more of south: denied",
        target(disks={f"broker {n}": unseen("denied") for n in range(1, 6)}),
    ),
    (
        Rule.CAPACITY_SMALLER,
        "3 brokers, north has 4",
        source(cluster=seen(Cluster("north", (*BROKERS, Broker(4, "localhost", 4)), 1, kraft=True))),
    ),
    (
        Rule.TIMESTAMPS_STAMPED,
        "orders",
        lambda f: target(topics=topics(topic("orders", STAMPED)))(source(topics=topics(topic("orders", STAMPED)))(f)),
    ),
]


@pytest.mark.parametrize(("rule", "words", "change"), WARNING, ids=label)
def test_what_only_costs_something_is_a_warning_and_no_blocker(rule: Rule, words: str, change: Change) -> None:
    facts = change(GOOD)
    assert named(list(warnings(facts)), rule, words)
    assert list(blockers(facts, GUARDS, NOW)) == []
