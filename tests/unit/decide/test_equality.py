"""Standby equality: which rules match which, which changes are safe, and what nobody can compare."""

from dataclasses import replace

import pytest

from drctl.decide.equality import differences, failover_warnings, inequalities, unseen
from drctl.decide.rights import Names, applications, says
from drctl.decide.rights import unmatched as unmatched_at_work
from drctl.decide.rules import Rule
from drctl.model.access import AclRule
from drctl.model.facts import Facts
from drctl.model.fence import Writers
from drctl.model.fixes import AddPartitions, AllowRight, Fix, SetTopicConfig
from tests.unit.decide.good_facts import (
    GOOD,
    RULES,
    USERS,
    WRITE,
    Change,
    both,
    fence,
    here,
    owned,
    rule,
    seen,
    source,
    target,
    there,
    topic,
    topics,
)
from tests.unit.decide.good_facts import (
    unseen as not_seen,
)

NAMES = {"TOPIC": ("orders", "orders.lines"), "GROUP": ("billing",)}
READ = rule("User:shop", "READ", "TOPIC", "orders")


def unmatched(
    rules: set[AclRule], others: set[AclRule], names: Names, images: dict[str, str] | None = None
) -> list[AclRule]:
    return list(unmatched_at_work(rules, others, names, applications(rules, names), images))


@pytest.mark.parametrize(
    ("wider", "narrow"),
    [
        (READ, READ),
        (rule("User:shop", "ALL", "TOPIC", "orders"), READ),
        (rule("User:shop", "READ", "TOPIC", "*"), READ),
        (rule("User:shop", "READ", "TOPIC", "ord*"), READ),
        (rule("User:*", "READ", "TOPIC", "orders"), READ),
        (READ, READ._replace(operation="DESCRIBE")),
        (READ._replace(operation="ALTER_CONFIGS"), READ._replace(operation="DESCRIBE_CONFIGS")),
        (READ, READ._replace(host="10.0.0.1")),
        (rule("User:shop", "WRITE", "TRANSACTIONAL_ID", "s*"), rule("User:shop", "WRITE", "TRANSACTIONAL_ID", "shop*")),
    ],
)
def test_a_wider_rule_says_what_a_narrower_one_says(wider: AclRule, narrow: AclRule) -> None:
    assert says(wider, narrow)


@pytest.mark.parametrize(
    ("other", "narrow"),
    [
        (READ._replace(principal="User:bank"), READ),
        (READ._replace(operation="WRITE"), READ),
        (READ._replace(operation="DESCRIBE"), READ),
        (READ._replace(kind="GROUP"), READ),
        (READ._replace(allow=False), READ),
        (READ._replace(host="10.0.0.1"), READ),
        (rule("User:shop", "READ", "TOPIC", "orders.*"), READ),
        (READ, rule("User:shop", "READ", "TOPIC", "orders*")),
        (rule("User:shop", "READ", "TOPIC", "o*"), rule("User:shop", "READ", "TOPIC", "*")),
        (READ._replace(allow=False), READ._replace(allow=False, operation="DESCRIBE")),
    ],
)
def test_another_rule_does_not(other: AclRule, narrow: AclRule) -> None:
    assert not says(other, narrow)


def test_a_pattern_at_the_source_is_matched_by_the_plans_names_at_the_target() -> None:
    prefixed = rule("User:shop", "READ", "TOPIC", "orders*")
    whole = {READ, rule("User:shop", "READ", "TOPIC", "orders.lines")}
    assert unmatched({prefixed}, whole, NAMES) == []
    assert unmatched({prefixed}, {READ}, NAMES) == [prefixed]


def test_who_may_read_a_topic_must_be_able_to_read_its_copy_under_another_name() -> None:
    images = {"orders": "north.orders"}
    copy = rule("User:shop", "READ", "TOPIC", "north.orders")
    assert unmatched({READ}, {READ}, NAMES, images) == [copy]
    assert unmatched({READ}, {READ, rule("User:shop", "READ", "TOPIC", "north.*")}, NAMES, images) == []
    write = READ._replace(operation="WRITE")
    assert unmatched({write}, {write}, NAMES, images) == []


def test_a_copy_under_another_name_is_held_to_its_topic() -> None:
    facts = replace(GOOD, images={"orders": "north.orders"})
    facts = target(topics=topics(topic("orders"), topic("north.orders", partitions=1)))(facts)
    (found,) = (each for each in inequalities(facts) if each.rule is Rule.PARTITIONS_DIFFER)
    assert found.fix == AddPartitions("south", "north.orders", 2, 1)


def test_rules_for_what_the_plan_does_not_name_are_not_asked_for() -> None:
    assert unmatched({rule("User:bank", "READ", "TOPIC", "ledger")}, set(), NAMES) == []
    assert unmatched({rule("User:bank", "IDEMPOTENT_WRITE", "CLUSTER", "kafka-cluster")}, set(), NAMES) == []


def test_cluster_rights_of_those_who_work_with_the_plans_topics_are() -> None:
    idempotent = rule("User:shop", "IDEMPOTENT_WRITE", "CLUSTER", "kafka-cluster")
    assert unmatched({READ, idempotent}, {READ}, NAMES) == [idempotent]


def test_applications_are_those_who_may_do_something_with_the_plans_work() -> None:
    rules = {READ, rule("User:b", "READ", "GROUP", "*"), rule("User:c", "READ", "TOPIC", "ledger"), *fence("User:d")}
    assert applications(rules, NAMES) == {"User:shop", "User:b"}


FIXED: list[tuple[Change, Fix]] = [
    (target(topics=topics(topic("orders", partitions=1))), AddPartitions("south", "orders", 2, 1)),
    (both("max.message.bytes", "2000", "1000"), SetTopicConfig("south", "orders", "max.message.bytes", "2000", "1000")),
    (both("retention.ms", "-1", "10"), SetTopicConfig("south", "orders", "retention.ms", "-1", "10")),
    (target(rules=seen(RULES - {WRITE})), AllowRight("south", WRITE)),
    (
        there("unclean.leader.election.enable", "true"),
        SetTopicConfig("south", "orders", "unclean.leader.election.enable", "false", "true"),
    ),
]

UNFIXED: list[tuple[Rule, Change]] = [
    (Rule.PARTITIONS_DIFFER, target(topics=topics(topic("orders", partitions=3)))),
    (Rule.TARGET_WEAKER, target(topics=topics(topic("orders", replicas=1)))),
    (Rule.TARGET_WEAKER, here("min.insync.replicas", "2")),  # one replica only is in sync at the target
    (Rule.CLEANUP_DIFFERS, there("cleanup.policy", "compact")),
    (Rule.TIMESTAMPS_DIFFER, there("message.timestamp.type", "LogAppendTime")),
    (Rule.USER_MISSING, target(users=seen({"admin": frozenset({"SCRAM-SHA-512"})}))),
    (Rule.RIGHT_DENIED, target(rules=seen(RULES | {READ._replace(allow=False)}))),
]


@pytest.mark.parametrize(("change", "fix"), FIXED, ids=range(len(FIXED)))
def test_what_only_adds_at_the_standby_can_be_fixed(change: Change, fix: Fix) -> None:
    assert [each.fix for each in inequalities(change(GOOD))] == [fix]
    assert fix.site in str(fix)


@pytest.mark.parametrize(("rule_", "change"), UNFIXED, ids=range(len(UNFIXED)))
def test_what_would_take_something_away_or_needs_a_person_is_only_named(rule_: Rule, change: Change) -> None:
    (found,) = inequalities(change(GOOD))
    assert (found.rule, found.fix) == (rule_, None)
    assert found.remedy


def test_a_setting_that_might_be_lowered_by_making_it_equal_is_only_named() -> None:
    (packed,) = differences(both("compression.type", "zstd", "lz4")(GOOD))
    assert packed.fix == SetTopicConfig("south", "orders", "compression.type", "zstd", "lz4")
    (limit,) = differences(both("max.compaction.lag.ms", "10", "20")(GOOD))
    assert limit.fix is None


ALIKE: list[Change] = [
    both("retention.ms", "10", "-1"),
    both("retention.ms", "10", "11"),
    both("max.message.bytes", "10", "11"),
    both("cleanup.policy", "compact,delete", "delete, compact"),
    both("retention.ms", "-1", "10", cleanup_policy="compact"),
    both("delete.retention.ms", "11", "10"),
    here("unclean.leader.election.enable", "true"),
    target(rules=seen(RULES | {rule("User:new", "READ", "TOPIC", "orders")})),
    target(rules=seen(RULES - {rule("User:mm2", "ALL", "TOPIC", "*")})),
    target(rules=seen(RULES | fence("User:shop") | fence("User:canary"))),
    target(users=seen({**USERS, "more": frozenset({"SCRAM-SHA-256"})})),
    target(users=seen({"shop": USERS["shop"]})),  # admin is no application
]


@pytest.mark.parametrize("change", ALIKE, ids=range(len(ALIKE)))
def test_a_standby_that_gives_as_much_or_more_is_equal(change: Change) -> None:
    assert list(inequalities(change(GOOD))) == []


def _unseen(facts: Facts) -> set[str]:
    return {each.what for each in unseen(facts)}


def test_what_nobody_can_read_is_named_and_never_equal() -> None:
    assert _unseen(GOOD) == {
        "passwords of SCRAM users",
        "super users at north",
        "super users at south",
    }
    told = source(writers=seen(Writers(frozenset({"User:shop"}), super_users=frozenset({"User:admin"}))))
    assert "super users at north" not in _unseen(told(GOOD))
    assert "users at south" in _unseen(target(users=seen({}))(GOOD))
    assert "rules at north" in _unseen(source(rules=not_seen())(GOOD))
    assert "client quotas at south" in _unseen(target(quotas=not_seen())(GOOD))
    assert "what drctl may do at south" in _unseen(target(rights=not_seen())(GOOD))
    assert "rules about delegation tokens and users at north" in _unseen(source(token_rules=not_seen())(GOOD))


def test_a_failover_from_a_site_that_does_not_answer_is_told_once_that_nothing_was_compared() -> None:
    dead = replace(GOOD, source=replace(GOOD.source, cluster=not_seen(), topics=not_seen(), rules=not_seen()))
    (told,) = failover_warnings(dead)
    assert "is not compared with north" in told.detail
    denied, told = failover_warnings(target(rights=owned(of_groups="READ"))(dead))
    assert (denied.rule, denied.detail.partition(":")[0]) == (Rule.OWN_RIGHT_MISSING, "south")


def test_a_failover_is_warned_of_all_of_it_also_where_the_source_is_silent() -> None:
    weak = target(topics=topics(topic("orders", replicas=1)))(GOOD)
    assert Rule.TARGET_WEAKER in {each.rule for each in failover_warnings(weak)}
    silent = replace(GOOD, source=replace(GOOD.source, topics=not_seen(), rules=not_seen(), users=not_seen()))
    assert any("topics at north" in each.detail for each in failover_warnings(silent))
