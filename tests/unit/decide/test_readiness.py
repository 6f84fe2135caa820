"""Every rule: a switchover in good order has nothing against it; each fault alone is named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drctl.decide.overrides import sift
from drctl.decide.readiness import Blocker, Rule, blockers, warnings
from drctl.decide.rules import CONCERNS, GateCategory
from drctl.decide.staleness import KEPT_WITHIN, not_kept, positions_not_kept, stale_positions
from drctl.model.access import AclRule
from drctl.model.cluster import Broker, Cluster, Partition, Topic
from drctl.model.facts import Facts, Lag, LinkFacts, SiteFacts
from drctl.model.fence import MARK, CanaryResult, DenyRule, Scope, Writers
from drctl.model.forecast import Forecast, GroupForecast
from drctl.model.link import Connector, ConnectorState, LinkStatus, Task
from drctl.model.loss import EndsFrom, Loss
from drctl.model.offsets import TopicPartition
from drctl.model.quotas import QuotaEntity
from drctl.model.reading import Reading
from drctl.model.schemas import RegisteredSchema, SubjectVersion
from drctl.model.session import Group, GroupProtocol, GroupState, Member
from drctl.model.site import Guards, Link, SinkGroup
from drctl.model.sync_report import SyncReport
from drctl.model.upkeep import BrokerDisks, DiskSpace

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GUARDS = Guards(timedelta(seconds=1), timedelta(seconds=60), max_lag=100)
BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
CONFIG = {
    "exactly.once.support": "required",
    "source.consumer.isolation.level": "read_committed",
    "header.converter": BYTES,
    "key.converter": BYTES,
    "value.converter": BYTES,
    "replication.policy.class": "org.apache.kafka.connect.mirror.IdentityReplicationPolicy",
    "offset-syncs.topic.location": "target",
}
BROKERS = tuple(Broker(n, "localhost", n) for n in (1, 2, 3))
NO_ANSWER = SinkGroup(None, "north: no answer", "start the Connect worker at north")
MIRROR, EVERY_USER = QuotaEntity((("user", "mm2"),)), QuotaEntity((("user", None),))
DENIED = frozenset(DenyRule("User:shop", scope) for scope in Scope)

MIB = 1 << 20
ROOMY, CORDONED = DiskSpace(100, 50), DiskSpace(100, 50, cordoned=True)

type Change = Callable[[Facts], Facts]


def seen[T](value: T) -> Reading[T]:
    return Reading(value, NOW)


def unseen[T](why: str = "no answer") -> Reading[T]:
    return Reading(None, NOW, why)


def connector(kind: str, state: ConnectorState = ConnectorState.RUNNING) -> Connector:
    tasks = (Task(0, ConnectorState.RUNNING),) if state is ConnectorState.RUNNING else ()
    return Connector(f"mirror.{kind}", state, tasks, {} if state is ConnectorState.ABSENT else CONFIG)


def status(state: ConnectorState = ConnectorState.RUNNING) -> LinkStatus:
    return LinkStatus(*(connector(kind, state) for kind in ("source", "checkpoint", "heartbeat")))


def link(source: str, target: str, state: ConnectorState) -> LinkFacts:
    named = Link(f"{source}-to-{target}", source, target, Path("/links.json"), "User:mm2")
    return LinkFacts(named, seen(status(state)), seen(Lag({TopicPartition("orders", 0): 3}, True, None)), seen(1))


def topic(name: str, config: dict[str, str] | None = None, replicas: int = 3, partitions: int = 2) -> Topic:
    one = Partition(1, tuple(range(1, replicas + 1)), (1,))
    return Topic(name, name, (one,) * partitions, config or {})


ABSENT = ConnectorState.ABSENT


def disks(**spaces: DiskSpace) -> BrokerDisks:
    """One directory at each of three brokers, roomy unless said otherwise of b1, b2 or b3."""
    return {f"broker {n}": seen({"/data": spaces.get(f"b{n}", ROOMY)}) for n in (1, 2, 3)}


def rule(principal: str, operation: str, kind: str, name: str, **more: Any) -> AclRule:
    pattern, bare = ("PREFIXED", name[:-1]) if name.endswith("*") and name != "*" else ("LITERAL", name)
    return AclRule(principal, more.get("host", "*"), operation, kind, bare, pattern, more.get("allow", True))


def fence(principal: str) -> set[AclRule]:
    """Drctl's own deny rules for topics."""
    return {rule(principal, "WRITE", "TOPIC", name, allow=False) for name in ("*", MARK)}


WRITE = rule("User:shop", "WRITE", "TOPIC", "orders")
RULES = frozenset(
    {WRITE, rule("User:shop", "WRITE", "TRANSACTIONAL_ID", "shop*"), rule("User:mm2", "ALL", "TOPIC", "*")}
)
USERS = {"shop": frozenset({"SCRAM-SHA-512"}), "admin": frozenset({"SCRAM-SHA-512"})}


def site(name: str, standing: frozenset[DenyRule], sink: ConnectorState = ABSENT) -> SiteFacts:
    return SiteFacts(
        name,
        seen(Cluster(name, BROKERS, 1, kraft=True)),
        seen({t: topic(t) for t in ("orders", "canary")}),
        seen({"billing": Group("billing", GroupProtocol.CLASSIC, GroupState.EMPTY)}),
        seen(Writers(frozenset({"User:shop"}))),
        seen(standing),
        seen({"orders-to-lake": Connector("orders-to-lake", sink, () if sink is ABSENT else (Task(0, sink),))}),
        seen(RULES | fence("User:shop") if standing else RULES),
        seen(USERS),
        quotas=seen({}),
        disks=disks(),
    )


GOOD = Facts(
    seen_at=NOW,
    topics=("orders",),
    groups=("billing",),
    canary_topic="canary",
    source=site("north", frozenset(), ConnectorState.RUNNING),
    target=site("south", DENIED),
    canary=seen(CanaryResult(refused=False, answer="written")),
    link=link("north", "south", ConnectorState.RUNNING),
    reverse=link("south", "north", ConnectorState.ABSENT),
    client_routing=seen("north"),
    target_canary=seen(CanaryResult(refused=True, answer="TOPIC_AUTHORIZATION_FAILED")),
    target_canary_topic="canary",
)


def source(**changes: object) -> Change:
    return lambda facts: replace(facts, source=replace(facts.source, **changes))  # type: ignore[arg-type]


def target(**changes: object) -> Change:
    return lambda facts: replace(facts, target=replace(facts.target, **changes))  # type: ignore[arg-type]


def forward(**changes: object) -> Change:
    return lambda facts: replace(facts, link=replace(facts.link, **changes))  # type: ignore[arg-type]


def backward(**changes: object) -> Change:
    def change(facts: Facts) -> Facts:
        assert facts.reverse is not None
        return replace(facts, reverse=replace(facts.reverse, **changes))  # type: ignore[arg-type]

    return change


def changed(**changes: object) -> Change:
    return lambda facts: replace(facts, **changes)  # type: ignore[arg-type]


def configured(kind: str, **config: str | None) -> Change:
    """The link with one connector's configuration changed; underscores stand for dots, None removes."""
    new = {key.replace("_", "."): value for key, value in config.items()}

    def change(facts: Facts) -> Facts:
        assert facts.link.status.value is not None
        old = getattr(facts.link.status.value, kind)
        merged = {key: value for key, value in {**old.config, **new}.items() if value is not None}
        found = replace(facts.link.status.value, **{kind: replace(old, config=merged)})
        return forward(status=seen(found))(facts)

    return change


def with_connector(kind: str, **changes: object) -> Change:
    def change(facts: Facts) -> Facts:
        assert facts.link.status.value is not None
        old = getattr(facts.link.status.value, kind)
        found = replace(facts.link.status.value, **{kind: replace(old, **changes)})
        return forward(status=seen(found))(facts)

    return change


def topics(*found: Topic) -> Reading[dict[str, Topic]]:
    return seen({t.name: t for t in (*found, topic("canary"))})


STAMPED = {"message.timestamp.type": "LogAppendTime"}
FAILED = Task(0, ConnectorState.FAILED, "TopicAuthorizationException")
MEMBER = Member("m-1", "billing-1", "/10.0.0.1")


def here(key: str, value: str) -> Change:
    """That setting of the topic at the source."""
    return source(topics=topics(topic("orders", {key: value})))


def there(key: str, value: str) -> Change:
    """That setting of the topic at the target."""
    return target(topics=topics(topic("orders", {key: value})))


def both(key: str, before: str, after: str, **more: str) -> Change:
    """That setting at the source and at the target, beside others on both."""
    others = {name.replace("_", "."): value for name, value in more.items()}

    def change(facts: Facts) -> Facts:
        facts = source(topics=topics(topic("orders", {key: before, **others})))(facts)
        return target(topics=topics(topic("orders", {key: after, **others})))(facts)

    return change


def two_replicas(facts: Facts) -> Facts:
    """With topics of no more than two replicas at the target."""
    kept = seen({"canary": topic("canary", replicas=1), "orders": topic("orders", replicas=2)})
    return target(topics=kept)(source(topics=kept)(facts))


def registered(facts: Facts) -> Facts:
    """With a schema in the source's registry."""
    return source(schemas=seen({SubjectVersion("orders-value", 1): RegisteredSchema(7, "a")}))(facts)


WRITTEN = seen(CanaryResult(refused=False, answer="written"))
EVE = DenyRule("User:eve", Scope.TOPICS, own=False)
EVES = seen(frozenset({EVE}))
ROOT = Cluster("north", BROKERS, 1, kraft=True, super_users=frozenset({"User:shop", "User:root"}))
DENIED_MM2 = rule("User:mm2", "WRITE", "TOPIC", "*", allow=False)

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
    (Rule.PARTITIONS_DIFFER, "3 at south", target(topics=topics(topic("orders", partitions=3)))),
    (Rule.TIMESTAMPS_DIFFER, "at south only", target(topics=topics(topic("orders", STAMPED)))),
    (
        Rule.GROUP_MISSING,
        "billing",
        source(groups=seen({"billing": Group("billing", GroupProtocol.OTHER, GroupState.DEAD)})),
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


def label(part: object) -> str | None:
    return part.name if isinstance(part, Rule) else part if isinstance(part, str) else ""


def named(found: list[Blocker], rule: Rule, words: str) -> bool:
    return any(b.rule is rule and words in b.detail and b.remedy for b in found)


def test_nothing_stands_in_the_way_when_all_is_well() -> None:
    assert list(blockers(GOOD, GUARDS, NOW)) == []
    assert list(warnings(GOOD)) == []


@pytest.mark.parametrize(("rule", "words", "change"), BLOCKING, ids=label)
def test_a_fault_is_named_with_its_place_and_remedy(rule: Rule, words: str, change: Change) -> None:
    found = list(blockers(change(GOOD), GUARDS, NOW))
    assert named(found, rule, words), found


@pytest.mark.parametrize(("rule", "words", "change"), WARNING, ids=label)
def test_what_only_costs_something_is_a_warning_and_no_blocker(rule: Rule, words: str, change: Change) -> None:
    facts = change(GOOD)
    assert named(list(warnings(facts)), rule, words)
    assert list(blockers(facts, GUARDS, NOW)) == []


def test_a_platform_with_topics_of_its_own_is_exempt_at_both_sites() -> None:
    connect, both = frozenset({"User:connect"}), seen(Writers(frozenset({"User:shop", "User:connect"})))
    rules = seen(RULES | {rule("User:connect", "WRITE", "TOPIC", "connect-*"), *fence("User:connect")})
    for change in (source, target):
        facts = change(platform=connect, writers=both, rules=rules)(GOOD)
        assert not [b for b in (*blockers(facts, GUARDS, NOW), *warnings(facts)) if b.concern is GateCategory.WRITERS]


def test_who_may_write_transactions_and_no_topic_is_nothing_that_the_fence_would_hurt() -> None:
    bank = {rule("User:bank", "WRITE", "TRANSACTIONAL_ID", "bank*"), rule("User:bank", "READ", "TOPIC", "orders")}
    facts = source(writers=seen(Writers(frozenset({"User:shop", "User:bank"}))), rules=seen(RULES | bank))(GOOD)
    assert not [w for w in warnings(facts) if w.rule is Rule.DENIED_TOO]


def test_cordoning_that_leaves_every_broker_a_directory_stands_in_no_way() -> None:
    one_of_two = seen({"/data": ROOMY, "/old": CORDONED})
    facts = target(disks={f"broker {n}": one_of_two for n in (1, 2, 3)})(GOOD)
    assert [*blockers(facts, GUARDS, NOW), *warnings(facts)] == []


def test_cordoned_brokers_are_told_once_as_what_stands_in_the_way_or_as_a_warning() -> None:
    facts = target(disks=disks(b2=CORDONED))(GOOD)
    told = [*blockers(facts, GUARDS, NOW), *warnings(facts)]
    assert [each.rule for each in told] == [Rule.DIRECTORY_CORDONED]
    assert told[0].detail.endswith("every log directory is cordoned of broker 2")
    assert told[0].concern is GateCategory.SITES


def test_the_disks_of_the_site_that_is_left_are_nothing_that_a_move_waits_for() -> None:
    facts = source(disks=disks(b1=DiskSpace(100, 0), b2=CORDONED))(GOOD)
    assert [*blockers(facts, GUARDS, NOW), *warnings(facts)] == []


def test_old_facts_say_nothing_about_now() -> None:
    found = list(blockers(GOOD, GUARDS, NOW + timedelta(minutes=2)))
    assert [b.rule for b in found] == [Rule.FACTS_STALE]


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


def test_all_faults_are_named_at_once_silence_first() -> None:
    facts = forward(lag=unseen())(changed(client_routing=seen("south"))(target(cluster=unseen())(GOOD)))
    assert [b.rule for b in blockers(facts, GUARDS, NOW)] == [
        Rule.TARGET_SILENT,
        Rule.CLIENT_ROUTING_ELSEWHERE,
        Rule.LAG_UNKNOWN,
    ]


def test_a_checkpoint_connector_without_groups_has_no_task_and_that_is_no_fault() -> None:
    assert list(blockers(with_connector("checkpoint", tasks=())(GOOD), GUARDS, NOW)) == []


def test_a_stopped_reverse_link_is_no_fault() -> None:
    assert list(blockers(backward(status=seen(status(ConnectorState.STOPPED)))(GOOD), GUARDS, NOW)) == []


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_is_about_exactly_one_thing(rule: Rule) -> None:
    assert len([concern for concern, rules in CONCERNS.items() if rule in rules]) == 1
