"""Rights of drctl's user, taken away for as long as a contract test wants it."""

from collections.abc import Iterator
from contextlib import contextmanager

from drctl.drivers.kafka.provision import Right, allow
from drctl.drivers.kafka.raw import connected
from drctl.drivers.kafka.token_rules import KINDS, OPERATIONS
from drctl.drivers.kafka.wire_format import INT8, INT16, INT32, array, string
from drctl.model.access import AclRule
from tests.contract.harness import FakeHarness, Harness
from tests.contract.real_site import RealHarness, withdraw

NAMES = {"TOPIC": "*", "GROUP": "*", "BROKER": "kafka-cluster"}
"""Resources of the lab's rules for drctl, by librdkafka's kind."""
BEHIND = {"TOPIC": "", "GROUP": " group", "BROKER": " cluster"}
"""Words that the fake has behind an operation that is withheld."""


# Kafka's requests that the client library cannot make for these kinds; version 3 knows users.
CREATE_ACLS, DELETE_ACLS, VERSION = 30, 31, 3
LITERAL, DENY, ALLOW = 3, 2, 3


@contextmanager
def with_token_rule(harness: Harness, rule: AclRule) -> Iterator[None]:
    """In the block this rule about a delegation token or user stands."""
    if isinstance(harness, FakeHarness):
        harness.site.token_rules.add(rule)
        try:
            yield
        finally:
            harness.site.token_rules.discard(rule)
        return
    assert isinstance(harness, RealHarness)
    numbers = {name: number for number, name in (*KINDS.items(), *OPERATIONS.items())}
    of = INT8.pack(numbers[rule.kind]) + string(rule.name) + INT8.pack(LITERAL)
    whom = string(rule.principal) + string(rule.host) + INT8.pack(numbers[rule.operation])
    body = array([of + whom + INT8.pack(ALLOW if rule.allow else DENY) + b"\0"]) + b"\0"
    _change(harness, CREATE_ACLS, body)
    try:
        yield
    finally:
        _change(harness, DELETE_ACLS, body)


def _change(harness: RealHarness, api: int, body: bytes) -> None:
    """Both requests have the same body: one rule, or a filter that matches one."""
    broker = harness.brokers.cluster().brokers[0]
    with connected("the stage", broker.host, broker.port, harness.admin.config, 10.0) as line:
        answer = line.ask(api, VERSION, body, flexible=True)
    answer.number(INT32)
    assert answer.count() == 1
    assert answer.number(INT16) == 0, answer.optional_string()


@contextmanager
def without(harness: Harness, operation: str, kind: str) -> Iterator[None]:
    """In the block drctl has no rule that allows the operation."""
    if isinstance(harness, FakeHarness):
        harness.site.withheld.add(f"{operation}{BEHIND[kind]}")
        try:
            yield
        finally:
            harness.site.withheld.clear()
        return
    assert isinstance(harness, RealHarness)
    right: Right = ("User:drctl", operation, kind, NAMES[kind])
    withdraw(harness.admin, right)
    try:
        yield
    finally:
        allow(harness.admin, [right])
