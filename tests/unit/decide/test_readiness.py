"""Every rule: a switchover in good order has nothing against it; each fault alone is named."""

from datetime import timedelta

import pytest

from drctl.decide.overrides import sift
from drctl.decide.readiness import Blocker, Rule, blockers, warnings
from drctl.decide.rules import CONCERNS, GateCategory
from drctl.decide.staleness import KEPT_WITHIN, not_kept, positions_not_kept, stale_positions
from drctl.model.cluster import Cluster, Partition, Topic
from drctl.model.facts import Lag
from drctl.model.fence import CanaryResult, DenyRule, Scope, Writers
from drctl.model.forecast import Forecast, GroupForecast
from drctl.model.link import Connector, ConnectorState
from drctl.model.loss import EndsFrom, Loss
from drctl.model.offsets import TopicPartition
from drctl.model.reading import Reading
from drctl.model.session import Group, GroupProtocol, GroupState
from drctl.model.sync_report import SyncReport
from drctl.model.upkeep import DiskSpace
from tests.unit.decide.good_facts import (
    ABSENT,
    BROKERS,
    CORDONED,
    DENIED,
    DENIED_MM2,
    EVERY_USER,
    FAILED,
    GOOD,
    GUARDS,
    MEMBER,
    MIB,
    NO_ANSWER,
    NOW,
    ROOT,
    RULES,
    STAMPED,
    WRITE,
    WRITTEN,
    Change,
    backward,
    both,
    changed,
    configured,
    disks,
    forward,
    here,
    label,
    named,
    owned,
    registered,
    rule,
    seen,
    source,
    status,
    target,
    there,
    topic,
    topics,
    two_replicas,
    unseen,
    with_connector,
)
from tests.unit.decide.test_readiness_warnings import WARNING

BLOCKING: list[tuple[Rule, str, Change]] = [
    (Rule.FACTS_UNKNOWN, "rules could not be read", target(rules=unseen())),
    (Rule.FACTS_UNKNOWN, "SCRAM users", source(users=unseen())),
    (Rule.DISK_FILLING, "south: broker 2: /data has 2 MiB of", target(disks=disks(b2=DiskSpace(100 * MIB, 2 * MIB)))),
    (Rule.DIRECTORY_CORDONED, "south: 2 of 3 brokers take new partitions, and ", target(disks=disks(b2=CORDONED))),
    (
        Rule.DIRECTORY_CORDONED,
        "1 of 3 brokers take new partitions, and orders has 2 replicas",
        lambda f: two_replicas(target(disks=disks(b1=CORDONED, b3=CORDONED))(f)),
    ),
    (Rule.QUOTA_DIFFERS, "user <default> is 1", target(quotas=seen({EVERY_USER: {"producer_byte_rate": 1.0}}))),
    (Rule.SCHEMA_DIFFERS, "lacks 1 version: orders-value 1", lambda f: target(schemas=seen({}))(registered(f))),
    (Rule.SCHEMAS_UNKNOWN, "no answer", lambda f: target(schemas=unseen())(registered(f))),
    (Rule.TARGET_WEAKER, "replicas 1", target(topics=topics(topic("orders", replicas=1)))),
    (Rule.TARGET_WEAKER, "min.insync", here("min.insync.replicas", "2")),
    (Rule.TARGET_WEAKER, "unclean.leader.election", there("unclean.leader.election.enable", "true")),
    (Rule.RECORDS_REFUSED, "max.message.bytes 1000 at south", both("max.message.bytes", "2000", "1000")),
    (Rule.RECORDS_REFUSED, "timestamp.after", both("message.timestamp.after.max.ms", "9000", "10")),
    (Rule.CLEANUP_DIFFERS, "delete at north, compact at south", there("cleanup.policy", "compact")),
    (Rule.CLEANUP_DIFFERS, "compact and delete at south", both("cleanup.policy", "compact", "compact,delete")),
    (Rule.RETENTION_SHORTER, "retention.ms 10 at south, -1 at north", both("retention.ms", "-1", "10")),
    (Rule.RETENTION_SHORTER, "retention.bytes 10", both("retention.bytes", "11", "10")),
    (
        Rule.RETENTION_SHORTER,
        "delete.retention.ms 10",
        both("delete.retention.ms", "11", "10", cleanup_policy="compact"),
    ),
    (Rule.RIGHT_MISSING, "User:shop lacks: ALLOW User:shop WRITE on topic orders", target(rules=seen(RULES - {WRITE}))),
    (Rule.RIGHT_MISSING, "User:shop WRITE on transactional_id shop*", target(rules=seen(frozenset({WRITE})))),
    (Rule.RIGHT_MISSING, "READ on group bill*", source(rules=seen(RULES | {rule("User:b", "READ", "GROUP", "bill*")}))),
    (
        Rule.RIGHT_DENIED,
        "User:shop is denied",
        target(rules=seen(RULES | {rule("User:shop", "READ", "TOPIC", "orders", allow=False)})),
    ),
    (
        Rule.RIGHT_DENIED,
        "WRITE on transactional_id shop",
        target(rules=seen(RULES | {rule("User:shop", "WRITE", "TRANSACTIONAL_ID", "shop", allow=False)})),
    ),
    (
        Rule.RIGHT_DENIED,
        "User:* is denied",
        target(rules=seen(RULES | {rule("User:*", "DESCRIBE", "CLUSTER", "kafka-cluster", allow=False)})),
    ),
    (Rule.USER_MISSING, "user shop", target(users=seen({"admin": frozenset({"SCRAM-SHA-512"})}))),
    (Rule.USER_MISSING, "SCRAM-SHA-512", target(users=seen({"shop": frozenset({"SCRAM-SHA-256"})}))),
    (Rule.SOURCE_SILENT, "north: no answer", source(cluster=unseen())),
    (Rule.TARGET_SILENT, "south: no answer", target(cluster=unseen())),
    (
        Rule.ONE_CLUSTER,
        "north and south both answer as cluster north",
        target(cluster=seen(Cluster("north", BROKERS, 1, kraft=True))),
    ),
    (Rule.FACTS_UNKNOWN, "deny rules", source(standing=unseen())),
    (Rule.FACTS_UNKNOWN, "client routing", changed(client_routing=unseen())),
    (Rule.FACTS_UNKNOWN, "canary", changed(canary=unseen())),
    (
        Rule.BROKERS_MISSING,
        "2 brokers for 3",
        target(cluster=seen(Cluster("s", BROKERS[:2], 1, True))),
    ),
    (
        Rule.PARTITION_WITHOUT_LEADER,
        "orders partitions 0",
        source(topics=topics(Topic("orders", "o", (Partition(-1, (1,), ()), Partition(1, (1,), (1,)))))),
    ),
    (Rule.CLIENT_ROUTING_ELSEWHERE, "south", changed(client_routing=seen("south"))),
    (Rule.CLIENT_ROUTING_ELSEWHERE, "no site", changed(client_routing=seen(None))),
    (Rule.CLIENT_ROUTING_ELSEWHERE, "cluster other answers", changed(entry_cluster=seen("other"))),
    (Rule.CLIENT_ROUTING_HELD, "conflict with gitops", changed(routing_obstacle="conflict with gitops")),
    (Rule.FACTS_UNKNOWN, "entry point of clients", changed(entry_cluster=Reading(None, NOW, "no answer"))),
    (Rule.SOURCE_FENCED, "User:shop", source(standing=seen(DENIED))),
    (Rule.EVERYONE_WRITES, "User:*", source(writers=seen(Writers(frozenset(), everyone=True)))),
    (Rule.CANARY_REFUSED, "DENIED", changed(canary=seen(CanaryResult(refused=True, answer="DENIED")))),
    (Rule.CANARY_TOPIC_MISSING, "canary", source(topics=seen({"orders": topic("orders")}))),
    (Rule.CANARY_TOPIC_MISSING, "south", target(topics=seen({"orders": topic("orders")}))),
    (Rule.EVERYONE_WRITES, "south", target(writers=seen(Writers(frozenset({"User:shop"}), everyone=True)))),
    (
        Rule.STANDBY_OPEN,
        "User:new may write there: its topics and transactional-ids",
        target(writers=seen(Writers(frozenset({"User:shop", "User:new", "User:mm2"})))),
    ),
    (
        Rule.STANDBY_OPEN,
        "User:shop may write there: its transactional-ids",
        target(standing=seen(frozenset({DenyRule("User:shop", Scope.TOPICS)}))),
    ),
    (Rule.FACTS_UNKNOWN, "south: the canary: wrong password", changed(target_canary=unseen("wrong password"))),
    (Rule.CANARY_WRITES, "south: an ordinary client writes there", changed(target_canary=WRITTEN)),
    (Rule.CANARY_REFUSED, "south", target(standing=seen(frozenset[DenyRule]()))),
    (Rule.SUPER_USER_WRITES, "north: User:shop", source(cluster=seen(ROOT))),
    (Rule.SUPER_USER_WRITES, "south: User:shop", target(cluster=seen(ROOT))),
    (
        Rule.PLATFORM_WRITES,
        "north: User:connect is of the platform and may write to orders",
        source(platform=frozenset({"User:connect"}), rules=seen(RULES | {rule("User:connect", "ALL", "TOPIC", "*")})),
    ),
    (
        Rule.PLATFORM_WRITES,
        "south: User:connect",
        target(platform=frozenset({"User:connect"}), rules=seen(RULES | {rule("User:connect", "ALL", "TOPIC", "or*")})),
    ),
    (
        Rule.STANDBY_OPEN,
        "User:connect may write there: its topics and transactional-ids",
        target(
            platform=frozenset({"User:connect"}),
            writers=seen(Writers(frozenset({"User:shop", "User:connect"}))),
            rules=seen(RULES | {rule("User:connect", "WRITE", "TOPIC", "orders")}),
        ),
    ),
    (
        Rule.REPLICATION_DENIED,
        "south: User:mm2, under which north-to-south writes, is denied topic orders",
        target(rules=seen(RULES | {DENIED_MM2})),
    ),
    (
        Rule.REPLICATION_DENIED,
        "north: User:mm2, under which south-to-north writes, has no right to write to topic orders",
        source(rules=seen(frozenset(r for r in RULES if r.principal != "User:mm2"))),
    ),
    (
        Rule.REPLICATION_DENIED,
        "its transactions",
        target(rules=seen(RULES | {rule("User:*", "ALL", "TRANSACTIONAL_ID", "*", allow=False)})),
    ),
    (
        Rule.RIGHT_MISSING,
        "User:canary lacks: ALLOW User:canary WRITE on topic canary",
        source(rules=seen(RULES | {rule("User:canary", "WRITE", "TOPIC", "canary")})),
    ),
    (
        Rule.OWN_RIGHT_MISSING,
        "south: drctl may not READ group billing: hand-over-",
        target(rights=owned(of_groups="READ")),
    ),
    (Rule.FENCE_FORBIDDEN, "north: drctl may not ALTER the cluster", source(rights=owned(of_cluster="ALTER"))),
    (Rule.FENCE_FORBIDDEN, "south: drctl may not ALTER the cluster", target(rights=owned(of_cluster="ALTER"))),
    (Rule.LINK_UNKNOWN, "no answer", forward(status=unseen())),
    (Rule.LINK_UNKNOWN, "south-to-north", backward(status=unseen())),
    (Rule.CONNECTOR_ABSENT, "mirror.source", forward(status=seen(status(ConnectorState.ABSENT)))),
    (Rule.CONNECTOR_FAILED, "TopicAuth", with_connector("source", tasks=(FAILED,))),
    (
        Rule.CONNECTOR_FAILED,
        "no plugin",
        with_connector("checkpoint", state=ConnectorState.FAILED, trace="no plugin", tasks=()),
    ),
    (Rule.CONNECTOR_IDLE, "PAUSED", with_connector("source", state=ConnectorState.PAUSED)),
    (Rule.CONNECTOR_IDLE, "no tasks", with_connector("source", tasks=())),
    (Rule.HEADERS_REWRITTEN, "not set", configured("source", header_converter=None)),
    (Rule.HEADERS_REWRITTEN, "Simple", configured("checkpoint", header_converter="SimpleHeaderConverter")),
    (Rule.BYTES_REWRITTEN, "Json", configured("source", value_converter="JsonConverter")),
    (Rule.TOPIC_NOT_COPIED, "orders is not copied: it is not in", configured("source", topics="shop.*, turbines.*")),
    (Rule.TOPIC_NOT_COPIED, "leaves it out: topics.exclude", configured("source", topics_exclude="ord.*")),
    (
        Rule.TOPIC_NOT_COPIED,
        "transformation some",
        configured("source", transforms="some", transforms_some_type="org.apache.kafka.connect.transforms.Filter"),
    ),
    (
        Rule.BYTES_REWRITTEN,
        "transformation mask",
        configured("source", transforms="mask", transforms_mask_type="com.acme.Mask"),
    ),
    (Rule.POLICY_DIFFERS, "Default", configured("source", replication_policy_class=None)),
    (Rule.SYNCS_LOCATION, "source", configured("checkpoint", **{"offset-syncs_topic_location": "source"})),
    (Rule.SYNCS_MISSING, "no topic", forward(syncs=unseen("there is no topic"))),
    (Rule.BOTH_DIRECTIONS, "south-to-north", backward(status=seen(status()))),
    (Rule.LAG_UNKNOWN, "no answer", forward(lag=unseen())),
    (Rule.LAG_TOO_HIGH, "101", forward(lag=seen(Lag({TopicPartition("orders", 0): 101}, True, None)))),
    (Rule.TOPIC_MISSING, "north", source(topics=topics())),
    (Rule.TOPIC_MISSING, "south", target(topics=topics())),
    (
        Rule.RECORDS_SKIPPED,
        "mirror.source: consumer.auto.offset.reset is latest",
        configured("source", consumer_auto_offset_reset="latest"),
    ),
    (
        Rule.RECORDS_SKIPPED,
        "mirror.source: errors.tolerance is all",
        configured("source", errors_tolerance="all", exactly_once_support=None),
    ),
    (
        Rule.SYNCS_MISSING,
        "mirror.source: emit.offset-syncs.enabled is false",
        configured("source", **{"emit.offset-syncs.enabled": "false"}),
    ),
    (Rule.PARTITIONS_DIFFER, "3 at south", target(topics=topics(topic("orders", partitions=3)))),
    (Rule.TIMESTAMPS_DIFFER, "at south only", target(topics=topics(topic("orders", STAMPED)))),
    (
        Rule.GROUP_MISSING,
        "billing",
        source(groups=seen({"billing": Group("billing", GroupProtocol.OTHER, GroupState.DEAD)})),
    ),
    (
        Rule.GROUP_IMMOVABLE,
        "north: billing is a share group",
        source(groups=seen({"billing": Group("billing", GroupProtocol.SHARE, GroupState.EMPTY)})),
    ),
    (
        Rule.GROUP_IMMOVABLE,
        "south: billing is a streams group",
        target(groups=seen({"billing": Group("billing", GroupProtocol.STREAMS, GroupState.STABLE)})),
    ),
    (
        Rule.GROUP_ACTIVE_AT_TARGET,
        "billing-1",
        target(groups=seen({"billing": Group("billing", GroupProtocol.CLASSIC, GroupState.STABLE, (MEMBER,))})),
    ),
    (Rule.SINKS_UNKNOWN, "north: no worker", source(sinks=unseen("no worker"))),
    (Rule.SINKS_UNKNOWN, "south: no worker", target(sinks=unseen("no worker"))),
    (
        Rule.SINKS_UNKNOWN,
        "lake: the group that it reads as is unknown: north: no answer",
        changed(unknown_sinks={"lake": NO_ANSWER}),
    ),
    (
        Rule.SINKS_UNKNOWN,
        "lake, table: the groups that they read as are unknown: north: no answer",
        changed(unknown_sinks={"table": NO_ANSWER, "lake": NO_ANSWER}),
    ),
    (Rule.SINK_MISSING, "orders-to-lake", source(sinks=seen({"orders-to-lake": Connector("orders-to-lake", ABSENT)}))),
    (
        Rule.SINK_ACTIVE_AT_TARGET,
        "orders-to-lake is RUNNING",
        target(sinks=seen({"orders-to-lake": Connector("orders-to-lake", ConnectorState.RUNNING)})),
    ),
]
APART = {
    Rule.LOSSES_UNKNOWN,
    Rule.FRONTIER_UNPROVEN,  # test_frontier.py
    Rule.SINK_GROUP_DIFFERS,  # tests/spec/test_sinks.py
    Rule.EPOCH_BEHIND,  # tests/spec/test_whose_run.py
    Rule.TOPIC_RECREATED,
    Rule.RECORDS_LOST,
    Rule.SOURCE_SHORTER,
    Rule.RETENTION_NEAR,
    Rule.LINK_SILENT,  # of a planned move in test_staleness.py
    Rule.CHECKPOINTS_MISSING,
    Rule.TARGET_AHEAD,
    Rule.POSITIONS_EXPIRING,
    Rule.LINK_SLOWER,
    Rule.CLIENTS_LEFT,
    Rule.CLIENT_STAYS,
}
"""No gate asks for these; their cases are in test_losses.py, test_advice.py and test_clients.py."""


def test_nothing_stands_in_the_way_when_all_is_well() -> None:
    assert list(blockers(GOOD, GUARDS, NOW)) == []
    assert list(warnings(GOOD)) == []


@pytest.mark.parametrize(("rule", "words", "change"), BLOCKING, ids=label)
def test_a_fault_is_named_with_its_place_and_remedy(rule: Rule, words: str, change: Change) -> None:
    found = list(blockers(change(GOOD), GUARDS, NOW))
    assert named(found, rule, words), found


def unkept(age: timedelta) -> list[Blocker]:
    """What stands in the way where billing has something due and group-offset sync was silent for so long."""
    report = SyncReport("north", "south", 3, NOW - age)
    late = not_kept(report, ["billing"], (), NOW)
    return [positions_not_kept(report, late)] if late else []


def test_positions_that_were_not_kept_for_longer_than_three_intervals_block_a_planned_move() -> None:
    assert unkept(KEPT_WITHIN) == []
    (found,) = unkept(KEPT_WITHIN + timedelta(seconds=1))
    assert named([found], Rule.POSITIONS_STALE, "south: positions were not kept there: billing for 31 s")
    assert found.concern is GateCategory.POSITIONS
    assert sift([found], {}).standing == (found,)


def test_a_person_may_take_positions_that_were_not_kept_upon_themselves() -> None:
    found = unkept(2 * KEPT_WITHIN)
    sifted = sift(found, {"positions-stale": "the service is being moved"})
    assert (sifted.standing, sifted.overridden) == ((), tuple(found))


def test_the_same_rule_warns_a_failover_of_positions_older_than_three_intervals() -> None:
    limit = KEPT_WITHIN.total_seconds()
    for late, count in ((limit, 0), (limit + 1, 1)):
        groups = {"billing": GroupForecast(2, 2, 40, late, late)}
        found = list(stale_positions(Forecast("north", "south", NOW, Loss({}, EndsFrom.SIGHTING), groups, {}, ())))
        assert [each.rule for each in found] == [Rule.POSITIONS_STALE] * count


def test_every_rule_has_a_case() -> None:
    of_failovers = {Rule.SOURCE_HEALTHY, Rule.LOSS_NOT_ACCEPTED}  # in test_failing_over.py
    of_the_journal = {
        Rule.COOLING_DOWN,
        Rule.LINK_UNPROVEN,
        Rule.OUTSIDE_WINDOW,
        Rule.PAUSED,
    }  # tests/spec/test_runs.py, test_calendar.py, test_pause.py
    of_scaling = (
        CONCERNS[GateCategory.DEPLOYMENTS] | CONCERNS[GateCategory.CAPACITY]
    )  # test_capacity.py, test_deployments.py
    # test_rules_positions.py, test_staleness.py, tests/spec/test_neighbours.py
    of_positions = CONCERNS[GateCategory.POSITIONS]
    of_upkeep = {
        Rule.CERTIFICATE_INVALID,
        Rule.CERTIFICATE_EXPIRING,
        Rule.CLOCK_APART,
    }  # test_upkeep.py
    covered = {rule for rule, _, _ in (*BLOCKING, *WARNING)} | {Rule.FACTS_STALE} | of_the_journal
    assert covered | of_failovers | of_scaling | of_positions | of_upkeep | APART == set(Rule)


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_is_about_exactly_one_thing(rule: Rule) -> None:
    assert len([concern for concern, rules in CONCERNS.items() if rule in rules]) == 1
