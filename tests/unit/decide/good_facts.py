"""Facts of a switchover in good order, and changes that spoil one thing each."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drctl.decide.readiness import Blocker, Rule
from drctl.model.access import AclRule
from drctl.model.cluster import Broker, Cluster, Partition, Topic
from drctl.model.facts import Facts, Lag, LinkFacts, SiteFacts
from drctl.model.fence import MARK, CanaryResult, DenyRule, Scope, Writers
from drctl.model.guards import Guards
from drctl.model.link import Connector, ConnectorState, LinkStatus, Task
from drctl.model.links import Link
from drctl.model.offsets import TopicPartition
from drctl.model.own_rights import JOURNAL, OFFSETS, OwnRights
from drctl.model.quotas import QuotaEntity
from drctl.model.reading import Reading
from drctl.model.schemas import RegisteredSchema, SubjectVersion
from drctl.model.session import Group, GroupProtocol, GroupState, Member
from drctl.model.upkeep import BrokerDisks, DiskSpace
from drctl.model.workloads import SinkGroup

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
OWN = OwnRights(
    "User:drctl",
    frozenset({"DESCRIBE", "DESCRIBE_CONFIGS", "ALTER"}),
    {
        **dict.fromkeys(("orders", OFFSETS), frozenset({"READ", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"})),
        JOURNAL: frozenset({"READ", "WRITE", "DESCRIBE"}),
    },
    {"billing": frozenset({"READ", "DESCRIBE", "DELETE"})},
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
        rights=seen(OWN),
        token_rules=seen(frozenset()),
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


def owned(*, of_cluster: str = "", of_topics: str = "", of_groups: str = "") -> Reading[OwnRights]:
    """Drctl's rights but for one operation."""
    return seen(
        OwnRights(
            OWN.principal,
            OWN.cluster - {of_cluster},
            {name: may - {of_topics} for name, may in OWN.topics.items()},
            {name: may - {of_groups} for name, may in OWN.groups.items()},
        )
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


def label(part: object) -> str | None:
    return part.name if isinstance(part, Rule) else part if isinstance(part, str) else ""


def named(found: list[Blocker], rule: Rule, words: str) -> bool:
    return any(b.rule is rule and words in b.detail and b.remedy for b in found)
