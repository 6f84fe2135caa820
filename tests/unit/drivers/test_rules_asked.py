"""The rules of all kinds are asked for before any answer is waited for: a move asks for them some fifty times."""

from concurrent.futures import Future
from typing import Any, override

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from drctl.drivers.kafka.access import KafkaAccess
from drctl.drivers.kafka.fence import AclFence
from drctl.drivers.kafka.site import KafkaSite
from drctl.model.fence import DenyRule, Scope
from drctl.model.site import Canary

WAITED = "waited"


class Noted(Future[Any]):
    """Notes that somebody waits for it."""

    def __init__(self, asked: list[str], found: object) -> None:
        super().__init__()
        self.asked = asked
        self.set_result(found)

    @override
    def result(self, timeout: float | None = None) -> Any:
        self.asked.append(WAITED)
        return super().result(timeout)


class Noting:
    """Stands for the admin client: one rule of each kind that it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def describe_acls(self, wanted: AclBindingFilter, **_: object) -> Noted:
        self.asked.append(ResourceType(wanted.restype).name)
        allowed = wanted.permission_type is AclPermissionType.ALLOW
        permission = AclPermissionType.ALLOW if allowed else AclPermissionType.DENY
        kind, literal = wanted.restype, ResourcePatternType.LITERAL
        return Noted(self.asked, [AclBinding(kind, "*", literal, "User:shop", "*", AclOperation.WRITE, permission)])


@pytest.fixture
def admin() -> Noting:
    return Noting()


@pytest.fixture
def site(admin: Noting, monkeypatch: pytest.MonkeyPatch) -> KafkaSite:
    made = KafkaSite("north", {"bootstrap.servers": "localhost:1"})
    monkeypatch.setattr(made, "admin", lambda: admin)
    return made


def test_what_stands_is_asked_for_both_scopes_at_the_same_time(site: KafkaSite, admin: Noting) -> None:
    fence = AclFence(site, Canary(None, "canary"))
    assert fence.standing() == {DenyRule("User:shop", scope, own=False) for scope in Scope}
    assert admin.asked == ["TOPIC", "TRANSACTIONAL_ID", WAITED, WAITED]


def test_who_writes_is_asked_for_both_scopes_at_the_same_time(site: KafkaSite, admin: Noting) -> None:
    fence = AclFence(site, Canary(None, "canary"))
    assert fence.writers().principals == {"User:shop"}
    assert admin.asked == ["TOPIC", "TRANSACTIONAL_ID", WAITED, WAITED]


def test_all_rules_are_asked_for_at_the_same_time(site: KafkaSite, admin: Noting) -> None:
    assert {rule.kind for rule in KafkaAccess(site).rules()} == {"TOPIC", "GROUP", "TRANSACTIONAL_ID", "CLUSTER"}
    assert admin.asked == ["TOPIC", "GROUP", "TRANSACTIONAL_ID", "BROKER", *[WAITED] * 4]
