"""Client quotas of two sites: whom the target would hold back more than the source does."""

from dataclasses import replace

import pytest

from drctl.decide.equality import differences, failover_warnings, inequalities, uncompared, unseen
from drctl.decide.quotas import quota_differences
from drctl.decide.rules import Rule
from drctl.model.facts import Facts
from drctl.model.quotas import ClientQuotas, QuotaEntity
from tests.unit.decide.good_facts import GOOD, RULES, rule, seen, source, target
from tests.unit.decide.good_facts import unseen as not_seen


def of(**names: str | None) -> QuotaEntity:
    """By user and client, in which ``None`` is the default."""
    kinds = {"user": "user", "client": "client-id", "ip": "ip"}
    return QuotaEntity(tuple(sorted((kinds[kind], name) for kind, name in names.items())))


SHOP, MIRROR, EVERY_USER = of(user="shop"), of(user="mm2"), of(user=None)
EVERYBODY = of(client=None, user=None)
RATE, OTHER, CONNECTIONS = "producer_byte_rate", "request_percentage", "connection_creation_rate"


def having(here: ClientQuotas, there: ClientQuotas) -> Facts:
    return target(quotas=seen(there))(source(quotas=seen(here))(GOOD))


def compared(here: ClientQuotas, there: ClientQuotas) -> tuple[list[str], list[str]]:
    """What is told where the target leaves less, and where it leaves more."""
    facts = having(here, there)
    less, more = (
        [each for _, each in quota_differences(facts.source, facts.target, less=way)] for way in (True, False)
    )
    assert {each.rule for each in (*less, *more)} <= {Rule.QUOTA_DIFFERS}
    return [each.detail for each in less], [each.detail for each in more]


@pytest.mark.parametrize(
    ("here", "there", "less", "more"),
    [
        ({}, {}, [], []),
        ({SHOP: {RATE: 1e6}}, {SHOP: {RATE: 1e6}}, [], []),
        (
            {SHOP: {RATE: 2e6}},
            {SHOP: {RATE: 1e6}},
            ["south: producer_byte_rate of user shop is 1e+06, 2e+06 at north"],
            [],
        ),
        (
            {},
            {EVERYBODY: {OTHER: 50.0}},
            ["south: request_percentage of client-id <default>, user <default> is 50, not limited at north"],
            [],
        ),
        (
            {SHOP: {RATE: 512.0, OTHER: 10.0}},
            {SHOP: {OTHER: 20.0}},
            [],
            [
                "south: producer_byte_rate of user shop is not limited, 512 at north",
                "south: request_percentage of user shop is 20, 10 at north",
            ],
        ),
    ],
    ids=["none", "equal", "lower", "only at the target", "higher and missing at the target"],
)
def test_what_the_target_leaves_less_and_more_of(
    here: ClientQuotas, there: ClientQuotas, less: list[str], more: list[str]
) -> None:
    assert compared(here, there) == (less, more)


@pytest.mark.parametrize(
    ("here", "there", "less"),
    [
        ({SHOP: {RATE: 5.0}, EVERY_USER: {RATE: 1.0}}, {EVERY_USER: {RATE: 1.0}}, "of user shop is 1, 5 at north"),
        ({SHOP: {RATE: 5.0}}, {of(client=None): {RATE: 3.0}}, "of user shop is 3, 5 at north"),
        ({of(user="shop", client="till"): {RATE: 5.0}}, {SHOP: {RATE: 2.0}}, "client-id till, user shop is 2, 5"),
        (
            {of(user="shop", client="till"): {RATE: 5.0}},
            {of(user="shop", client=None): {RATE: 4.0}, SHOP: {RATE: 9.0}},
            "client-id till, user shop is 4, 5",
        ),
        ({SHOP: {RATE: 5.0}}, {SHOP: {OTHER: 1.0}, EVERYBODY: {RATE: 2.0}}, "of user shop is 2, 5 at north"),
        ({of(client="till"): {RATE: 5.0}}, {of(client=None): {RATE: 2.0}}, "of client-id till is 2, 5 at north"),
        ({of(ip="10.0.0.1"): {CONNECTIONS: 5.0}}, {of(ip=None): {CONNECTIONS: 2.0}}, "of ip 10.0.0.1 is 2, 5"),
        ({SHOP: {RATE: 5.0}}, {of(user="shop", client=None): {RATE: 2.0}}, "client-id <default>, user shop is 2, 5"),
    ],
    ids=["user", "client default", "user's", "user's clients", "by key", "client", "address", "more particular"],
)
def test_what_is_set_for_one_is_held_against_what_would_apply_to_the_same_at_the_other(
    here: ClientQuotas, there: ClientQuotas, less: str
) -> None:
    assert any(less in each for each in compared(here, there)[0]), compared(here, there)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ({SHOP: {RATE: 5.0}, EVERY_USER: {RATE: 5.0}}, {EVERY_USER: {RATE: 5.0}}),
        ({of(user="shop", client="till"): {RATE: 5.0}, SHOP: {RATE: 5.0}}, {SHOP: {RATE: 5.0}}),
    ],
    ids=["by the default", "by the user"],
)
def test_what_applies_alike_is_no_difference(here: ClientQuotas, there: ClientQuotas) -> None:
    assert compared(here, there) == ([], [])


@pytest.mark.parametrize(
    "entity", [SHOP, of(user="shop", client="till"), EVERY_USER, EVERYBODY, of(client="till"), of(ip=None)], ids=str
)
def test_less_for_the_applications_stands_in_the_way_and_a_failover_is_warned(entity: QuotaEntity) -> None:
    facts = having({}, {entity: {RATE: 1.0}})
    for found in (inequalities(facts), failover_warnings(facts)):
        assert [str(entity) in each.detail for each in found if each.rule is Rule.QUOTA_DIFFERS] == [True]
    assert Rule.QUOTA_DIFFERS not in {each.rule for each in differences(facts)}


@pytest.mark.parametrize("entity", [MIRROR, of(user="bank")], ids=str)
def test_less_for_others_only_costs_something(entity: QuotaEntity) -> None:
    facts = having({}, {entity: {RATE: 1.0}})
    assert [each.rule for each in differences(facts)] == [Rule.QUOTA_DIFFERS]
    assert list(inequalities(facts)) == []


def test_where_everybody_may_work_everybody_is_an_application() -> None:
    everybody = seen(RULES | {rule("User:*", "READ", "TOPIC", "orders")})
    facts = having({}, {of(user="bank"): {RATE: 1.0}})
    facts = replace(facts, source=replace(facts.source, rules=everybody), target=replace(facts.target, rules=everybody))
    assert [each.rule for each in inequalities(facts)] == [Rule.QUOTA_DIFFERS]


@pytest.mark.parametrize(("change", "name"), [(source, "north"), (target, "south")], ids=["source", "target"])
def test_a_site_that_does_not_tell_is_named_and_nothing_is_compared(change: "object", name: str) -> None:
    assert callable(change)
    facts = change(quotas=not_seen("no answer"))(having({SHOP: {RATE: 1.0}}, {SHOP: {RATE: 1.0}}))
    assert list(inequalities(facts)) == []
    assert f"client quotas at {name}" in {each.what for each in unseen(facts)}
    assert [each.detail for each in uncompared(facts)] == [f"not compared: client quotas at {name}: no answer"]
