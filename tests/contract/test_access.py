"""The contract of Access, for the fake and the real thing."""

import pytest

from drctl.drivers.store.clock import SystemClock
from drctl.errors import NotFound
from drctl.model.access import AclRule
from tests.contract.stage import Stage
from tests.contract.waiting import until

CLOCK = SystemClock()


def right(name: str, **changes: str) -> AclRule:
    rule = AclRule("User:contract", "*", "READ", "TOPIC", name, "LITERAL", allow=True)
    return rule._replace(**changes)  # type: ignore[arg-type]


def test_a_rule_that_was_added_is_among_the_rules_and_adding_it_twice_is_once(stage: Stage) -> None:
    name = stage.topic()
    wanted = {
        right(name),
        right(f"{name}-", pattern="PREFIXED", operation="WRITE"),
        right(name, kind="GROUP", host="10.0.0.1"),
        right(name, kind="TRANSACTIONAL_ID", operation="DESCRIBE"),
        right("kafka-cluster", kind="CLUSTER", operation="IDEMPOTENT_WRITE"),
    }
    for _ in range(2):
        stage.access.allow(wanted)
        until(CLOCK, "it shows", lambda: stage.access.rules() >= wanted)
    stage.access.allow([])


def test_the_fences_deny_rules_are_told_from_others(stage: Stage) -> None:
    fencing = {rule for rule in stage.access.rules() if rule.fences}
    assert {rule.principal for rule in fencing} == {denial.principal for denial in stage.fence.standing()}
    assert not any(rule.allow for rule in fencing)


def test_writers_are_found_among_the_rules(stage: Stage) -> None:
    allowed = {rule.principal for rule in stage.access.rules() if rule.allow and rule.operation in ("WRITE", "ALL")}
    assert stage.fence.writers().principals <= allowed


def test_users_come_with_their_mechanisms(stage: Stage) -> None:
    users = stage.access.users()
    assert users == stage.scram_users
    assert all(mechanisms for mechanisms in users.values())


def test_what_drctl_may_do_with_a_topic_is_told_and_writing_is_not_among_it(stage: Stage) -> None:
    name = stage.topic()
    (may,) = stage.access.may([name]).values()
    assert may >= {"READ", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER", "ALTER_CONFIGS", "CREATE", "DELETE"}
    assert "WRITE" not in may
    assert stage.access.may([]) == {}
    with pytest.raises(NotFound):
        stage.access.may(["no-such-topic"])
