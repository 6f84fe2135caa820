"""Rules about delegation tokens and users: which count, for whom, and what only stands at one site."""

import pytest

from drctl.decide.equality import differences, failover_warnings, inequalities, uncompared
from drctl.decide.rules import Rule
from drctl.model.access import AclRule
from tests.unit.decide.good_facts import GOOD, Change, rule, seen, source, target
from tests.unit.decide.good_facts import unseen as not_seen

MAKES = rule("User:shop", "CREATE_TOKENS", "USER", "User:pump")
DESCRIBES = rule("User:shop", "DESCRIBE", "DELEGATION_TOKEN", "*")
ONE = rule("User:shop", "DESCRIBE", "DELEGATION_TOKEN", "Vm9vZGVsaWpr")


def denied(each: AclRule) -> AclRule:
    return each._replace(allow=False)


def here(*rules: AclRule) -> Change:
    return source(token_rules=seen(frozenset(rules)))


def there(*rules: AclRule) -> Change:
    return target(token_rules=seen(frozenset(rules)))


@pytest.mark.parametrize(
    ("change", "rule_", "detail"),
    [
        (here(MAKES), Rule.RIGHT_MISSING, "south: User:shop lacks: ALLOW User:shop CREATE_TOKENS on user User:pump"),
        (here(DESCRIBES), Rule.RIGHT_MISSING, "on delegation_token *"),
        (here(MAKES._replace(principal="User:*")), Rule.RIGHT_MISSING, "User:* CREATE_TOKENS"),
        (there(denied(MAKES)), Rule.RIGHT_DENIED, "is denied: DENY User:shop CREATE_TOKENS on user User:pump"),
    ],
)
def test_what_an_application_lacks_or_is_denied_at_the_target_stands_in_the_way(
    change: Change, rule_: Rule, detail: str
) -> None:
    (found,) = inequalities(change(GOOD))
    assert (found.rule, found.fix) == (rule_, None)
    assert detail in found.detail
    assert found.remedy


@pytest.mark.parametrize(
    "change",
    [
        here(ONE),
        there(denied(ONE)),
        here(MAKES._replace(principal="User:stranger")),
        here(MAKES._replace(principal="User:mm2")),
        there(MAKES),
        lambda facts: there(MAKES._replace(operation="ALL", name="*"))(here(MAKES)(facts)),
        here(denied(MAKES)),
    ],
    ids=["one token", "one token denied", "stranger", "replication", "more", "wider", "denied at the source"],
)
def test_tokens_of_one_site_strangers_and_what_says_as_much_do_not(change: Change) -> None:
    assert list(inequalities(change(GOOD))) == []


def test_what_the_source_denies_and_the_target_does_not_only_costs_something() -> None:
    (found,) = differences(here(denied(MAKES))(GOOD))
    assert found.rule is Rule.RIGHT_WIDER
    assert "does not have: DENY User:shop CREATE_TOKENS" in found.detail


def test_a_failover_is_warned_of_them() -> None:
    assert Rule.RIGHT_MISSING in {each.rule for each in failover_warnings(here(MAKES)(GOOD))}


@pytest.mark.parametrize("unread", [source, target])
def test_rules_that_nobody_tells_are_named_block_nothing_and_are_never_equal(unread: type) -> None:
    facts = unread(token_rules=not_seen())(here(MAKES)(GOOD) if unread is target else GOOD)
    assert list(inequalities(facts)) == []
    assert list(differences(facts)) == []
    (named,) = uncompared(facts)
    assert "not compared: rules about delegation tokens and users at" in named.detail
