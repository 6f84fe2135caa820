"""What drctl may not do: each missing right once, with the line that gives it, and none that nobody told of."""

from dataclasses import replace

import pytest

from drctl.decide.overrides import why_not
from drctl.decide.own_rights import own_right_blockers, own_rights_advice
from drctl.decide.rules import Blocker, Rule
from drctl.model.cluster import Cluster
from drctl.model.own_rights import JOURNAL, OFFSETS, OwnRights
from drctl.plans.handover import handover_blockers
from tests.unit.decide.good_facts import (
    GOOD,
    GUARDS,
    NOW,
    OWN,
    RULES,
    changed,
    owned,
    rule,
    seen,
    source,
    target,
    unseen,
)

LINE = "kafka-acls.sh --bootstrap-server localhost:1 --command-config ADMIN.properties --add --allow-principal"


def told(found: list[Blocker]) -> list[str]:
    return [each.detail.partition(": ")[2].partition(":")[0] for each in found]


def missing(rights: OwnRights, *, at_source: bool = False) -> list[Blocker]:
    change = (source if at_source else target)(rights=seen(rights))
    return list(own_right_blockers(change(GOOD)))


@pytest.mark.parametrize("operation", ["DESCRIBE_CONFIGS", "ALTER"])
def test_a_missing_right_to_the_cluster_is_named_at_either_site_with_the_line_that_gives_it(operation: str) -> None:
    for change in (source, target):
        (found,) = own_right_blockers(change(rights=owned(of_cluster=operation))(GOOD))
        option = {"ALTER": "Alter", "DESCRIBE_CONFIGS": "DescribeConfigs"}[operation]
        assert found.remedy == f"{LINE} User:drctl --operation {option} --cluster"


@pytest.mark.parametrize("operation", ["READ", "DESCRIBE_CONFIGS"])
def test_a_missing_right_to_a_topic_of_the_plan_is_named_at_either_site(operation: str) -> None:
    for change, place in ((source, "north"), (target, "south")):
        (found,) = own_right_blockers(change(rights=owned(of_topics=operation))(GOOD))
        assert found.detail.startswith(f"{place}: drctl may not {operation} topic orders: ")
        assert found.remedy.endswith(" --topic orders")


def test_positions_are_read_at_the_source_and_committed_at_the_target() -> None:
    assert list(own_right_blockers(source(rights=owned(of_groups="READ"))(GOOD))) == []
    assert told(list(own_right_blockers(source(rights=owned(of_groups="DESCRIBE"))(GOOD)))) == [
        "drctl may not DESCRIBE group billing"
    ]
    assert told(list(own_right_blockers(target(rights=owned(of_groups="READ"))(GOOD)))) == [
        "drctl may not READ group billing"
    ]


def test_only_the_names_that_lack_it_are_named_and_many_are_one_rule() -> None:
    may, less = frozenset({"READ", "DESCRIBE", "DELETE"}), frozenset({"DESCRIBE"})
    few = replace(OWN, groups={"billing": may, "audit": less, "a b": less})
    (found,) = missing(few)
    assert told([found]) == ["drctl may not READ groups a b, audit"]
    assert found.remedy.endswith("--operation Read --group 'a b' --group audit")
    (found,) = missing(replace(OWN, groups={f"g{n}": less for n in range(4)}))
    assert told([found]) == ["drctl may not READ 4 groups, such as g0"]
    assert found.remedy.endswith("--operation Read --group '*'")


def test_what_may_not_even_be_described_lacks_only_what_would_let_it_be() -> None:
    nothing = OwnRights("User:drctl", frozenset(), {"orders": frozenset()}, {"billing": frozenset()})
    assert told(missing(nothing)) == [
        "drctl may not DESCRIBE the cluster",
        "drctl may not READ topic orders",
        "drctl may not READ group billing",
        "drctl may not ALTER the cluster",
    ]


def test_topics_that_do_not_exist_and_rights_that_are_unknown_are_no_missing_rights() -> None:
    assert missing(replace(OWN, topics={})) == []
    assert list(own_right_blockers(target(rights=unseen())(GOOD))) == []


def test_a_rule_that_denies_it_is_named_where_one_does() -> None:
    denying = rule("User:drctl", "READ", "GROUP", "bill*", allow=False)
    others = rule("User:shop", "READ", "GROUP", "bill*", allow=False)
    facts = target(rights=owned(of_groups="READ"), rules=seen(RULES | {denying}))(GOOD)
    (found,) = own_right_blockers(facts)
    assert found.remedy == "remove the rule at south: DENY User:drctl READ on group bill*"
    (found,) = own_right_blockers(target(rights=owned(of_groups="READ"), rules=seen(RULES | {others}))(GOOD))
    assert found.remedy.startswith("kafka-acls.sh")


def test_a_rule_for_one_host_denies_it_only_there_and_one_for_any_host_is_named_before_it() -> None:
    there = rule("User:drctl", "READ", "GROUP", "*", allow=False, host="10.0.0.9")
    everywhere = rule("User:drctl", "READ", "GROUP", "billing", allow=False)
    (found,) = own_right_blockers(target(rights=owned(of_groups="READ"), rules=seen(RULES | {there}))(GOOD))
    assert found.remedy.startswith(f"if drctl runs at 10.0.0.9, remove the rule at south: {there}; else: kafka-acls.sh")
    both = target(rights=owned(of_groups="READ"), rules=seen(RULES | {there, everywhere}))(GOOD)
    (found,) = own_right_blockers(both)
    assert found.remedy == f"remove the rule at south: {everywhere}"


@pytest.mark.parametrize("kind", ["TOPIC", "GROUP", "CLUSTER"])
def test_a_rule_that_denies_description_is_named_where_nothing_is_told(kind: str) -> None:
    nothing = OwnRights("User:drctl", frozenset(), {"orders": frozenset()}, {"billing": frozenset()})
    denying = rule("User:drctl", "DESCRIBE", kind, "*", allow=False)
    found = list(own_right_blockers(target(rights=seen(nothing), rules=seen(RULES | {denying}))(GOOD)))
    named = [each for each in found if each.remedy == f"remove the rule at south: {denying}"]
    assert named == [each for each in found if kind.lower() in each.detail.partition(": ")[2].partition(":")[0]]
    assert named
    # Where it is told what else is allowed, it is not DESCRIBE that is missing.
    facts = target(rights=owned(of_groups="READ"), rules=seen(RULES | {denying}))(GOOD)
    assert all(each.remedy.startswith("kafka-acls.sh") for each in own_right_blockers(facts))


def test_where_strimzi_owns_the_rules_the_kafka_user_is_to_be_changed() -> None:
    (found,) = own_right_blockers(target(rights=owned(of_groups="READ"), kafka_user="drctl")(GOOD))
    assert found.remedy.startswith("add it to the rules of KafkaUser/drctl, as in: --allow-principal User:drctl")


def test_nobody_is_named_where_only_the_brokers_know_who_drctl_is() -> None:
    cluster = seen(Cluster("south", (), 1, kraft=True))
    rights = seen(replace(OWN, principal="", cluster=frozenset({"DESCRIBE", "DESCRIBE_CONFIGS"})))
    (found,) = own_right_blockers(target(rights=rights, cluster=cluster)(GOOD))
    assert found.remedy == LINE.replace("localhost:1", "BROKER") + " User:DRCTL --operation Alter --cluster"


def test_what_a_switchover_does_not_fail_without_is_advice() -> None:
    assert list(own_rights_advice(GOOD)) == []
    less = seen(
        replace(
            OWN,
            topics={
                "orders": frozenset({"READ", "DESCRIBE"}),
                JOURNAL: frozenset({"READ", "DESCRIBE"}),
                OFFSETS: frozenset(),
            },
            groups={"billing": frozenset({"DESCRIBE"})},
        )
    )
    assert told(list(own_rights_advice(source(rights=less)(GOOD)))) == [
        "drctl may not READ group billing",
        f"drctl may not READ topic {OFFSETS}",
        "drctl may not ALTER_CONFIGS topic orders",
        f"drctl may not WRITE topic {JOURNAL}",
    ]
    assert told(list(own_rights_advice(target(rights=less)(GOOD)))) == [
        "drctl may not ALTER_CONFIGS topic orders",
        f"drctl may not WRITE topic {JOURNAL}",
        "drctl may not DELETE group billing",
    ]


def test_a_handover_of_groups_alone_needs_no_right_to_fence() -> None:
    facts = target(rights=owned(of_cluster="ALTER"))(GOOD)
    rules = {each.rule for each in handover_blockers(facts, GUARDS, NOW)}
    assert Rule.FENCE_FORBIDDEN not in rules
    facts = changed(target=replace(facts.target, rights=owned(of_groups="READ")))(facts)
    assert Rule.OWN_RIGHT_MISSING in {each.rule for each in handover_blockers(facts, GUARDS, NOW)}


@pytest.mark.parametrize("name", ["own-right-missing", "fence-forbidden"])
def test_no_person_may_take_a_missing_right_upon_themselves(name: str) -> None:
    assert "the brokers would refuse" in why_not(name)
