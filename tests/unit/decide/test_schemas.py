"""Schemas of two registries: whether records that were copied can be read at the target."""

from dataclasses import replace

import pytest

from drctl.decide.equality import failover_warnings, inequalities, unseen
from drctl.decide.overrides import why_not
from drctl.decide.rules import Rule
from drctl.decide.schemas import schema_inequalities
from drctl.model.facts import Facts
from drctl.model.schemas import RegisteredSchema, Schemas, SubjectVersion
from tests.unit.decide.good_facts import GOOD, seen, source, target
from tests.unit.decide.good_facts import unseen as not_seen

ONE, TWO = SubjectVersion("orders-value", 1), SubjectVersion("orders-value", 2)
A, B = RegisteredSchema(7, "a"), RegisteredSchema(8, "b")


def having(here: Schemas, there: Schemas) -> Facts:
    return target(schemas=seen(there))(source(schemas=seen(here))(GOOD))


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        ({}, {}, []),
        ({ONE: A}, {ONE: A}, []),
        ({ONE: A}, {ONE: A, TWO: B}, []),
        ({ONE: A, TWO: B}, {ONE: A}, ["lacks 1 version: orders-value 2"]),
        ({ONE: A}, {ONE: RegisteredSchema(9, "a")}, ["has another id for 1 version: orders-value 1"]),
        ({ONE: A}, {ONE: RegisteredSchema(7, "b")}, ["has another schema under the id of 1 version: orders-value 1"]),
        (
            {ONE: A},
            {SubjectVersion("bills-value", 1): RegisteredSchema(7, "c")},
            ["has another schema under the id of 1 version: orders-value 1"],
        ),
        ({ONE: A}, {SubjectVersion("bills-value", 1): A}, ["lacks 1 version: orders-value 1"]),
        (
            {ONE: A, TWO: B},
            {ONE: RegisteredSchema(7, "c")},
            ["has another schema under the id of 1 version: orders-value 1", "lacks 1 version: orders-value 2"],
        ),
        (
            {SubjectVersion("s", number): A for number in range(1, 8)},
            {},
            ["lacks 7 versions: s 1, s 2, s 3, s 4, s 5 and 2 more"],
        ),
    ],
    ids=["none", "equal", "more", "missing", "id", "schema", "taken", "elsewhere", "worst first", "many"],
)
def test_what_clients_would_miss_at_the_target_stands_in_the_way(
    here: Schemas, there: Schemas, told: list[str]
) -> None:
    facts = having(here, there)
    found = [each for each in inequalities(facts) if each.rule is Rule.SCHEMA_DIFFERS]
    assert [each.detail for each in found] == [f"south: its schema registry {each}" for each in told]
    assert all(each.remedy for each in found)
    warned = [each.detail for each in failover_warnings(facts) if each.rule is Rule.SCHEMA_DIFFERS]
    assert warned == [each.detail for each in found]


@pytest.mark.parametrize(("change", "name"), [(source, "north"), (target, "south")], ids=["source", "target"])
def test_a_registry_that_is_silent_is_a_reason_to_wait_and_nothing_is_compared(change: "object", name: str) -> None:
    assert callable(change)
    facts = change(schemas=not_seen("no answer"))(having({ONE: A}, {ONE: B}))
    (found,) = schema_inequalities(facts)
    assert (found.rule, found.detail) == (
        Rule.SCHEMAS_UNKNOWN,
        f"{name}: its schemas could not be read: no answer",
    )


def test_a_failover_from_a_silent_site_is_warned_of_the_targets_silent_registry() -> None:
    facts = having({ONE: A}, {ONE: A})
    facts = source(cluster=not_seen(), schemas=not_seen())(target(schemas=not_seen("no answer"))(facts))
    told = [each.detail for each in failover_warnings(facts) if each.rule is Rule.SCHEMAS_UNKNOWN]
    assert told == ["south: its schemas could not be read: no answer"]


def test_without_registries_nothing_is_told_and_with_one_that_nothing_is_compared() -> None:
    assert "schemas" not in {each.what for each in unseen(GOOD)}
    facts = replace(GOOD, source=replace(GOOD.source, schemas=seen({ONE: A})))
    assert list(schema_inequalities(facts)) == []
    assert dict(unseen(facts))["schemas"] == "the plan file names a schema registry at north only"


@pytest.mark.parametrize("rule", ["schema-differs", "schemas-unknown"])
def test_a_person_may_take_it_upon_themselves(rule: str) -> None:
    assert why_not(rule) == ""
