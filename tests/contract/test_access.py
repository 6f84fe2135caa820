"""The contract of Access, for the fake and the real thing."""

from contextlib import closing

import pytest

from drctl.drivers.kafka.access import KafkaAccess
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Forbidden, NotFound, Unreachable
from drctl.lab import Lab
from drctl.model.access import AclRule
from drctl.model.cluster import Broker
from drctl.model.session import GroupProtocol
from tests.contract.entitling import with_token_rule, without
from tests.contract.harness import Harness
from tests.contract.real_site import RealHarness
from tests.contract.waiting import until

CLOCK = SystemClock()


def right(name: str, **changes: str) -> AclRule:
    rule = AclRule("User:contract", "*", "READ", "TOPIC", name, "LITERAL", allow=True)
    return rule._replace(**changes)  # type: ignore[arg-type]


def test_a_rule_that_was_added_is_among_the_rules_and_adding_it_twice_is_once(harness: Harness) -> None:
    name = harness.topic()
    wanted = {
        right(name),
        right(f"{name}-", pattern="PREFIXED", operation="WRITE"),
        right(name, kind="GROUP", host="10.0.0.1"),
        right(name, kind="TRANSACTIONAL_ID", operation="DESCRIBE"),
        right("kafka-cluster", kind="CLUSTER", operation="IDEMPOTENT_WRITE"),
    }
    for _ in range(2):
        harness.access.allow(wanted)
        until(CLOCK, "it shows", lambda: harness.access.rules() >= wanted)
    harness.access.allow([])


def test_the_fences_deny_rules_are_told_from_others(harness: Harness) -> None:
    fencing = {rule for rule in harness.access.rules() if rule.fences}
    assert {rule.principal for rule in fencing} == {denial.principal for denial in harness.fence.standing()}
    assert not any(rule.allow for rule in fencing)


def test_writers_are_found_among_the_rules(harness: Harness) -> None:
    allowed = {rule.principal for rule in harness.access.rules() if rule.allow and rule.operation in ("WRITE", "ALL")}
    assert harness.fence.writers().principals <= allowed


@pytest.mark.parametrize(
    ("operation", "kind", "name", "allow"),
    [
        ("CREATE_TOKENS", "USER", "User:pump", True),
        ("DESCRIBE_TOKENS", "USER", "User:pump", False),
        ("DESCRIBE", "DELEGATION_TOKEN", "*", True),
    ],
)
def test_a_rule_about_tokens_or_users_is_told_while_it_stands_and_is_not_among_the_others(
    harness: Harness, operation: str, kind: str, name: str, allow: bool
) -> None:
    rule = AclRule("User:contract", "*", operation, kind, name, "LITERAL", allow)
    broker = harness.brokers.cluster().brokers[0]
    assert rule not in harness.access.token_rules(broker)
    with with_token_rule(harness, rule):
        # The controller answers before every broker knows it.
        until(CLOCK, "it is told", lambda: rule in harness.access.token_rules(broker))
        assert rule not in harness.access.rules()
    until(CLOCK, "it is gone", lambda: rule not in harness.access.token_rules(broker))


def test_rules_about_tokens_are_told_to_nobody_who_may_not_describe_the_cluster(harness: Harness) -> None:
    broker = harness.brokers.cluster().brokers[0]

    def denied() -> bool:
        try:
            harness.access.token_rules(broker)
        except Forbidden:
            return True
        return False

    with without(harness, "DESCRIBE", "BROKER"), without(harness, "ALTER", "BROKER"):  # ALTER allows to describe, too
        until(CLOCK, "it is denied", denied)
    until(CLOCK, "it is told again", lambda: not denied())


def test_a_broker_that_is_not_there_tells_no_rules(harness: Harness) -> None:
    with pytest.raises(Unreachable):
        harness.access.token_rules(Broker(99, "localhost", 1))


def test_users_come_with_their_mechanisms(harness: Harness) -> None:
    users = harness.access.users()
    assert users == harness.scram_users
    assert all(mechanisms for mechanisms in users.values())


def test_what_drctl_may_do_with_a_topic_is_told_and_writing_is_not_among_it(harness: Harness) -> None:
    name = harness.topic()
    (may,) = harness.access.may([name]).values()
    assert may >= {"READ", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER", "ALTER_CONFIGS", "CREATE", "DELETE"}
    assert "WRITE" not in may
    assert harness.access.may([]) == {}
    with pytest.raises(NotFound):
        harness.access.may(["no-such-topic"])


def test_what_drctl_may_do_with_cluster_topics_and_groups_is_told_of_what_exists_and_of_groups_to_come(
    harness: Harness,
) -> None:
    name = harness.topic()
    told = harness.access.rights([name, "no-such-topic"], [name])
    assert told.principal in {"User:drctl", ""}  # with a certificate only the brokers know
    assert told.cluster >= {"DESCRIBE", "DESCRIBE_CONFIGS", "ALTER"}
    assert told.topics.keys() == {name}
    assert told.topics[name] >= {"READ", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"}
    assert "WRITE" not in told.topics[name]
    assert told.groups == {name: {"READ", "DESCRIBE", "DELETE"}}
    assert harness.access.rights([], []).cluster == told.cluster


@pytest.mark.parametrize("protocol", [GroupProtocol.CLASSIC, GroupProtocol.CONSUMER])
def test_groups_of_either_kind_are_told_of_while_they_have_members(harness: Harness, protocol: GroupProtocol) -> None:
    name = harness.topic()
    with harness.member(name, name, protocol):
        assert harness.access.rights([], [name]).groups == {name: {"READ", "DESCRIBE", "DELETE"}}


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("ALTER", "BROKER"),
        ("DESCRIBE_CONFIGS", "BROKER"),
        ("READ", "TOPIC"),
        ("ALTER_CONFIGS", "TOPIC"),
        ("READ", "GROUP"),
        ("DELETE", "GROUP"),
    ],
)
def test_a_right_that_was_taken_away_is_missing_and_no_other(harness: Harness, operation: str, kind: str) -> None:
    name = harness.topic()

    def told() -> frozenset[str]:
        rights = harness.access.rights([name], [name])
        return {"BROKER": rights.cluster, "TOPIC": rights.topics[name], "GROUP": rights.groups[name]}[kind]

    before = told()
    with without(harness, operation, kind):
        until(CLOCK, "it is taken away", lambda: operation not in told())
        assert told() == before - {operation}
    until(CLOCK, "it is there again", lambda: told() == before)


@pytest.mark.parametrize("site", ["north", "south"])
def test_whoever_may_describe_nothing_is_told_nothing(lab: Lab, real_sites: dict[str, RealHarness], site: str) -> None:
    name = real_sites[site].topic()
    with closing(lab.site(site).kafka("canary")) as canary:
        told = KafkaAccess(canary).rights([name, "no-such-topic"], [name])
    assert told.cluster == frozenset()
    assert told.topics == {name: frozenset(), "no-such-topic": frozenset()}
    assert told.groups == {name: frozenset()}
